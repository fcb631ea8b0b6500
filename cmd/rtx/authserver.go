package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/realtimex/realtimex-go/internal/sioserver"
	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx/auth"
)

func authServerCommand(console *console) *cobra.Command {
	s := &authServer{console: console}
	cmd := &cobra.Command{
		Use:   "auth-server",
		Short: "Sign for private and presence channels, as your backend would",
		Long: `auth-server stands in for the backend that signs for private and presence channels, while
you work on the rest of your app. Clients post to it as to any auth endpoint: JSON or a form,
for one channel or for several at once. Any path will do. It lets everybody in who asks, or
only on the channels that match an --allow.

On a presence channel it believes what the client says of its user: user_data, or the query
?user_id=ann&name=Ann on the URL.

The secret comes from --secret-file or from RTX_SECRET, and never from an argument, which
other users of the machine could read. Without both, key and secret are those of rtx serve.
With a secret of your own, clients need a token made from it, as ?token= or as the bearer
token. The URL that auth-server prints has it.

It can be reached from this machine only, unless --remote is given. Web pages may use it if
they come from an --origin, and clients must use an address or a name of this machine, or a
--host.

Each decision is shown on standard error, unless --quiet is given. With --json standard
output has a line {"time","auth_endpoint"}, and then one line for each decision:
{"time","verdict","status","channel","user_id","reason"}.`,
		Example: `  rtx auth-server
  rtx auth-server --allow 'private-orders*' --allow presence-lobby
  rtx auth-server --origin http://localhost:5173 --addr 127.0.0.1:6002 --json
  RTX_KEY=my-key RTX_SECRET=my-secret rtx auth-server --for 2s --addr 127.0.0.1:6002`,
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
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		if e, ok := errors.AsType[*pflag.NotExistError](err); ok && strings.HasPrefix(e.GetSpecifiedName(), "secret") {
			return usage("the secret is no argument here: set RTX_SECRET, or give --secret-file")
		}
		return flagError(err)
	})
	cmd.Flags().StringVar(&s.addr, "addr", "127.0.0.1:6002", "the `address` to listen on; port 0 is any free one")
	cmd.Flags().StringVar(&s.conn.key, "key", "", "the API `key` of the app (RTX_KEY) (default "+testserver.DefaultKey+")")
	cmd.Flags().StringVar(&s.secretFile, "secret-file", "", "a `file` with the app's secret (or RTX_SECRET) (default "+testserver.DefaultSecret+", with the default key)")
	cmd.Flags().StringArrayVar(&s.allow, "allow", nil, "the channels to let everybody in on, such as 'private-orders*'; a `pattern` with * ? [a-z]; may be given several times (default all)")
	cmd.Flags().BoolVar(&s.remote, "remote", false, "let other machines ask too, if --addr does")
	cmd.Flags().DurationVar(&s.duration, "for", 0, "end after that time, such as 10s")
	cmd.Flags().StringArrayVar(&s.origins, "origin", nil, "an `origin` whose web pages may use the server, such as http://localhost:5173, or * for all; may be given several times")
	cmd.Flags().StringArrayVar(&s.hosts, "host", nil, "another `name` by which clients reach the server; may be given several times")
	cmd.Flags().BoolVarP(&s.quiet, "quiet", "q", false, "print nothing but what --json does, and failures")
	cmd.Flags().BoolVar(&s.asJSON, "json", false, "one JSON object a line")
	return cmd
}

type authServer struct {
	conn          connection
	secretFile    string
	addr          string
	remote        bool
	allow         []string
	origins       []string
	hosts         []string
	duration      time.Duration
	quiet, asJSON bool
	console       *console

	mu sync.Mutex // orders the lines of decisions
}

