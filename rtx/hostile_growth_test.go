package rtx

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/observe"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtx/transport"
)

// A reader of C alone never asks for gaps. What ever-new channels lose on its stream stays bounded,
// whatever holds them.
func TestGapsOfEverNewChannelsAreBounded(t *testing.T) {
	const channels = 20_200
	for name, open := range map[string]func(s *scripted) (*Stream[int], func(ch *Channel), func(ch *Channel)){
		"of a group": func(s *scripted) (*Stream[int], func(*Channel), func(*Channel)) {
			group := NewGroup()
			if err := group.Add(s.c.Channel("first")); err != nil {
				s.tb.Fatal(err)
			}
			return On[int](s.tb.Context(), group, "n"), func(ch *Channel) { _ = group.Add(ch) }, func(ch *Channel) { group.Remove(ch) }
		},
		"of the client": func(s *scripted) (*Stream[int], func(*Channel), func(*Channel)) {
			held := make(map[string]*Stream[string])
			return On[int](s.tb.Context(), s.c, "n"),
				func(ch *Channel) { held[ch.name] = On[string](s.tb.Context(), ch, "other") },
				func(ch *Channel) { held[ch.name].Close(); delete(held, ch.name) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScripted(t)
				sess := s.connect()
				stream, hold, release := open(s)
				for i := range channels {
					ch := s.c.Channel(fmt.Sprint("c", i))
					hold(ch)
					synctest.Wait()
					sess.publish(ch.name, "n", `"no number"`)
					synctest.Wait()
					release(ch)
				}
				synctest.Wait()
				n, counted, several := 0, uint64(0), uint64(0)
				for g := range stream.Gaps() {
					n++
					counted += g.Malformed
					if g.Several {
						several += g.Malformed
					}
				}
				if n > maxNamedGaps+4 {
					t.Errorf("%d gaps wait", n)
				}
				if counted != channels || several < channels-maxNamedGaps-4 {
					t.Errorf("%d counted, %d of several channels", counted, several)
				}
			})
		})
	}
}

// atRest says which tables of a client, at rest, have more entries than they may.
func atRest(t *testing.T, c *Client, limits map[string]int) {
	t.Helper()
	synctest.Wait()
	for table, n := range TablesOf(c) {
		if n > limits[table] {
			t.Errorf("%d %s are left, at most %d may be", n, table, limits[table])
		}
	}
}

// nobody observes nothing.
type nobody struct{}

func (nobody) Take(observe.Fact)             {}
func (nobody) Figures(func(observe.Figures)) {}

// NewGroup that come and go, each by another kind of hold, leave nothing behind.
func TestEverNewChannelsLeaveNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScripted(t)
		sess := s.connect()
		group := NewGroup(s.c.Channel("first"))
		grouped := On[int](t.Context(), group, "n")
		synctest.Wait()
		const rounds, each = 1_000, 100 // 100,000 channels
		for i := range rounds {
			var releases []func()
			for k := range each {
				ch := s.c.Channel(fmt.Sprint("c", i*each+k))
				switch k % 4 {
				case 0:
					stream := On[int](t.Context(), ch, fmt.Sprint("event ", i))
					releases = append(releases, stream.Close)
				case 1:
					watch, err := ch.Observe(func() observe.Observer { return nobody{} })
					if err != nil {
						t.Fatal(err)
					}
					releases = append(releases, watch.Release)
				case 2:
					if err := group.Add(ch); err != nil {
						t.Fatal(err)
					}
					releases = append(releases, func() { group.Remove(ch) })
				case 3:
					go func() { _, _ = ch.Subscribe(t.Context()) }()
					releases = append(releases, func() { _ = s.c.ForceUnsubscribe(ch.Name()) })
				}
			}
			synctest.Wait()
			for _, release := range releases {
				release()
			}
			synctest.Wait()
			if i == rounds/2 { // the one that is confirmed and left meanwhile is no longer the first
				sess.ping()
			}
			sess.set(func() { sess.sent = nil })
		}
		time.Sleep(time.Minute)
		atRest(t, s.c, map[string]int{"channels": 1, "streams": 64, "routes": 2, "late leavers": each, "names": maxInterned})
		if n := grouped.b().places.more; n != nil && len(n.order.list) > 64 {
			t.Errorf("%d places of the group's stream are left", len(n.order.list))
		}
	})
}

