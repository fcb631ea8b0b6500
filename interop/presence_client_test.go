package interop_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/interop/nodetest"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtx/presence"
	"github.com/realtimex/realtimex-go/rtxtest"
)

type person struct {
	Name string `json:"name"`
}

// A rosterWatch folds a room's changes.
type rosterWatch struct {
	t    *testing.T
	room *presence.Room[person]
	set  presence.Set[person]
}

func watchRoom(t *testing.T, c *rtx.Client, channel string) *rosterWatch {
	t.Helper()
	w := &rosterWatch{t: t, room: presence.Watch[person](t.Context(), c.Channel(channel))}
	if err := w.room.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	return w
}

// people are the members as "id=name", in order.
func people(r presence.Roster[person]) string {
	var list []string
	for id, m := range r.All() {
		list = append(list, id+"="+m.Info.Name)
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

func (w *rosterWatch) next() presence.Change[person] {
	w.t.Helper()
	select {
	case c, ok := <-w.room.C:
		if !ok {
			w.t.Fatalf("room ended: %v", w.room.Err())
		}
		w.set.Apply(c)
		return c
	case <-within(w.t).Done():
		w.t.Fatalf("no change came; folded %q, known %q", people(w.set.Roster()), people(w.room.Members()))
	}
	panic("unreachable")
}

// until folds changes until these people are there, by a live roster.
func (w *rosterWatch) until(want string) {
	w.t.Helper()
	for people(w.set.Roster()) != want || w.set.Stale() {
		w.next()
	}
	if got := people(w.room.Members()); got != want {
		w.t.Fatalf("Members has %q, want %q", got, want)
	}
}

func as(t *testing.T, s *nodetest.Server, id, name string) rtx.Option {
	return signing(t, s, auth.Member{ID: id, Info: person{name}})
}

// Each way in which the server can tell presence gives the same changes.
func TestRoomForms(t *testing.T) {
	type form struct {
		name string
		opts []nodetest.Option
	}
	var forms []form
	for _, delivery := range []string{"wrapped", "top", "both"} {
		for _, shape := range []string{"array", "pusher", "initial_state", "flat"} {
			forms = append(forms, form{delivery + " " + shape, []nodetest.Option{nodetest.PresenceDelivery(delivery), nodetest.MemberShape(shape)}})
		}
	}
	for _, names := range []string{"internal", "presence"} {
		for _, confirmation := range []string{"members", "bare", "none"} {
			forms = append(forms, form{names + " " + confirmation, []nodetest.Option{nodetest.PresenceNames(names), nodetest.PresenceConfirmation(confirmation)}})
		}
	}
	forms = append(forms, form{"numbers", []nodetest.Option{nodetest.NumericUserIDs()}})
	for _, f := range forms {
		t.Run(f.name, func(t *testing.T) {
			srv := startServer(t, f.opts...)
			w := watchRoom(t, dial(t, srv.URL(), srv.Key(), as(t, srv, "1", "Ann")), room)
			if c := w.next(); c.Kind != presence.Snapshot || c.Me != "1" || len(c.Members) != 1 || c.Members[0] != (presence.Member[person]{ID: "1", Info: person{"Ann"}}) {
				t.Fatalf("first change %+v", c)
			}
			bob := dial(t, srv.URL(), srv.Key(), as(t, srv, "2", "Bob"))
			theirs := watchRoom(t, bob, room)
			theirs.until("1=Ann 2=Bob")
			if c := w.next(); c.Kind != presence.Diff || len(c.Joined) != 1 || c.Joined[0] != (presence.Member[person]{ID: "2", Info: person{"Bob"}}) {
				t.Fatalf("Bob's coming: %+v", c)
			}
			bob.Close()
			if c := w.next(); c.Kind != presence.Diff || len(c.Left) != 1 || c.Left[0] != (presence.Member[person]{ID: "2", Info: person{"Bob"}}) {
				t.Fatalf("Bob's leaving: %+v", c)
			}
			if st := w.room.Stats(); st.Unknown+st.Malformed+st.Dropped+st.Merged > 0 || st.Members != 1 {
				t.Errorf("%+v", st)
			}
			if m, ok := w.room.Me(); !ok || m.Info.Name != "Ann" {
				t.Errorf("Me is %+v, %v", m, ok)
			}
		})
	}
}

// A room on a channel that is joined already, a second room of another type, an ordinary stream
// beside them.
func TestRoomsShareTheChannel(t *testing.T) {
	srv := startServer(t)
	c := dial(t, srv.URL(), srv.Key(), as(t, srv, "1", "Ann"))
	s := readyOn[numbered](t, c.Channel(room), "n")
	w := watchRoom(t, c, room)
	w.until("1=Ann")
	raw := presence.Watch[map[string]any](t.Context(), c.Channel(room))
	if first := <-raw.C; first.Kind != presence.Snapshot || len(first.Joined) != 1 || first.Joined[0].Info["name"] != "Ann" {
		t.Fatalf("%+v", first)
	}
	bob := dial(t, srv.URL(), srv.Key(), as(t, srv, "2", "Bob"))
	hold, err := bob.Channel(room).Subscribe(within(t))
	if err != nil {
		t.Fatal(err)
	}
	w.until("1=Ann 2=Bob")
	if c := <-raw.C; c.Kind != presence.Diff || len(c.Joined) != 1 || c.Joined[0].ID != "2" {
		t.Fatalf("%+v", c)
	}
	srv.Publish(room, "n", numbered{5})
	if v := next(t, s); v.N != 5 {
		t.Fatal(v)
	}
	raw.Close()
	w.room.Close()
	hold.Release()
	srv.WaitSubscribed(room, 1) // the stream still holds it
	again := watchRoom(t, c, room)
	again.until("1=Ann")
	if err := c.ForceUnsubscribe(room); err != nil {
		t.Fatal(err)
	}
	for range again.room.C {
	}
	if err := again.room.Err(); !errors.Is(err, rtx.ErrUnsubscribed) {
		t.Fatal(err)
	}
	srv.WaitSubscribed(room, 0)
}

// Who came and went while the link was down is in the Snapshot after it, and nobody else.
func TestRoomAfterAnOutage(t *testing.T) {
	for _, recovery := range []bool{false, true} {
		t.Run(fmt.Sprint("recovery ", recovery), func(t *testing.T) {
			var opts []nodetest.Option
			if recovery {
				opts = append(opts, nodetest.Recovery(time.Minute))
			}
			srv := startServer(t, opts...)
			proxy := nodetest.StartProxy(t, srv.Addr())
			w := watchRoom(t, dial(t, proxy.URL(), srv.Key(), as(t, srv, "1", "Ann"), quick()), room)
			bob := dial(t, srv.URL(), srv.Key(), as(t, srv, "2", "Bob"))
			watchRoom(t, bob, room)
			w.until("1=Ann 2=Bob")

			proxy.SetTarget("127.0.0.1:1") // where nobody listens
			proxy.Cut()
			if c := w.next(); c.Kind != presence.Stale || len(c.Left)+len(c.Joined)+len(c.Updated) > 0 || w.set.Len() != 2 {
				t.Fatalf("%+v", c)
			}
			bob.Close()
			srv.WaitSubscribed(room, 0)
			watchRoom(t, dial(t, srv.URL(), srv.Key(), as(t, srv, "3", "Cid")), room)
			proxy.SetTarget(srv.Addr())
			c := w.next()
			if c.Kind != presence.Snapshot || len(c.Joined) != 1 || c.Joined[0].ID != "3" || len(c.Left) != 1 || c.Left[0].ID != "2" || len(c.Updated) > 0 {
				t.Fatalf("%+v", c)
			}
			w.until("1=Ann 3=Cid")
		})
	}
}

func TestRoomRefused(t *testing.T) {
	srv := startServer(t)
	srv.Deny(room)
	c := dial(t, srv.URL(), srv.Key(), as(t, srv, "1", "Ann"))
	r := presence.Watch[person](t.Context(), c.Channel(room))
	err := r.Ready(within(t))
	if refused, ok := errors.AsType[*rtx.SubscribeError](err); !ok || refused.Channel != room || refused.Code != 4003 {
		t.Fatal(err)
	}
	if _, open := <-r.C; open || r.Err() == nil {
		t.Fatal("the room goes on")
	}

	// User data without a user_id: the service refuses it.
	bad := dial(t, srv.URL(), srv.Key(), rtx.WithAuthEndpoint(srv.AuthEndpoint()), rtx.WithUserData(person{"Nobody"}))
	err = presence.Watch[person](t.Context(), bad.Channel("presence-other")).Ready(within(t))
	if _, ok := errors.AsType[*rtx.SubscribeError](err); !ok {
		t.Fatal(err)
	}
}

// sdkRoster is who is there by the events that a realtimex-js client's handlers get: it keeps no
// roster of its own.
type sdkRoster struct {
	t       *testing.T
	script  *nodetest.Script
	members map[string]string
}

func (r *sdkRoster) step() {
	r.t.Helper()
	type member struct {
		ID   string `json:"user_id"`
		Info person `json:"user_info"`
	}
	var e struct {
		Name string
		Data struct {
			member
			Members []member
		}
	}
	r.script.ExpectInto("event", &e)
	switch e.Name {
	case "presence:subscription_succeeded":
		r.members = make(map[string]string)
		for _, m := range e.Data.Members {
			r.members[m.ID] = m.Info.Name
		}
	case "presence:member_added":
		r.members[e.Data.ID] = e.Data.Info.Name
	case "presence:member_removed":
		delete(r.members, e.Data.ID)
	}
}

func (r *sdkRoster) people() string {
	var list []string
	for id, name := range r.members {
		list = append(list, id+"="+name)
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

func (r *sdkRoster) until(want string) {
	r.t.Helper()
	for r.people() != want {
		r.step()
	}
}

// Three official clients and ours in one room see the same people, through a restart of the server.
func TestRoomBesideTheSDK(t *testing.T) {
	for name, start := range map[string]func(t *testing.T) (url, key, endpoint string, restart func()){
		"socket.io": func(t *testing.T) (string, string, string, func()) {
			srv := startServer(t)
			return srv.URL(), srv.Key(), srv.AuthEndpoint(), srv.Restart
		},
		"rtxtest": func(t *testing.T) (string, string, string, func()) {
			nodetest.Skip(t)
			srv := rtxtest.NewServer(t)
			return srv.URL(), srv.Key(), srv.AuthEndpoint(), func() { srv.Restart() }
		},
	} {
		t.Run(name, func(t *testing.T) {
			url, key, endpoint, restart := start(t)
			// Ours comes back at a time of its own: it may be the first or the last there.
			c := dial(t, url, key, rtx.WithAuthEndpoint(endpoint+"?user_id=go&name=Go"), quick())
			w := watchRoom(t, c, room)
			users := []string{"ann", "bob", "cid"}
			sdks := make([]*sdkRoster, len(users))
			join := func(i int) {
				s := startSDK(t, url, key, endpoint+"?user_id="+users[i]+"&name="+users[i])
				s.Expect("connected")
				s.Send("subscribe", fields{"channel": room})
				sdks[i] = &sdkRoster{t: t, script: s}
			}
			all := "ann=ann bob=bob cid=cid go=Go"
			see := func(want string) {
				t.Helper()
				w.until(want)
				for _, s := range sdks {
					if s != nil {
						s.until(want)
					}
				}
			}
			for i := range users {
				join(i)
			}
			see(all)
			restart()
			for _, s := range sdks {
				s.members = nil // whatever it believed is void now
			}
			for w.next().Kind == presence.Diff { // until it knows that the link was lost
			}
			see(all)
			sdks[1].script.Kill()
			sdks[1] = nil
			see("ann=ann cid=cid go=Go")
			join(1)
			see(all)
			if st := w.room.Stats(); st.Unknown+st.Malformed > 0 {
				t.Errorf("%+v", st)
			}
		})
	}
}