func (s *authServer) run(ctx context.Context) error {
	for _, pattern := range s.allow {
		if _, err := path.Match(pattern, ""); err != nil {
			return usage("--allow: %q is no pattern, such as 'private-orders*'", pattern)
		}
	}
	if !s.remote && !onLoopback(s.addr) {
		return usage("--addr: other machines could reach %s, and whoever does gets signatures: give --remote if that is meant", s.addr)
	}
	secret, err := s.secret()
	if err != nil {
		return err
	}
	signer, err := auth.NewSigner(cmp.Or(s.conn.key, testserver.DefaultKey), secret)
	if err != nil {
		return usage("%s", s.conn.explain(err))
	}
	listener, err := net.Listen("tcp", s.addr)
	if err != nil {
		return cmp.Or(explainListen(s.addr, err), err)
	}
	token := devToken(secret)
	handler, err := s.handler(signer, token, listener.Addr().String())
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	if err := s.announce("http://"+listener.Addr().String()+"/auth", token); err != nil {
		return errors.Join(err, listener.Close())
	}
	return s.serve(ctx, listener, handler)
}

// serve answers until the context or the time ends, and then finishes what is under way.
func (s *authServer) serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      10 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
	if s.duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.duration)
		defer cancel()
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace/2)
	defer cancel()
	err := server.Shutdown(patience)
	if errors.Is(err, context.DeadlineExceeded) { // somebody is slow: that is no failure
		err = server.Close()
	}
	<-served
	return err
}

// secret returns the app's secret, from where the command line says.
func (s *authServer) secret() (string, error) {
	switch {
	case s.secretFile != "":
		return readSecret(s.secretFile, s.console)
	case s.conn.secret != "":
		return s.conn.secret, nil
	case s.conn.key == "" || s.conn.key == testserver.DefaultKey:
		return testserver.DefaultSecret, nil
	}
	return "", usage("there is no secret for that key: set RTX_SECRET, or give --secret-file")
}

// handler returns what answers: who may ask, then who may join.
func (s *authServer) handler(signer *auth.Signer, token, addr string) (http.Handler, error) {
	var gate sioserver.Gate
	gate.Listens(addr)
	for _, name := range s.hosts {
		if err := gate.AllowHost(name); err != nil {
			return nil, usage("--host: %v", err)
		}
	}
	opts := []auth.HandlerOption{
		auth.WithAudit(func(_ *http.Request, a auth.Audit) { s.tell(a) }),
		auth.WithLogger(slog.New(slog.DiscardHandler)), // the audit has it all
	}
	for _, origin := range s.origins {
		if err := gate.AllowOrigin(origin); err != nil {
			return nil, usage("--origin: %v", err)
		}
		if origin != "*" { // for forms; the gate does the rest
			opts = append(opts, auth.WithAllowedOrigins(origin))
		}
	}
	signs := auth.Handler(signer, s.decide, opts...)
	asked := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if hasToken(r, token) {
			signs.ServeHTTP(w, r)
			return
		}
		w.Header().Set("WWW-Authenticate", "Bearer")
		s.refuse(w, auth.VerdictUnauthenticated, http.StatusUnauthorized, "the token is missing or wrong: ?token=TOKEN, or Authorization: Bearer TOKEN")
	})
	gated := gate.Wrap(asked, func(w http.ResponseWriter, why string) {
		s.refuse(w, auth.VerdictCrossOrigin, http.StatusForbidden, why)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A page may send the cookies that its real backend wants.
		if slices.ContainsFunc(s.origins, func(o string) bool { return strings.EqualFold(o, r.Header.Get("Origin")) }) {
			w.Header().Set("Access-Control-Allow-Credentials", "true")
		}
		gated.ServeHTTP(w, r)
	}), nil
}

