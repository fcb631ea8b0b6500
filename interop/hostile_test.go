package interop_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/realtimex/realtimex-go/interop/nodetest"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtx/presence"
)

func nested(levels int) json.RawMessage {
	return json.RawMessage(strings.Repeat("[", levels) + strings.Repeat("]", levels))
}

// unharmed demands that the client still is on its first connection, and that its other streams get
// what is published.
func unharmed(t *testing.T, srv *nodetest.Server, id string, others ...*rtx.Stream[numbered]) {
	t.Helper()
	srv.Publish("other", "n", numbered{9})
	for _, s := range others {
		if v := next(t, s); v.N != 9 {
			t.Errorf("got %+v", v)
		}
		for g := range s.Gaps() {
			t.Errorf("another channel has a gap: %+v", g)
		}
	}
	if !isLive(srv, id) {
		t.Error("the connection ended")
	}
}

func isLive(srv *nodetest.Server, id string) bool {
	for _, c := range srv.Stats().Live() {
		if c.SocketID == id {
			return true
		}
	}
	return false
}

// A payload of any depth, from the service or from another client, is told to the streams that
// wanted it, and costs nothing else.
func TestClientDeepPayload(t *testing.T) {
	srv := startServer(t)
	c := dial(t, srv.URL(), srv.Key(), signing(t, srv, auth.Member{}))
	sender := dial(t, srv.URL(), srv.Key(), signing(t, srv, auth.Member{}))
	id, other := c.SocketID(), readyOn[numbered](t, c.Channel("other"), "n")
	ch := c.Channel("private-a")
	raw, untyped := readyOn[json.RawMessage](t, ch, "client-n"), readyOn[any](t, ch, "client-n")
	typed := readyOn[numbered](t, ch, "client-n")
	if _, err := sender.Channel("private-a").Subscribe(within(t)); err != nil {
		t.Fatal(err)
	}
	if err := sender.Channel("private-a").Trigger(within(t), "client-n", nested(600)); err != nil {
		t.Fatal(err)
	}
	if got := next(t, raw); string(got) != string(nested(600)) {
		t.Errorf("%d bytes came", len(got))
	}
	next(t, untyped)
	for _, levels := range []int{10_001, 100_000} {
		srv.Write(id, fmt.Sprintf(`2["server-event",{"channel":"private-a","event":"client-n","data":%s}]`, nested(levels)))
	}
	unharmed(t, srv, id, other)
	malformed(t, raw, 2, rtx.ErrTooDeep)
	malformed(t, untyped, 2, rtx.ErrTooDeep)
	malformed(t, typed, 3, nil)
}

// malformed demands gaps for so many payloads, the last of them for that reason.
func malformed[T any](t *testing.T, s *rtx.Stream[T], want uint64, reason error) {
	t.Helper()
	var got uint64
	for g := range s.Gaps() {
		got += g.Malformed
		if g.Channel != "private-a" || g.Reconnected || reason != nil && !errors.Is(g.Err, reason) {
			t.Errorf("%+v", g)
		}
	}
	if got != want {
		t.Errorf("%T: %d malformed, want %d", s, got, want)
	}
}

