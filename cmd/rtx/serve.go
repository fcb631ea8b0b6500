package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/realtimex/realtimex-go/rtxtest"
)

func serveCommand(console *console) *cobra.Command {
	s := &serve{console: console}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run a RealtimeX server on this machine",
		Long: `serve runs a RealtimeX server for local work, for any RealtimeX client: public,
private and presence channels, client events. It forgets everything when it ends.

Its HTTP face is for whoever reaches the address, without a password:
  POST /dev/trigger    {"channel","event","data"} publishes
  POST /dev/auth       an auth endpoint that lets everybody in
  POST /dev/disconnect ends all connections, or that of {"socket_id"}
  GET  /dev/stats      what has happened

With --json the one line on standard output is {"time","url","auth_endpoint"}; what
happens is told on standard error.`,
		Example: `  rtx serve
  rtx serve --addr 127.0.0.1:6001 --key app-key --secret app-secret
  RTX_KEY=my-key RTX_SECRET=my-secret rtx serve --for 2s --addr 127.0.0.1:6001`,
		Args:              between(0),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := s.conn.resolve(cmd); err != nil {
				return err
			}
			if cmd.Flags().Changed("for") && s.duration <= 0 {
				return usage("--for must be more than 0")
			}
			return s.run(cmd.Context())
		},
	}
	cmd.Flags().StringVar(&s.addr, "addr", "127.0.0.1:6001", "the `address` to listen on; port 0 is any free one")
	cmd.Flags().StringVar(&s.conn.key, "key", "", "the API `key` that clients must have (RTX_KEY) (default "+rtxtest.DefaultKey+")")
	cmd.Flags().StringVar(&s.conn.secret, "secret", "", "the app's `secret`, which signatures are checked with (RTX_SECRET) (default "+rtxtest.DefaultSecret+")")
	cmd.Flags().DurationVar(&s.duration, "for", 0, "end after that time, such as 10s")
	cmd.Flags().BoolVarP(&s.quiet, "quiet", "q", false, "don't tell what happens")
	cmd.Flags().BoolVar(&s.asJSON, "json", false, "one JSON object a line")
	return cmd
}

type serve struct {
	conn          connection
	addr          string
	duration      time.Duration
	quiet, asJSON bool
	console       *console
}

func (s *serve) run(ctx context.Context) error {
	key, secret := cmp.Or(s.conn.key, rtxtest.DefaultKey), cmp.Or(s.conn.secret, rtxtest.DefaultSecret)
	opts := []rtxtest.Option{rtxtest.WithAddr(s.addr), rtxtest.WithKey(key), rtxtest.WithSecret(secret), rtxtest.WithDev()}
	if !s.quiet {
		opts = append(opts, rtxtest.WithLogger(slog.New(noteHandler{s.console})))
	}
	server, err := rtxtest.Start(opts...)
	if err != nil {
		return s.explain(err)
	}
	defer server.Close()
	if err := s.announce(server.URL(), key == rtxtest.DefaultKey, secret == rtxtest.DefaultSecret); err != nil {
		return err
	}
	var end <-chan time.Time
	if s.duration > 0 {
		end = time.After(s.duration)
	}
	select {
	case <-ctx.Done():
	case <-end:
	}
	return nil
}

// announce says where the server is, and what to try. A key or a secret of the user's own is not shown.
func (s *serve) announce(url string, ownKey, ownSecret bool) error {
	ws := "ws" + strings.TrimPrefix(url, "http")
	if s.asJSON {
		line := newJSONLine()
		line.begin(time.Now())
		line.add("url", ws)
		line.add("auth_endpoint", url+"/dev/auth")
		return errors.Join(s.console.Print(line.end()), s.console.Flush())
	}
	shown := func(isDefault bool, value string) string {
		if isDefault {
			return value
		}
		return "as given"
	}
	keyFlag := " --key " + rtxtest.DefaultKey
	if !ownKey {
		keyFlag = ""
	}
	lines := []string{
		fmt.Sprintf("serving %s, key %s, secret %s", ws, shown(ownKey, rtxtest.DefaultKey), shown(ownSecret, rtxtest.DefaultSecret)),
		"try     rtx listen orders --url " + ws + keyFlag,
		"and     rtx trigger orders created '{\"id\":1}' --dev --url " + ws,
		"sign    " + url + "/dev/auth is an auth endpoint that lets everybody in",
	}
	if host, _, err := net.SplitHostPort(strings.TrimPrefix(url, "http://")); err == nil {
		if ip := net.ParseIP(host); ip != nil && !ip.IsLoopback() {
			s.console.Note("whoever reaches this address can publish and sign, without a password")
		}
	}
	for _, line := range lines {
		if err := s.console.Print([]byte(line)); err != nil {
			return err
		}
	}
	return s.console.Flush()
}

func (s *serve) explain(err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%s is in use: choose another address with --addr, or end what listens there", s.addr)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%s can't be listened on: it takes rights that you have not; choose a port above 1023 with --addr", s.addr)
	}
	if e, ok := errors.AsType[*net.OpError](err); ok {
		return usage("--addr: can't listen on %s: %s", s.addr, bare(e.Err))
	}
	return usage("%s", s.conn.explain(err))
}