// refuse answers somebody who may not ask.
func (s *authServer) refuse(w http.ResponseWriter, verdict auth.Verdict, status int, why string) {
	s.tell(auth.Audit{Verdict: verdict, Status: status, Reason: why})
	body, err := json.Marshal(map[string]string{"error": why})
	if err != nil {
		panic(err) // a map of strings marshals
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// decide is who may join.
func (s *authServer) decide(r *http.Request, asked auth.Request) (auth.Decision, error) {
	d := auth.Decision{Allow: len(s.allow) == 0, Member: claimed(r, asked)}
	d.Allow = d.Allow || slices.ContainsFunc(s.allow, func(pattern string) bool {
		matches, _ := path.Match(pattern, asked.Channel) // its form was checked
		return matches
	})
	if !d.Allow {
		d.Reason = "no --allow matches"
	}
	return d, nil
}

// claimed is who the client says its user is: by the user data, or by the URL. Whoever says nothing
// gets a name on presence channels that is the same for one connection.
func claimed(r *http.Request, asked auth.Request) auth.Member {
	var user struct {
		ID   any             `json:"user_id"`
		Info json.RawMessage `json:"user_info"`
	}
	data := json.NewDecoder(strings.NewReader(string(asked.UserData)))
	data.UseNumber()
	member := auth.Member{ID: r.URL.Query().Get("user_id")}
	if name := r.URL.Query().Get("name"); name != "" {
		member.Info = map[string]string{"name": name}
	}
	if data.Decode(&user) == nil && user.ID != nil {
		member = auth.Member{ID: fmt.Sprint(user.ID)}
		if len(user.Info) > 0 {
			member.Info = user.Info
		}
	}
	if member.ID == "" && asked.Presence() {
		sum := sha256.Sum256([]byte(asked.SocketID))
		member.ID = "user-" + hex.EncodeToString(sum[:3])
	}
	return member
}

// announce says where the server is, and what to try.
func (s *authServer) announce(endpoint, token string) error {
	shown := endpoint
	if token != "" {
		shown += "?token=" + token
	} else if outside(strings.TrimSuffix(endpoint, "/auth")) {
		s.console.Note("whoever reaches this address can sign, without a password: give a secret of your own")
	}
	switch {
	case s.asJSON:
		line := newJSONLine()
		line.begin(time.Now())
		line.add("auth_endpoint", shown)
		return errors.Join(s.console.Print(line.end()), s.console.Flush())
	case s.quiet:
		return nil
	}
	key, keyFlag := "as given", ""
	if s.conn.key == "" || s.conn.key == testserver.DefaultKey {
		key, keyFlag = testserver.DefaultKey, " --key "+testserver.DefaultKey
	}
	who := "everybody on every channel"
	if len(s.allow) > 0 {
		who = "everybody on " + strings.Join(s.allow, ", ")
	}
	for _, line := range []string{
		fmt.Sprintf("signing at %s, key %s, for %s", shown, key, printable(who)),
		fmt.Sprintf("try     rtx listen private-orders --auth-endpoint %s%s --url ws://127.0.0.1:6001", shown, keyFlag),
	} {
		if err := s.console.Print([]byte(line)); err != nil {
			return err
		}
	}
	return s.console.Flush()
}

// tell shows a decision.
func (s *authServer) tell(a auth.Audit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if s.asJSON {
		line := newJSONLine()
		line.begin(now)
		line.add("verdict", a.Verdict)
		line.add("status", a.Status)
		for _, field := range []struct{ name, value string }{{"channel", a.Channel}, {"user_id", a.User}, {"reason", a.Reason}} {
			if field.value != "" {
				line.add(field.name, field.value)
			}
		}
		_ = errors.Join(s.console.Print(line.end()), s.console.Flush()) // if nobody reads, it goes on signing
		return
	}
	if s.quiet {
		return
	}
	text := []string{now.Format(clock), a.Verdict.String()}
	for _, field := range []struct{ name, value string }{{"", a.Channel}, {"user ", a.User}, {"", a.Reason}} {
		if field.value != "" {
			text = append(text, field.name+field.value)
		}
	}
	s.console.Note(strings.Join(text, "  "))
}

// onLoopback reports whether only this machine can reach an address to listen on.
func onLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return true // it can't be listened on: that is said then
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