// A member whose info is too deep is a member without one, whether it comes, was there before or is
// this client itself. It locks nobody out.
func TestClientDeepMember(t *testing.T) {
	for _, delivery := range []string{"wrapped", "top"} {
		t.Run(delivery, func(t *testing.T) {
			srv := startServer(t, nodetest.PresenceDelivery(delivery))
			early := dial(t, srv.URL(), srv.Key(), as(t, srv, "1", "Ann"))
			earlyID, other := early.SocketID(), readyOn[numbered](t, early.Channel("other"), "n")
			added := watchRoom(t, early, room)
			deep := dial(t, srv.URL(), srv.Key(), signing(t, srv, auth.Member{ID: "deep", Info: nested(600)}))
			deepID, itsOther := deep.SocketID(), readyOn[numbered](t, deep.Channel("other"), "n")
			own := watchRoom(t, deep, room)
			late := dial(t, srv.URL(), srv.Key(), as(t, srv, "2", "Bob"))
			lateID, theirOther := late.SocketID(), readyOn[numbered](t, late.Channel("other"), "n")
			inRoster := watchRoom(t, late, room)
			for _, w := range []*rosterWatch{added, own, inRoster} {
				w.until("1=Ann 2=Bob deep=")
				if st := w.room.Stats(); st.Malformed == 0 {
					t.Errorf("%+v", st)
				}
			}
			srv.Publish("other", "n", numbered{9})
			for id, s := range map[string]*rtx.Stream[numbered]{earlyID: other, deepID: itsOther, lateID: theirOther} {
				if v := next(t, s); v.N != 9 || !isLive(srv, id) {
					t.Errorf("got %+v, connected: %t", v, isLive(srv, id))
				}
			}
			for _, c := range srv.Stats().Sockets {
				if !c.Connected {
					t.Errorf("a connection ended: %s", c.Reason)
				}
			}
		})
	}
}

// A roster that is larger than the read limit costs its own channel, and the others are subscribed
// on the next connection.
func TestClientRosterOverTheReadLimit(t *testing.T) {
	srv := startServer(t)
	for i := range 20 {
		m := dial(t, srv.URL(), srv.Key(), as(t, srv, fmt.Sprint("m", i), strings.Repeat("x", 1000)))
		if _, err := m.Channel(room).Subscribe(within(t)); err != nil {
			t.Fatal(err)
		}
	}
	before := srv.Stats().TotalConnections
	c, err := rtx.New(srv.Key(), rtx.WithURL(srv.URL()), as(t, srv, "me", "Me"), quick(), rtx.WithReadLimit(16<<10))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	first := rtx.On[numbered](t.Context(), c.Channel("other"), "n")
	big := presence.Watch[person](t.Context(), c.Channel(room))
	second := rtx.On[numbered](t.Context(), c.Channel("another"), "n")
	if err := c.Connect(within(t)); err != nil {
		t.Fatal(err)
	}
	for range big.C {
		t.Error("a roster came")
	}
	var refused *rtx.SubscribeError
	if err := big.Err(); !errors.As(err, &refused) || refused.Channel != room || !errors.Is(err, rtx.ErrTooLarge) {
		t.Errorf("the room: %v", err)
	}
	for _, s := range []*rtx.Stream[numbered]{first, second} {
		if err := s.Ready(within(t)); err != nil {
			t.Fatal(err)
		}
	}
	srv.Publish("other", "n", numbered{1})
	srv.Publish("another", "n", numbered{2})
	if next(t, first).N != 1 || next(t, second).N != 2 {
		t.Error("the others do not live")
	}
	if n := srv.Stats().TotalConnections - before; n > 4 {
		t.Errorf("%d connections", n)
	}
}

// A subscription that is larger than the real server takes is refused alone, and is not sent.
func TestClientSubscriptionOverMaxPayload(t *testing.T) {
	srv := startServer(t, nodetest.MaxPayload(10_000))
	c := dial(t, srv.URL(), srv.Key(), as(t, srv, "me", strings.Repeat("x", 20_000)))
	id, other := c.SocketID(), readyOn[numbered](t, c.Channel("other"), "n")
	var refused *rtx.SubscribeError
	if _, err := c.Channel(room).Subscribe(within(t)); !errors.As(err, &refused) || refused.Channel != room || !errors.Is(err, rtx.ErrTooLarge) {
		t.Errorf("got %v", err)
	}
	unharmed(t, srv, id, other)
}

// A maxPayload that is too small to live with is a refusal of the connection, in words that say so.
func TestClientMaxPayloadTooSmall(t *testing.T) {
	srv := startServer(t, nodetest.MaxPayload(100))
	c, err := rtx.New(srv.Key(), rtx.WithURL(srv.URL()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	var failed *rtx.DialError
	if err := c.Connect(within(t)); !errors.As(err, &failed) || !strings.Contains(err.Error(), "maxPayload is 100 bytes") {
		t.Errorf("got %v", err)
	}
}
