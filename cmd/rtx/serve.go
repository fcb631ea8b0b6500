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

	"github.com/realtimex/realtimex-go/internal/advice"
	"github.com/realtimex/realtimex-go/rtxtest"
)

func serveCommand(console *console) *cobra.Command {
	s := &serve{console: console}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run a RealtimeX server on this machine",
		Long: `serve runs a RealtimeX server for local work, for any RealtimeX client: public,
private and presence channels, client events. It forgets everything when it ends.

Its HTTP face takes JSON (and the header Content-Type: application/json):
  POST /dev/trigger    {"channel","event","data"} publishes
  POST /dev/auth       an auth endpoint that lets everybody in
  POST /dev/disconnect ends all connections, or that of {"socket_id"}
  GET  /dev/stats      what has happened

With the default secret, which everybody knows, it asks for no password. With a secret
of your own it asks for a token made of it, as ?token= or as the bearer: the URL of the
auth endpoint that is printed has it, and rtx trigger --dev makes it of RTX_SECRET.

Web pages may use the server if they come from it, or from an --origin: else any page
that you happen to visit could publish and sign here. Clients reach it by an address
or name of this machine; for another name that leads to it give --host.

With --json the one line on standard output is {"time","url","auth_endpoint"}; what
happens is told on standard error. With --quiet nothing is.`,
		Example: `  rtx serve
  rtx serve --origin http://localhost:5173 --addr 127.0.0.1:6001
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
	cmd.Flags().StringArrayVar(&s.origins, "origin", nil, "an `origin` whose web pages may use the server, such as http://localhost:5173, or *; may be given several times")
	cmd.Flags().StringArrayVar(&s.hosts, "host", nil, "another `name` by which clients reach the server; may be given several times")
	cmd.Flags().BoolVarP(&s.quiet, "quiet", "q", false, "print nothing but what --json does, and failures")
	cmd.Flags().BoolVar(&s.asJSON, "json", false, "one JSON object a line")
	return cmd
}

type serve struct {
	conn          connection
	addr          string
	origins       []string
	hosts         []string
	duration      time.Duration
	quiet, asJSON bool
	console       *console
}

func (s *serve) run(ctx context.Context) error {
	key, secret := cmp.Or(s.conn.key, rtxtest.DefaultKey), cmp.Or(s.conn.secret, rtxtest.DefaultSecret)
	opts := []rtxtest.Option{
		rtxtest.WithAddr(s.addr), rtxtest.WithKey(key), rtxtest.WithSecret(secret), rtxtest.WithDev(),
		rtxtest.WithOrigins(s.origins...), rtxtest.WithHosts(s.hosts...),
	}
	token := devToken(secret)
	if token != "" {
		opts = append(opts, rtxtest.WithDevToken(token))
	}
	if !s.quiet {
		opts = append(opts, rtxtest.WithLogger(slog.New(noteHandler{s.console})))
	}
	server, err := rtxtest.Start(opts...)
	if err != nil {
		return s.explain(err)
	}
	defer server.Close()
	if err := s.announce(server.URL(), key == rtxtest.DefaultKey, token); err != nil {
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

// announce says where the server is, and what to try. A key or a secret of the user's own is not shown; the token, which whoever
// uses the HTTP face needs, is.
func (s *serve) announce(url string, defaultKey bool, token string) error {
	ws, endpoint := "ws"+strings.TrimPrefix(url, "http"), url+"/dev/auth"
	if token != "" {
		endpoint += "?token=" + token
	} else if outside(url) {
		s.console.Note("whoever reaches this address can publish and sign, without a password: give a --secret of your own")
	}
	switch {
	case s.asJSON:
		line := newJSONLine()
		line.begin(time.Now())
		line.add("url", ws)
		line.add("auth_endpoint", endpoint)
		return errors.Join(s.console.Print(line.end()), s.console.Flush())
	case s.quiet:
		return nil
	}
	shown := func(isDefault bool, value string) string {
		if isDefault {
			return value
		}
		return "as given"
	}
	keyFlag, signs := "", "lets everybody in"
	if defaultKey {
		keyFlag = " --key " + rtxtest.DefaultKey
	}
	if token != "" {
		signs = "lets in whoever has its token"
	}
	lines := []string{
		fmt.Sprintf("serving %s, key %s, secret %s", ws, shown(defaultKey, rtxtest.DefaultKey), shown(token == "", rtxtest.DefaultSecret)),
		"try     rtx listen orders --url " + ws + keyFlag,
		"and     rtx trigger orders created '{\"id\":1}' --dev --url " + ws,
		"sign    " + endpoint + " is an auth endpoint that " + signs,
	}
	for _, line := range lines {
		if err := s.console.Print([]byte(line)); err != nil {
			return err
		}
	}
	return s.console.Flush()
}

// outside reports whether other machines may reach a URL with an address in it.
func outside(url string) bool {
	host, _, err := net.SplitHostPort(strings.TrimPrefix(url, "http://"))
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return ip != nil && !ip.IsLoopback()
}

func (s *serve) explain(err error) error {
	text := strings.NewReplacer("WithOrigins: ", "--origin: ", "WithHosts: ", "--host: ").Replace(advice.Bare(err))
	switch {
	case strings.HasPrefix(text, "--"):
		return usage("%s", text)
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%s is in use: choose another address with --addr, or end what listens there", s.addr)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%s can't be listened on: it takes rights that you have not; choose a port above 1023 with --addr", s.addr)
	}
	if e, ok := errors.AsType[*net.OpError](err); ok {
		return usage("--addr: can't listen on %s: %s", s.addr, advice.Bare(e.Err))
	}
	return usage("%s", s.conn.explain(err))
}