// b is the binding behind a stream.
func (s *Stream[T]) b() *binding { return s.owner.(*binding) }

// NewGroup that a group's stream left, refused, are remembered for as long as they are members.
func TestRefusedMembersAreForgottenWithTheGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScripted(t)
		sess := s.connect()
		group := NewGroup(s.c.Channel("first"))
		stream := On[int](t.Context(), group, "n")
		synctest.Wait()
		sess.set(func() { sess.confirms = false })
		for i := range 2_000 {
			ch := s.c.Channel(fmt.Sprint("c", i))
			if err := group.Add(ch); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			sess.event(`["realtimex_internal:subscription_error",{"channel":"` + ch.Name() + `","code":4009,"message":"no"}]`)
			synctest.Wait()
			if i%2 == 0 {
				group.Remove(ch)
			}
		}
		b := stream.b()
		if n := len(b.exited.refused); n != 1_000 {
			t.Errorf("%d refusals are remembered, and 1,000 such channels are members", n)
		}
		for i := range 2_000 {
			group.Remove(s.c.Channel(fmt.Sprint("c", i)))
		}
		if n := len(b.exited.refused); n != 0 {
			t.Errorf("%d refusals are remembered, and no such channel is a member", n)
		}
		atRest(t, s.c, map[string]int{"channels": 1, "streams": 1, "routes": 2, "names": maxInterned})
		gaps := 0
		for range stream.Gaps() {
			gaps++
		}
		if gaps > maxNamedGaps+2_000 {
			t.Errorf("%d gaps", gaps)
		}
	})
}

// While an authorizer stands still, channels that are given up again do not pile up behind it.
func TestEverNewChannelsBehindAStuckAuthorizer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		stuck := auth.Func(func(ctx context.Context, _ auth.Request) (auth.Grant, error) {
			asked.Add(1)
			<-ctx.Done()
			return auth.Grant{}, ctx.Err()
		})
		s := newScripted(t, WithAuth(stuck))
		s.connect()
		kept := On[int](t.Context(), s.c.Channel("private-kept"), "n")
		for i := range 10_000 {
			stream := On[int](t.Context(), s.c.Channel(fmt.Sprint("private-", i)), "n")
			synctest.Wait()
			stream.Close()
			synctest.Wait()
		}
		atRest(t, s.c, map[string]int{"channels": 200, "streams": 64, "questions": 200, "authorizers": 1, "routes": 0})
		if err := kept.Err(); err != nil {
			t.Error(err)
		}
		if n := asked.Load(); n != defaultConcurrency {
			t.Errorf("%d were asked at once", n)
		}
	})
}

// Names that the service sends, and acknowledgements that it asks for while nothing can be written,
// are kept up to a limit.
func TestEverNewNamesAndAcknowledgementsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScripted(t)
		sess := s.connect()
		all := On[Message[int]](t.Context(), s.c, "*", WithBuffer(1))
		pongs := On[Message[int]](t.Context(), s.c, "realtimex:pong", WithBuffer(1))
		_ = On[int](t.Context(), s.c.Channel("a"), "n")
		synctest.Wait()
		sess.set(func() { sess.writeTime = time.Hour })
		for i := range 20_000 {
			name := fmt.Sprint("name ", i)
			sess.publish("a", name, "1")
			sess.publish(name, name, "1")
			sess.event(`["realtimex:pong",{"channel":"` + name + `"}]`)
			sess.event(`["` + name + `",1]`)
			sess.in <- scriptedPacket{p: transport.Packet{Type: transport.PacketEvent, Data: []byte(`["x"]`), ID: uint64(i), HasID: true}}
			if i%1_000 == 0 {
				synctest.Wait()
			}
		}
		atRest(t, s.c, map[string]int{"channels": 1, "streams": 3, "routes": 3 + 2, "names": maxInterned, "acknowledgements": maxAcks})
		for name, stats := range map[string]StreamStats{"*": all.Stats(), "pongs": pongs.Stats()} {
			if stats.Depth > 1 {
				t.Errorf("%s: %+v", name, stats)
			}
		}
		gaps := 0
		for range pongs.Gaps() {
			gaps++
		}
		for range all.Gaps() {
			gaps++
		}
		if gaps > 2*(maxNamedGaps+4) {
			t.Errorf("%d gaps wait", gaps)
		}
		sess.set(func() { sess.writeTime = 0 })
	})
}
