package interop_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/interop/nodetest"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtx/record"
	"github.com/realtimex/realtimex-go/rtx/transport"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// tape is what a stream handed out up to the value with the number last: each value, and each gap
// without its times.
func tape(t *testing.T, s *rtx.Stream[numbered], last int) (all []string) {
	t.Helper()
	timeout := time.AfterFunc(patience, s.Close)
	defer timeout.Stop()
	for v, g := range s.All() {
		if g != nil {
			all = append(all, fmt.Sprintf("gap on %s: reconnected %t, dropped %d, malformed %d, ended %t", g.Channel, g.Reconnected, g.Dropped, g.Malformed, g.Ended))
			continue
		}
		if all = append(all, fmt.Sprint(v.N)); v.N == last {
			return all
		}
	}
	t.Fatalf("the stream ended before %d: %v, got %q", last, s.Err(), all)
	return nil
}

// A spy sees the secrets of a client's connections before they can be replaced. It is for a client
// whose goroutines have ended.
type spy struct {
	transport.Dialer
	secrets []string
}

func (s *spy) wrap(d transport.Dialer) transport.Dialer {
	s.Dialer = d
	return s
}

func (s *spy) Dial(ctx context.Context, r transport.Resume) (transport.Session, error) {
	session, err := s.Dialer.Dial(ctx, r)
	if err != nil {
		return nil, err
	}
	s.secrets = append(s.secrets, session.Info().SocketID, session.Info().PID)
	return &spySession{session, s}, nil
}

type spySession struct {
	transport.Session
	spy *spy
}

func (s *spySession) Hide(texts ...string) {
	for _, text := range texts {
		if text == "" {
			continue
		}
		s.spy.secrets = append(s.spy.secrets, text)
		if key, sum, ok := strings.Cut(text, ":"); ok {
			s.spy.secrets = append(s.spy.secrets, key, sum)
		}
	}
	s.Session.Hide(texts...)
}

// A session on the real socket.io server, cut and recovered, and lost for good, gives the same
// values and gaps when its recording is replayed: at once over pipes, and with its own times in a
// bubble. No secret that went in is in the file.
func TestRecordingReplaysTheSame(t *testing.T) {
	srv := startServer(t, nodetest.Recovery(time.Minute))
	proxy := nodetest.StartProxy(t, srv.Addr())
	path := filepath.Join(t.TempDir(), "session.jsonl")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	recorder, err := record.New(file)
	if err != nil {
		t.Fatal(err)
	}

	spy := new(spy)
	c := dial(t, proxy.URL(), srv.Key(), quick(), signing(t, srv, auth.Member{}), rtx.WithDialerWrapper(spy.wrap), rtx.WithDialerWrapper(recorder.Dialer))
	private := readyOn[numbered](t, c.Channel("private-orders"), "n", rtx.WithOverflow(rtx.Grow(1<<20)))
	public := readyOn[numbered](t, c.Channel("orders"), "n", rtx.WithOverflow(rtx.Grow(1<<20)))
	states := c.States(t.Context())
	back := func(recovered bool) {
		t.Helper()
		for st := range states.C {
			if st.State == rtx.StateConnected && st.Recovered == recovered {
				break
			}
		}
		for _, s := range []*rtx.Stream[numbered]{private, public} {
			if err := s.Ready(within(t)); err != nil {
				t.Fatal(err)
			}
		}
	}
	publish := func(from, to int) {
		for n := from; n <= to; n++ {
			srv.Publish("private-orders", "n", numbered{n})
			srv.Publish("orders", "n", numbered{n})
		}
	}
	<-states.C // connected, as when the streams were made
	publish(1, 5)
	proxy.Cut()
	publish(6, 10)
	back(true)
	publish(11, 12)
	srv.Disconnect("", nodetest.DisconnectClose)
	back(false)
	publish(13, 15)
	srv.Disconnect("", nodetest.TCPClose)
	back(true)
	publish(16, 17)
	want := [][]string{tape(t, private, 17), tape(t, public, 17)}
	c.Close()
	secrets := append(spy.secrets, srv.Key(), srv.Secret())
	if len(secrets) < 15 { // four connections with their ids, and the signatures and their parts
		t.Errorf("secrets that went in: %d", len(secrets))
	}
	if err := recorder.Close(); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(strings.Join(want[0], "\n"), "gap"); n != 1 || len(want[0]) != 18 {
		t.Fatalf("the session itself: %q", want)
	}

	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	checkRecording(t, text, secrets)
	replayed := func(t *testing.T, opts ...rtxtest.Option) {
		server := rtxtest.Replay(t, path, opts...)
		defer server.Close()
		c, err := rtx.New("another-key", rtx.WithURL(server.URL()), rtx.WithHTTPClient(server.HTTPClient()), quick(),
			rtx.WithAuth(auth.Endpoint(server.AuthEndpoint(), auth.WithHTTPClient(server.HTTPClient()))))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		private := rtx.On[numbered](t.Context(), c.Channel("private-orders"), "n", rtx.WithOverflow(rtx.Grow(1<<20)))
		public := rtx.On[numbered](t.Context(), c.Channel("orders"), "n", rtx.WithOverflow(rtx.Grow(1<<20)))
		if err := c.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		server.WaitReplayed()
		if got := [][]string{tape(t, private, 17), tape(t, public, 17)}; !slices.EqualFunc(got, want, slices.Equal) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
	t.Run("at once", func(t *testing.T) { replayed(t) })
	t.Run("in a bubble, with its times", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			replayed(t, rtxtest.WithReplaySpeed(1), rtxtest.WithWait(time.Hour))
			time.Sleep(time.Minute) // for the timers of what was closed
		})
	})
	t.Run("in a bubble, at once", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			replayed(t)
			time.Sleep(time.Minute)
		})
	})
}

// checkRecording checks that each line is an entry, that none shows a secret, and what the
// connections were.
func checkRecording(t *testing.T, text []byte, secrets []string) {
	t.Helper()
	r, err := record.NewReader(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	var ends []string
	for {
		e, err := r.Next()
		if err != nil {
			break
		}
		switch e.Kind {
		case record.KindConnected:
			ends = append(ends, fmt.Sprintf("recovered %t", e.Recovered))
		case record.KindEnded:
			ends = append(ends, string(e.How))
		case record.KindSent:
			var args []json.RawMessage
			if json.Unmarshal(e.Data, &args) != nil {
				t.Errorf("sent: %s", cmp.Or(string(e.Data), e.Text))
			}
		}
	}
	ends = slices.DeleteFunc(ends, func(s string) bool { return s == "reset" || s == "fin" })
	if want := []string{"recovered false", "recovered true", "disconnect", "recovered false", "recovered true", "program"}; !slices.Equal(ends, want) {
		t.Errorf("got %q, want %q", ends, want)
	}
	for _, secret := range secrets {
		if secret == "" || bytes.Contains(text, []byte(secret)) {
			t.Errorf("the secret %q is in the recording", secret)
		}
	}
	if !bytes.Contains(text, []byte(`"auth":"secret-`)) || bytes.Count(text, []byte(`"socket-1"`)) < 2 {
		t.Error("the stand-ins are missing")
	}
}
