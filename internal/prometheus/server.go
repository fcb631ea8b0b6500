package prometheus

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// A Config says what a [Server] does.
type Config struct {
	Targets  map[string]string // the address of each job, whose path is /metrics
	Rules    string            // the path of a file of rules; "" for none
	Interval time.Duration     // between scrapes, and between evaluations of rules
	Dir      string            // a folder for its files, which the caller removes
}

// file is the configuration as Prometheus reads it.
func (c Config) file() (string, error) {
	var b strings.Builder
	every := fmt.Sprintf("%dms", c.Interval.Milliseconds())
	fmt.Fprintf(&b, "global: {scrape_interval: %s, scrape_timeout: %s, evaluation_interval: %s}\n", every, every, every)
	if c.Rules != "" {
		rules, err := filepath.Abs(c.Rules)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "rule_files: [%q]\n", rules)
	}
	b.WriteString("scrape_configs:\n")
	for job, address := range c.Targets {
		fmt.Fprintf(&b, "  - {job_name: %q, static_configs: [{targets: [%q]}]}\n", job, address)
	}
	return b.String(), nil
}

// A Server is a Prometheus in a process of its own, on a free port of 127.0.0.1. Its methods may be
// called concurrently.
type Server struct {
	URL string

	cmd    *exec.Cmd
	stdin  io.Closer
	logged chan struct{} // closed once its log has ended
}

const (
	// startTimeout bounds the start. It is far above what a loaded machine needs.
	startTimeout = 30 * time.Second
	// script ends Prometheus with the standard input, and so with whoever started it. It ends itself
	// when Prometheus does.
	script = `"$0" "$@" & pid=$!
		exec 3<&0
		{ cat <&3; kill -9 $pid; } >/dev/null 2>&1 & watch=$!
		wait $pid; kill $watch`
)

var listening = regexp.MustCompile(`msg="Listening on" address=(\S+)`)

// Start starts the Prometheus at path and waits until it answers. The caller closes it. The error
// has the end of what it logged.
func Start(ctx context.Context, path string, cfg Config) (*Server, error) {
	text, err := cfg.file()
	if err != nil {
		return nil, err
	}
	file := filepath.Join(cfg.Dir, "prometheus.yml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, err
	}
	s := &Server{logged: make(chan struct{})}
	s.cmd = exec.Command("sh", "-c", script, path, "--config.file="+file, "--storage.tsdb.path="+filepath.Join(cfg.Dir, "data"),
		"--web.listen-address=127.0.0.1:0")
	if s.stdin, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	address, last := make(chan string, 1), ""
	go func() {
		defer close(s.logged)
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			last = lines.Text()
			if found := listening.FindStringSubmatch(last); found != nil {
				address <- found[1]
			}
		}
		_, _ = io.Copy(io.Discard, stderr) // what followed a line that is too long
	}()
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	select {
	case a := <-address:
		s.URL = "http://" + a
		err = s.ready(ctx)
	case <-s.logged:
		err = fmt.Errorf("it ended: %s", last)
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("prometheus: %w", err)
	}
	return s, nil
}

// Close ends Prometheus and waits for it.
func (s *Server) Close() {
	_ = s.stdin.Close()
	<-s.logged
	_ = s.cmd.Wait() // it was killed
}

// ready waits until it answers queries.
func (s *Server) ready(ctx context.Context) error {
	for {
		if _, err := s.get(ctx, "/-/ready", nil); err == nil || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}
