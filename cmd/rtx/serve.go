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
	"github.com/realtimex/realtimex-go/internal/testserver"
)

func serveCommand(console *console) *cobra.Command {
	s := &serve{console: console}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run a RealtimeX server on this machine",
		Long: `serve runs a RealtimeX server on this machine, for development. Any RealtimeX client
can use it: public, private and presence channels, and client events. The server keeps
nothing when it ends.

It also has an HTTP API, which takes JSON (with Content-Type: application/json):
  POST /dev/trigger    publishes {"channel","event","data"}
  POST /dev/auth       is an auth endpoint that allows everybody
  POST /dev/disconnect ends all connections, or that of {"socket_id"}
  GET  /dev/stats      shows what has happened
  GET  /dev/channels   shows which channels have subscribers

The default secret is public, so with it the HTTP API needs no token. With a secret of
your own, the API needs a token made from it, as ?token= or as the bearer token. The URL
of the auth endpoint that serve prints has the token. rtx trigger --dev makes it from
RTX_SECRET.

Web pages may use the server if they come from it or from an --origin. Otherwise any
page that you visit could publish and sign here. Clients must use an address or a name
of this machine. Give --host for any other name of the server.

With --ui it also serves a console on an address of its own: a page that shows events,
connections, channels and members as they change, publishes, and makes the server fail; and
an API under /api/v1 for tests in any language. The URL that serve prints has a token, which
is made anew each time, or is that of RTX_UI_TOKEN. Only this machine reaches the console,
unless --remote is given.

With --json the only line on standard output is {"time","url","auth_endpoint"}, and with
--ui also "ui", "api" and "token". Events on the server are shown on standard error, unless
--quiet is given.`,
		Example: `  rtx serve
  rtx serve --ui --recovery 2m
  rtx serve --origin http://localhost:5173 --addr 127.0.0.1:6001
  rtx serve --addr 127.0.0.1:6001 --key app-key --secret app-secret
  RTX_KEY=my-key RTX_SECRET=my-secret rtx serve --for 2s --addr 127.0.0.1:6001
  rtx serve --replay session.jsonl --addr 127.0.0.1:6001`,
		Args:              between(0),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := s.conn.resolve(cmd); err != nil {
				return err
			}
			if cmd.Flags().Changed("for") && s.duration <= 0 {
				return usage("--for must be more than 0")
			}
			if cmd.Flags().Changed("recovery") && s.recovery <= 0 {
				return usage("--recovery must be more than 0")
			}
			return s.run(cmd.Context())
		},
	}
	cmd.Flags().StringVar(&s.addr, "addr", "127.0.0.1:6001", "the `address` to listen on; port 0 is any free one")
	cmd.Flags().StringVar(&s.conn.key, "key", "", "the API `key` that clients must have (RTX_KEY) (default "+testserver.DefaultKey+")")
	cmd.Flags().StringVar(&s.conn.secret, "secret", "", "the app's `secret`, to check signatures with (RTX_SECRET) (default "+testserver.DefaultSecret+")")
	cmd.Flags().DurationVar(&s.duration, "for", 0, "end after that time, such as 10s")
	cmd.Flags().StringArrayVar(&s.origins, "origin", nil, "an `origin` whose web pages may use the server, such as http://localhost:5173, or * for all; may be given several times")
	cmd.Flags().StringArrayVar(&s.hosts, "host", nil, "another `name` by which clients reach the server; may be given several times")
	cmd.Flags().DurationVar(&s.recovery, "recovery", 0, "how long a lost connection can be taken up again, such as 2m (default never)")
	s.ui.flags(cmd)
	cmd.Flags().BoolVarP(&s.quiet, "quiet", "q", false, "print nothing but what --json does, and failures")
	cmd.Flags().BoolVar(&s.asJSON, "json", false, "one JSON object a line")
	s.replay.flags(cmd)
	return cmd
}

type serve struct {
	replay        servedRecording
	conn          connection
	addr          string
	origins       []string
	hosts         []string
	duration      time.Duration
	recovery      time.Duration
	ui            ui
	quiet, asJSON bool
	console       *console
}

func (s *serve) run(ctx context.Context) error {
	if err := s.ui.check(); err != nil {
		return err
	}
	key, secret := cmp.Or(s.conn.key, testserver.DefaultKey), cmp.Or(s.conn.secret, testserver.DefaultSecret)
	opts := []testserver.Option{
		testserver.WithAddr(s.addr), testserver.WithKey(key), testserver.WithSecret(secret), testserver.WithDev(),
		testserver.WithOrigins(s.origins...), testserver.WithHosts(s.hosts...),
	}
	if s.recovery > 0 {
		opts = append(opts, testserver.WithRecovery(s.recovery))
	}
	opts = append(opts, s.ui.options()...)
	token := devToken(secret)
	if token != "" {
		opts = append(opts, testserver.WithDevToken(token))
	}
	if !s.quiet {
		opts = append(opts, testserver.WithLogger(slog.New(noteHandler{s.console})))
	}
	replay, err := s.replay.options()
	if err != nil {
		return err
	}
	server, err := testserver.Start(append(opts, replay...)...)
	if err != nil {
		return s.explain(err)
	}
	defer server.Close()
	if s.duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.duration)
		defer cancel()
	}
	failed, stop, err := s.ui.serve(ctx, server, secret, s.hosts)
	if err != nil {
		return err
	}
	if err := s.announce(server.URL(), key == testserver.DefaultKey, token); err != nil {
		return errors.Join(err, stop())
	}
	select {
	case <-ctx.Done():
	case <-failed:
	}
	return stop()
}

// announce says where the server is, and what to try. A key or a secret of the user's own is not
// shown; the token, which whoever uses the HTTP face needs, is.
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
		s.ui.add(line)
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
	keyFlag, signs := "", "allows everybody"
	if defaultKey {
		keyFlag = " --key " + testserver.DefaultKey
	}
	if token != "" {
		signs = "lets in whoever has its token"
	}
	lines := []string{
		fmt.Sprintf("serving %s, key %s, secret %s", ws, shown(defaultKey, testserver.DefaultKey), shown(token == "", testserver.DefaultSecret)),
		"try     rtx listen orders --url " + ws + keyFlag,
		"and     rtx trigger orders created '{\"id\":1}' --dev --url " + ws,
		"sign    " + endpoint + " is an auth endpoint that " + signs,
	}
	lines = append(lines, s.ui.lines()...)
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
	if strings.HasPrefix(text, "--") {
		return usage("%s", text)
	}
	if said := explainListen(s.addr, err); said != nil {
		return said
	}
	return usage("%s", s.conn.explain(err))
}

// explainListen says why an address can't be listened on, and what to do; nil if that is not the
// error.
func explainListen(addr string, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%s is in use: choose another address with --addr, or end what listens there", addr)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%s can't be listened on: it takes rights that you have not; choose a port above 1023 with --addr", addr)
	}
	if e, ok := errors.AsType[*net.OpError](err); ok {
		return usage("--addr: can't listen on %s: %s", addr, advice.Bare(e.Err))
	}
	return nil
}
