package interop_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/realtimex/realtimex-go/interop/nodetest"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
)

// The table in docs/auth.md says what a user sees who is refused. Its rows are refusals, in
// refused_rows_test.go: each is played on the real server, and what is seen must be what the row
// says; the table is written from the rows.

// A refusal is a row: a cause, and what is seen of it.
type refusal struct {
	cause string

	err   []string // the error: its type and its text; none if there is no error
	state string   // the channel's, the stream's and, if it is not connected, the client's
	log   string   // the level and the message of the client's line; "" if there is none
	audit string   // what the backend's audit says; "" if the backend is not asked, or has none

	todo string

	play func(s *scene) // prepares the scene
}

// A scene is where a refusal is played: the real server, a backend, and a client.
type scene struct {
	*testing.T
	srv     *nodetest.Server
	channel string // to be joined
	key     string // the client's
	opts    []rtx.Option
	secrets []string // besides the service's

	// joined is called once the channel has been joined, before the link is cut. If it is nil, the
	// channel is not joined.
	joined func()
	// heal makes good what made the client ask again.
	heal func()
	// also is a channel that is asked for with the same request and must be joined; "" if there is
	// none.
	also string

	mu      sync.Mutex
	audited []string
}

// The backend's users, by their tokens.
const goodToken, badToken = "the-session-of-ann", "an-expired-session"

// backend is a backend on auth.Handler. Its user is whoever has goodToken; private-orders,
// presence-room and private-user-ann are theirs.
func (s *scene) backend(signer *auth.Signer, opts ...auth.HandlerOption) http.Handler {
	opts = append(opts, auth.WithLogger(slog.New(slog.DiscardHandler)), auth.WithAudit(func(_ *http.Request, a auth.Audit) {
		s.mu.Lock()
		defer s.mu.Unlock()
		text := a.Verdict.String()
		if a.Reason != "" {
			text += ": " + a.Reason
		}
		s.audited = append(s.audited, text)
	}))
	return auth.Handler(signer, func(r *http.Request, asked auth.Request) (auth.Decision, error) {
		if r.Header.Get("Authorization") != "Bearer "+goodToken {
			return auth.Decision{}, auth.ErrUnauthenticated
		}
		d := auth.Decision{Member: auth.Member{ID: "ann"}}
		switch asked.Channel {
		case "private-orders", "presence-room", "private-user-ann":
			d.Allow = true
		case "private-broken":
			return d, errors.New("the database is down")
		default:
			d.Reason = "not a channel of ann's"
		}
		return d, nil
	}, opts...)
}

func (s *scene) signer(key, secret string) *auth.Signer {
	s.Helper()
	signer, err := auth.NewSigner(key, secret)
	if err != nil {
		s.Fatal(err)
	}
	return signer
}

// right is the backend with the key and the secret of the service.
func (s *scene) right() http.Handler { return s.backend(s.signer(s.srv.Key(), s.srv.Secret())) }

// serve serves a backend, and returns its URL.
func (s *scene) serve(h http.Handler) string {
	s.Helper()
	web := httptest.NewServer(h)
	s.Cleanup(web.Close)
	return web.URL
}

// asks has the client ask an endpoint with a token.
func (s *scene) asks(url, token string, opts ...auth.EndpointOption) {
	opts = append(opts, auth.WithHeader(http.Header{"Authorization": {"Bearer " + token}}))
	s.opts = append(s.opts, rtx.WithAuth(auth.Endpoint(url, opts...)))
}

// until answers with first until the scene is healed, and then with next.
func (s *scene) until(first, next http.Handler) http.Handler {
	healed := make(chan struct{})
	s.heal = sync.OnceFunc(func() { close(healed) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-healed:
			next.ServeHTTP(w, r)
		default:
			first.ServeHTTP(w, r)
		}
	})
}

func (s *scene) lastAudit() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.audited) == 0 {
		return ""
	}
	return s.audited[len(s.audited)-1]
}

// A lineLog is a log whose lines can be waited for.
type lineLog struct {
	lines chan string
	inner slog.Handler
}

