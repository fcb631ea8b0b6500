package testserver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/rtx/auth"
)

// A watch is an observer that remembers.
type watch struct {
	mu   sync.Mutex
	seen []Activity
}

func (w *watch) observe(a Activity) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, a)
}

// take returns what was seen since it was last called, in short.
func (w *watch) take() (short []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range w.seen {
		short = append(short, fmt.Sprintf("%s %s %s%s %d %s", a.Kind, a.Channel, a.Event, a.UserID, a.Recipients, a.Reason))
	}
	w.seen = nil
	return short
}

func (w *watch) last() Activity {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen[len(w.seen)-1]
}

func TestObserverIsToldInOrder(t *testing.T) {
	w := new(watch)
	s := NewServer(t, WithObserver(w.observe))
	c := connect(t, s)
	c.subscribe(s, "orders")
	c.expectPrefix(succeeded)
	s.Publish("orders", "created", map[string]int{"n": 1})
	want := []string{"connected   0 ", "subscribed orders  0 ", "published orders created 1 "}
	if got := w.take(); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	s.Publish("orders", "created", map[string]int{"n": 2})
	if a := w.last(); string(a.Data) != `{"n":2}` || string(a.Frame) != `42["server-event",{"channel":"orders","event":"created","data":{"n":2}}]` || a.SocketID != "" || a.At.IsZero() {
		t.Errorf("%+v", a)
	}
	s.LoseNext(1)
	s.Publish("orders", "lost", nil)
	if a := w.last(); !a.Lost || a.Frame != nil {
		t.Errorf("%+v", a)
	}
	w.take()

	s.Join("presence-lobby", auth.Member{ID: "zoe"})
	s.Leave("presence-lobby", "zoe")
	s.Deny("vault", "no", 4003)
	c.send(`42["realtimex:subscribe",{"channel":"vault"}]`)
	c.send(`42["realtimex:unsubscribe",{"channel":"orders"}]`)
	c.send(`42["client-event",{"channel":"orders","event":"client-e"}]`)
	s.WaitReceived(func(r Received) bool { return r.Kind == KindClientEvent })
	s.Connections()[0].Drop(CloseFrame)
	s.WaitConnections(0)
	want = []string{"member_added presence-lobby zoe 0 ", "member_removed presence-lobby zoe 0 ", "denied vault  0 no",
		"unsubscribed orders  0 ", "triggered orders client-e 0 ", "disconnected   0 forced close"}
	if got := w.take(); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestObserverIsToldOfRefusals(t *testing.T) {
	w := new(watch)
	s := NewServer(t, WithObserver(w.observe))
	s.RefuseNextWith(1, http.StatusTooManyRequests)
	response, err := s.HTTPClient().Get(s.URL() + "/socket.io/?EIO=4&transport=polling&api_key=" + s.Key())
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if a := w.last(); a.Kind != ActivityRefused || a.Code != http.StatusTooManyRequests {
		t.Errorf("%+v", a)
	}
	if _, err := newConfig([]Option{WithObserver(nil)}); err == nil {
		t.Error("an observer of nil")
	}
}

func TestViewHasWhatThereIs(t *testing.T) {
	s := NewServer(t)
	c := connect(t, s)
	c.subscribe(s, "orders")
	c.expectPrefix(succeeded)
	s.Join("presence-lobby", auth.Member{ID: "zoe", Info: 1})
	s.Publish("orders", "created", "0123456789")
	c.expectPrefix(`42["server-event"`)
	conns, channels, stats := s.View(10)
	if len(conns) != 1 || len(channels) != 2 || stats.Connections != 1 || stats.Channels != 2 {
		t.Fatalf("%+v %+v %+v", conns, channels, stats)
	}
	v := conns[0]
	if v.SocketID != s.Connections()[0].SocketID() || v.Transport != "websocket" || v.Recovered || v.Since.IsZero() || !slices.Equal(v.Channels, []string{"orders"}) {
		t.Errorf("%+v", v)
	}
	if v.Received < int64(len(`42["realtimex:subscribe",{"channel":"orders"}]`)) || v.Sent < int64(len(`42["server-event",{"channel":"orders","event":"created","data":"0123456789"}]`)) {
		t.Errorf("received %d, sent %d bytes", v.Received, v.Sent)
	}
	if ch := channels[0]; ch.Name != "orders" || !slices.Equal(ch.Subscribers, []string{v.SocketID}) || ch.Confirmed != 1 {
		t.Errorf("%+v", ch)
	}
	m := s.ViewChannel("presence-lobby").Members
	if len(m) != 1 || m[0].UserID != "zoe" || string(m[0].Info) != "1" || !m[0].Joined || len(m[0].By) != 0 {
		t.Errorf("%+v", m)
	}
	if conns, channels, stats := s.View(1); len(conns) != 1 || len(channels) != 1 || stats.Channels != 2 {
		t.Errorf("a limit of 1: %d, %d of %d", len(conns), len(channels), stats.Channels)
	}
	if ch := s.ViewChannel("nobody"); ch.Name != "nobody" || len(ch.Subscribers) != 0 {
		t.Errorf("%+v", ch)
	}
}

func TestTriggerAs(t *testing.T) {
	s := NewServer(t)
	ann, bob := connect(t, s), connect(t, s)
	const channel = "private-desk"
	for _, c := range []*rawClient{ann, bob} {
		c.subscribe(s, channel)
		c.expectPrefix(succeeded)
	}
	from := s.Connections()[0].SocketID()
	if n, err := s.TriggerAs(from, channel, "client-e", 1); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	bob.expect(`42["server-event",{"channel":"private-desk","event":"client-e","data":1}]`)
	if n, err := s.TriggerAs("", channel, "client-f", 2); n != 2 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	ann.expect(`42["server-event",{"channel":"private-desk","event":"client-f","data":2}]`) // and not its own before it
	for _, c := range []struct {
		from, channel, event string
		want                 error
	}{
		{"", "orders", "client-e", ErrNotGuarded},
		{"", channel, "e", ErrNotClientName},
		{"nobody", channel, "client-e", ErrNotSubscribed},
	} {
		if _, err := s.TriggerAs(c.from, c.channel, c.event, 1); !errors.Is(err, c.want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if _, err := s.TriggerAs("", channel, "client-e", make(chan int)); err == nil {
		t.Error("what can't be encoded is sent")
	}
}

// ClearFaults leaves nothing of any fault, and what was held goes out.
func TestClearFaults(t *testing.T) {
	s := NewServer(t)
	c := connect(t, s)
	s.HoldConfirmations()
	c.subscribe(s, "orders")
	s.WaitReceived(func(r Received) bool { return r.Kind == KindSubscribe })
	s.Stop()
	s.RefuseNext(3)
	s.RefuseConnectNext(3, "busy", 4100)
	s.HangNext(StepOpen, 3)
	s.LoseNext(3)
	s.Deny("vault", "no", 4003)
	s.SetLink(Link{Latency: time.Second, BytesPerSecond: 1000})
	s.BlockWebSockets(true)
	s.SetHeartbeats(false)
	s.Auth().FailNext(3, 503)
	want := ActiveFaults{true, 3, 3, 3, 3, true, 1, []string{"vault"}, 1000, 1000, true, true, 3}
	if got := s.ActiveFaults(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	s.ClearFaults()
	if got := s.ActiveFaults(); fmt.Sprint(got) != fmt.Sprint(ActiveFaults{}) {
		t.Errorf("left: %+v", got)
	}
	again := connect(t, s)
	again.subscribe(s, "vault")
	again.expectPrefix(succeeded)
}

func TestAwait(t *testing.T) {
	s := NewServer(t)
	s.Join("presence-lobby", auth.Member{ID: "ann"})
	s.Join("presence-lobby", auth.Member{ID: "bob"})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		count Count
		want  int
	}{
		"connections": {CountConnections(), 0}, "members": {CountMembers("presence-lobby"), 2}, "nobody's": {CountMembers("presence-x"), 0},
		"subscribers": {CountSubscribers("orders"), 0}, "received": {CountReceived(KindClientEvent, "", ""), 0},
	} {
		if n, ok := s.Await(ctx, c.count, func(n int) bool { return n == c.want }); n != c.want || !ok {
			t.Errorf("%s: %d, %t", name, n, ok)
		}
		if n, ok := s.Await(ctx, c.count, func(n int) bool { return n > 100 }); n != c.want || ok {
			t.Errorf("%s: %d, %t", name, n, ok)
		}
	}
}
