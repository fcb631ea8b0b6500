package interop_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/interop/nodetest"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
)

// patience bounds a test that hangs; no test waits for it.
const patience = time.Minute

type order struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

type numbered struct {
	N int `json:"n"`
}

func startServer(t *testing.T, opts ...nodetest.Option) *nodetest.Server {
	t.Helper()
	nodetest.Skip(t)
	return nodetest.StartServer(t, opts...)
}

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// signing authorises with the server's own secret, on the spot.
func signing(t *testing.T, s *nodetest.Server, as auth.Member) rtx.Option {
	t.Helper()
	signer, err := auth.NewSigner(s.Key(), s.Secret())
	if err != nil {
		t.Fatal(err)
	}
	return rtx.WithAuth(signer.Authorizer(as))
}

func dial(t *testing.T, url, key string, opts ...rtx.Option) *rtx.Client {
	t.Helper()
	c, err := rtx.Dial(within(t), key, append([]rtx.Option{rtx.WithURL(url)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// readyOn opens a stream and waits for its subscription.
func readyOn[T any](t *testing.T, src rtx.Source, event string, opts ...rtx.StreamOption) *rtx.Stream[T] {
	t.Helper()
	s := rtx.On[T](t.Context(), src, event, opts...)
	if err := s.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	return s
}

func next[T any](t *testing.T, s *rtx.Stream[T]) T {
	t.Helper()
	select {
	case v, ok := <-s.C:
		if !ok {
			t.Fatalf("stream ended: %v", s.Err())
		}
		return v
	case <-within(t).Done():
		t.Fatal("no value came")
	}
	panic("unreachable")
}

func TestClientTypedEvents(t *testing.T) {
	srv := startServer(t)
	c := dial(t, srv.URL(), srv.Key())
	s := readyOn[rtx.Message[order]](t, c.Channel("orders"), "order-created")
	srv.Publish("orders", "order-cancelled", order{ID: 0})
	srv.Publish("orders", "order-created", order{1, "žluťoučký kůň 🐎 \u2028 \x00"})
	m := next(t, s)
	if m.Channel != "orders" || m.Event != "order-created" || m.Value != (order{1, "žluťoučký kůň 🐎 \u2028 \x00"}) || m.ReceivedAt.IsZero() {
		t.Fatalf("got %+v", m)
	}
}

func TestClientLargeEvent(t *testing.T) {
	srv := startServer(t)
	c := dial(t, srv.URL(), srv.Key())
	s := readyOn[order](t, c.Channel("orders"), "big")
	name := strings.Repeat("ž", 450_000)
	srv.Publish("orders", "big", order{7, name})
	if got := next(t, s); got.ID != 7 || got.Name != name {
		t.Fatalf("got an event of %d bytes", len(got.Name))
	}
}

func TestClientTenThousandInOrder(t *testing.T) {
	srv := startServer(t)
	c := dial(t, srv.URL(), srv.Key())
	s := readyOn[numbered](t, c.Channel("orders"), "n", rtx.WithOverflow(rtx.Grow(1<<20)))
	srv.Burst("orders", "n", 0, 10_000)
	for i := range 10_000 {
		if v := next(t, s); v.N != i {
			t.Fatalf("event %d has number %d", i, v.N)
		}
	}
	for g := range s.Gaps() {
		t.Errorf("gap without cause: %+v", g)
	}
}

func TestClientEventsBetweenTwoClients(t *testing.T) {
	srv := startServer(t)
	a := dial(t, srv.URL(), srv.Key(), signing(t, srv, auth.Member{}))
	b := dial(t, srv.URL(), srv.Key(), signing(t, srv, auth.Member{}))
	fromA := readyOn[order](t, b.Channel("private-room"), "client-hello")
	own := readyOn[order](t, a.Channel("private-room"), "client-hello")
	if err := a.Channel("private-room").Trigger(within(t), "client-hello", order{3, "é"}); err != nil {
		t.Fatal(err)
	}
	if v := next(t, fromA); v != (order{3, "é"}) {
		t.Fatalf("got %+v", v)
	}
	// The service does not echo: what b sends back is the first thing a sees.
	if err := b.Channel("private-room").Trigger(within(t), "client-hello", order{4, "back"}); err != nil {
		t.Fatal(err)
	}
	if v := next(t, own); v.ID != 4 {
		t.Fatalf("got %+v", v)
	}
	if err := a.Channel("orders").Trigger(within(t), "client-hello", nil); !errors.Is(err, rtx.ErrPublicChannel) {
		t.Errorf("on a public channel: %v", err)
	}
	if err := a.Channel("private-other").Trigger(within(t), "client-hello", nil); !errors.Is(err, rtx.ErrNotSubscribed) {
		t.Errorf("on a channel that is not held: %v", err)
	}
	if err := a.Channel("private-room").Trigger(within(t), "hello", nil); !errors.Is(err, rtx.ErrEventName) {
		t.Errorf("without the prefix: %v", err)
	}
	if err := a.Channel("private-room").Trigger(within(t), "client-big", strings.Repeat("x", 1_000_000)); !errors.Is(err, rtx.ErrTooLarge) {
		t.Errorf("over the limit: %v", err)
	}
	if n := srv.Stats().ClientEventTotal; n != 2 {
		t.Errorf("the server saw %d client events, want 2", n)
	}
}

func TestClientWrongKey(t *testing.T) {
	for _, how := range []string{"connect-error", "http", "disconnect"} {
		t.Run(how, func(t *testing.T) {
			srv := startServer(t, nodetest.BadKey(how))
			const key = "not-the-key-of-this-app"
			c, err := rtx.New(key, rtx.WithURL(srv.URL()))
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			err = c.Connect(within(t))
			if err == nil {
				t.Fatal("connected with a wrong key")
			}
			if strings.Contains(err.Error(), key) {
				t.Errorf("the error shows the key: %v", err)
			}
			t.Log(err)
			var refused *rtx.ConnectError
			if how == "connect-error" {
				if !errors.As(err, &refused) || refused.Code != 4001 {
					t.Errorf("got %v, want the service's refusal", err)
				}
				if c.State() != rtx.StateFailed || c.Err() == nil {
					t.Errorf("state %v, err %v: a refused key is final", c.State(), c.Err())
				}
				<-c.Done()
			}
		})
	}
}

func TestClientForceUnsubscribe(t *testing.T) {
	srv := startServer(t)
	c := dial(t, srv.URL(), srv.Key())
	ch := c.Channel("orders")
	s := readyOn[numbered](t, ch, "n")
	srv.WaitSubscribed("orders", 1)
	if err := c.ForceUnsubscribe(ch.Name()); err != nil {
		t.Fatal(err)
	}
	srv.WaitSubscribed("orders", 0)
	if _, ok := <-s.C; ok {
		t.Fatal("a value came")
	}
	if !errors.Is(s.Err(), rtx.ErrUnsubscribed) {
		t.Errorf("the stream ended with %v", s.Err())
	}
	// The last stream's end leaves the channel too.
	again := readyOn[numbered](t, ch, "n")
	srv.WaitSubscribed("orders", 1)
	srv.Publish("orders", "n", numbered{5})
	if v := next(t, again); v.N != 5 {
		t.Fatalf("got %+v", v)
	}
	again.Close()
	srv.WaitSubscribed("orders", 0)
}

func TestClientServerDisconnect(t *testing.T) {
	srv := startServer(t)
	c := dial(t, srv.URL(), srv.Key(), rtx.WithBackoff(time.Millisecond, 10*time.Millisecond))
	s := readyOn[numbered](t, c.Channel("orders"), "n")
	first := c.SocketID()
	srv.Disconnect("", nodetest.DisconnectClose)
	srv.WaitFor("the client to come back", func(st nodetest.Stats) bool {
		live := st.Live()
		return len(live) == 1 && live[0].SocketID != first && len(live[0].Subscribed) == 1
	})
	srv.Publish("orders", "n", numbered{9})
	sawGap := false
	for v, g := range s.All() {
		if g != nil {
			sawGap = g.Reconnected && g.Channel == "orders"
			continue
		}
		if !sawGap || v.N != 9 {
			t.Fatalf("value %+v, gap seen before it: %v", v, sawGap)
		}
		break
	}
}

func TestClientRawViewsAndInternalEvents(t *testing.T) {
	srv := startServer(t)
	c := dial(t, srv.URL(), srv.Key())
	ch := c.Channel("orders")
	confirmed := rtx.On[json.RawMessage](t.Context(), ch, "realtimex_internal:subscription_succeeded")
	every := readyOn[rtx.Message[json.RawMessage]](t, ch, "*")
	if raw := next(t, confirmed); !strings.Contains(string(raw), `"channel":"orders"`) {
		t.Errorf("confirmation is %s", raw)
	}
	srv.Publish("orders", "a", []any{1, "x"})
	if m := next(t, every); m.Event != "a" || string(m.Value) != `[1,"x"]` {
		t.Errorf("got %+v", m)
	}
}

func TestClientBinaryEvent(t *testing.T) {
	srv := startServer(t)
	c := dial(t, srv.URL(), srv.Key())
	s := readyOn[struct{ File []byte }](t, c.Channel("files"), "file")
	srv.Emit("", "server-event", map[string]any{
		"channel": "files", "event": "file", "data": map[string]any{"File": map[string]any{"$binary": "AAEC/w=="}},
	})
	if v := next(t, s); string(v.File) != "\x00\x01\x02\xff" {
		t.Errorf("got %x", v.File)
	}
}

func TestClientPing(t *testing.T) {
	srv := startServer(t)
	c := dial(t, srv.URL(), srv.Key())
	d, err := c.Ping(within(t))
	if err != nil || d <= 0 {
		t.Fatalf("got %v, %v", d, err)
	}
}