// newLineLog takes what is worth a Warn.
func newLineLog() *lineLog {
	l := &lineLog{lines: make(chan string, 1000)}
	l.inner = slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelWarn, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})
	return l
}

func (l *lineLog) Write(b []byte) (int, error) {
	l.lines <- string(bytes.TrimSpace(b))
	return len(b), nil
}

// about returns the lines up to the first that is about the channel, with it. Those before it are
// about the client.
func (l *lineLog) about(s *scene) string {
	s.Helper()
	var all []string
	for {
		select {
		case line := <-l.lines:
			all = append(all, line)
			if strings.Contains(line, " channel=") {
				return strings.Join(all, "\n")
			}
		case <-within(s.T).Done():
			s.Fatal("the log has no line about the channel")
		}
	}
}

// TestRefused plays each row.
func TestRefused(t *testing.T) {
	for _, row := range refusals {
		t.Run(plainText(row.cause), func(t *testing.T) {
			t.Parallel()
			s := &scene{T: t, srv: startServer(t), channel: "private-orders"}
			s.key, s.secrets = s.srv.Key(), []string{s.srv.Secret(), goodToken, badToken}
			row.play(s)
			row.check(s)
		})
	}
}

// check connects a client, and compares what its user sees with the row.
func (row refusal) check(s *scene) {
	s.Helper()
	log := newLineLog()
	opts := append([]rtx.Option{rtx.WithURL(s.srv.URL()), rtx.WithLogger(slog.New(log.inner)), quick()}, s.opts...)
	client, err := rtx.New(s.key, opts...)
	if err != nil {
		row.sees(s, err, "there is no client", "")
		return
	}
	defer client.Close()
	if err := client.Connect(within(s.T)); err != nil {
		row.sees(s, err, "client "+client.State().String(), "")
		return
	}
	channel := client.Channel(s.channel)
	var other *rtx.Stream[int]
	if s.also != "" {
		other = rtx.On[int](s.Context(), client.Channel(s.also), "e")
	}
	stream := rtx.On[int](s.Context(), channel, "e")
	if s.joined != nil {
		if err := stream.Ready(within(s.T)); err != nil {
			s.Fatal(err)
		}
		s.joined()
		s.srv.Disconnect("", nodetest.TCPClose)
	}
	if row.err == nil {
		if err := stream.Ready(within(s.T)); err != nil {
			s.Fatal(err)
		}
		if len(log.lines) > 0 {
			s.Errorf("the log has %q", <-log.lines)
		}
		row.sees(s, nil, "channel "+channel.State().String(), "")
		return
	}

	line := ""
	if row.log != "" {
		line = log.about(s)
	}
	state := "channel " + channel.State().String()
	if s.heal == nil {
		for range stream.C { // to its end
		}
		err, state = stream.Err(), "channel "+channel.State().String()+", stream ended"
	} else {
		missing, ok := errors.AsType[*rtx.NotReadyError](stream.Readiness())
		if !ok {
			s.Fatalf("the stream's readiness is %v", stream.Readiness())
		}
		err, state = missing.Last, state+", stream waits"
	}
	row.sees(s, err, state, line)
	if other != nil {
		if err := other.Ready(within(s.T)); err != nil {
			s.Errorf("%s, of the same batch: %v", s.also, err)
		}
	}
	if s.heal != nil { // the client has gone on asking
		s.heal()
		if err := stream.Ready(within(s.T)); err != nil {
			s.Errorf("afterwards: %v", err)
		}
	}
}

var changing = regexp.MustCompile(`\bin=\S+ |127\.0\.0\.1:\d+|0x[0-9a-f]+`)

// sees compares.
func (row refusal) sees(s *scene, err error, state, log string) {
	s.Helper()
	fixed := func(text string) string {
		return changing.ReplaceAllStringFunc(text, func(found string) string {
			switch {
			case strings.HasPrefix(found, "in="):
				return ""
			case found == s.srv.Addr():
				return "SERVICE"
			}
			return "BACKEND"
		})
	}
	var wantErr, shown string
	if row.err != nil {
		wantErr = row.err[0] + ": " + row.err[1]
	}
	inner := err
	if subscribe, ok := errors.AsType[*rtx.SubscribeError](err); ok && subscribe.Err != nil {
		inner = subscribe.Err
	}
	if inner != nil {
		shown = kind(inner) + ": " + fixed(inner.Error())
	}
	if shown != wantErr {
		s.Errorf("the error is\n%s\nwant\n%s", shown, wantErr)
	}
	if state != row.state {
		s.Errorf("the state is %q, want %q", state, row.state)
	}
	var wantLog []string
	for line := range strings.Lines(row.log) {
		level, message, _ := strings.Cut(strings.TrimSpace(line), " ")
		want := fmt.Sprintf("level=%s msg=%q", level, message)
		wantLog = append(wantLog, want)
	}
	if n := len(wantLog); n > 0 {
		wantLog[n-1] += fmt.Sprintf(" channel=%s error=%q", s.channel, fixed(err.Error()))
	}
	if got, want := fixed(log), strings.Join(wantLog, "\n"); got != want {
		s.Errorf("the log has\n%s\nwant\n%s", got, want)
	}
	if got := s.lastAudit(); got != row.audit {
		s.Errorf("the backend's audit says %q, want %q", got, row.audit)
	}
	for _, secret := range s.secrets {
		if strings.Contains(shown+log+s.lastAudit(), secret) {
			s.Errorf("a secret is shown: %q, %q, %q", shown, log, s.lastAudit())
		}
	}
}

// kind is what an error is told by: its type or, if it has none of its own, its name.
func kind(err error) string {
	name := fmt.Sprintf("%T", err)
	switch {
	case errors.Is(err, rtx.ErrAuthRequired):
		name = "rtx.ErrAuthRequired"
	case name == "*errors.errorString":
		name = "your error"
	}
	return name
}

// plainText is a cell without its marks.
func plainText(cell string) string { return strings.ReplaceAll(cell, "`", "") }

var updateFlag = flag.Bool("update", false, "write the table of refusals into docs/auth.md, and the traces in docs/wire")

// TestRefusalsAreDocumented holds docs/auth.md against the rows. It needs no server.
func TestRefusalsAreDocumented(t *testing.T) {
	const file, begin, end = "../docs/auth.md", "<!-- interop:refused -->\n", "<!-- /interop:refused -->\n"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no %s", file, strings.TrimSpace(begin))
	}
	want := before + begin + refusalTable() + end + after
	if want == string(text) {
		return
	}
	if !*updateFlag {
		t.Fatalf("the table in %s differs from the rows: run go test ./interop -run Refusals -update", file)
	}
	if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// refusalTable is the table, as Markdown.
func refusalTable() string {
	var b strings.Builder
	b.WriteString("| cause | error | state | log line | the backend's audit | what to do |\n| --- | --- | --- | --- | --- | --- |\n")
	code := func(text string) string {
		if text == "" {
			return "none"
		}
		var lines []string
		for line := range strings.Lines(text) {
			lines = append(lines, "`"+strings.TrimSpace(line)+"`")
		}
		return strings.Join(lines, "<br>")
	}
	for _, r := range slices.Concat(refusals, inBrowser) {
		fault := "none"
		if r.err != nil {
			fault = "`" + r.err[0] + "`: " + r.err[1]
		}
		cells := []string{r.cause, fault, r.state, code(r.log), code(r.audit), r.todo}
		fmt.Fprintf(&b, "| %s |\n", strings.ReplaceAll(strings.Join(cells, " | "), "||", `\|\|`))
	}
	return b.String()
}

// closedPort returns an address at which nothing listens until it is served.
func closedPort(s *scene) string {
	s.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// serveAt serves a backend at an address from now on.
func (s *scene) serveAt(addr string, h http.Handler) {
	s.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		s.Fatal(err)
	}
	web := &httptest.Server{Listener: l, Config: &http.Server{Handler: h}}
	web.Start()
	s.Cleanup(web.Close)
}

// fixedToken is the token of a client that has no other.
func fixedToken(token string) auth.EndpointOption {
	return auth.WithToken(func(context.Context, bool) (string, error) { return token, nil })
}
