package rtx_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/presence"
)

// held takes a hold of ch.
func held(t *testing.T, ch *rtx.Channel) *rtx.Hold {
	t.Helper()
	h, err := ch.Subscribe(t.Context())
	if err != nil || h == nil {
		t.Fatalf("%v, %v", h, err)
	}
	return h
}

// over reports whether the hold has ended.
func over(h *rtx.Hold) bool {
	select {
	case <-h.Done():
		return true
	default:
		return false
	}
}

// Parts of a program that share a client each give up what is theirs, and end nothing of the
// others'.
func TestHoldsAreTheirOwners(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s, signing(s), rtx.WithUserData(map[string]string{"user_id": "me"}))
		ch := c.Channel("presence-a")
		stream := opened[numbered](t, ch, "n")
		room := presence.Watch[any](t.Context(), ch)
		first, second := held(t, ch), held(t, c.Channel("presence-a"))
		for range 2 { // the second time it is nobody's
			first.Release()
			if !over(first) || first.Err() != nil || over(second) {
				t.Fatalf("released: %v %v, the other: %v", over(first), first.Err(), over(second))
			}
		}
		publish(s, "presence-a", 1)
		if got := outline(stream); got != "1" || room.Err() != nil {
			t.Errorf("got %s; the room: %v", got, room.Err())
		}
		stream.Close()
		room.Close()
		synctest.Wait()
		if n := len(s.ReceivedOn(testserver.KindUnsubscribe, "presence-a")); n != 0 || ch.State() != rtx.ChannelSubscribed {
			t.Fatalf("left %d times with a hold on it, and is %v", n, ch.State())
		}
		if err := ch.Trigger(t.Context(), "client-n", 1); err != nil {
			t.Errorf("Trigger: %v", err)
		}
		second.Release()
		synctest.Wait()
		if n := len(s.ReceivedOn(testserver.KindUnsubscribe, "presence-a")); n != 1 || ch.State() != rtx.ChannelUnsubscribed {
			t.Errorf("left %d times, and is %v", n, ch.State())
		}
		if err := ch.Trigger(t.Context(), "client-n", 1); !errors.Is(err, rtx.ErrNotSubscribed) {
			t.Errorf("Trigger with nothing held: %v", err)
		}
	})
}

// A hold lasts through Drain and through lost connections.
func TestHoldOutlivesDrainAndConnections(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		h := held(t, c.Channel("a"))
		if err := c.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.DropAll(testserver.Reset)
		time.Sleep(time.Minute)
		if over(h) || h.Err() != nil || c.Channel("a").State() != rtx.ChannelSubscribed {
			t.Errorf("ended: %v %v", over(h), h.Err())
		}
	})
}

func TestSubscribesShareARequest(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		release := s.HoldConfirmations()
		type result struct {
			h   *rtx.Hold
			err error
		}
		results := make(chan result)
		why := errors.New("enough")
		impatient, cancel := context.WithCancelCause(t.Context())
		for i := range 3 {
			ctx := t.Context()
			if i == 0 {
				ctx = impatient
			}
			go func() {
				h, err := c.Channel("a").Subscribe(ctx)
				results <- result{h, err}
			}()
		}
		synctest.Wait()
		cancel(why)
		if r := <-results; r.h != nil || !errors.Is(r.err, why) {
			t.Errorf("the one that gave up: %v, %v", r.h, r.err)
		}
		release()
		one, other := <-results, <-results
		if one.err != nil || other.err != nil || one.h == other.h {
			t.Fatalf("%+v, %+v", one, other)
		}
		if n := len(s.ReceivedOn(testserver.KindSubscribe, "a")); n != 1 {
			t.Errorf("asked %d times", n)
		}
		one.h.Release()
		synctest.Wait()
		if c.Stats().Channels != 1 {
			t.Error("the first release left the channel")
		}
		other.h.Release()
		s.WaitUnsubscribed("a")
		if c.Stats().Channels != 0 {
			t.Error("something is held still")
		}
	})
}

// What fails holds nothing, whatever it waited for.
func TestFailedSubscribeHoldsNothing(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		s.Deny("a", "not for you", 4009)
		var refused *rtx.SubscribeError
		if h, err := c.Channel("a").Subscribe(t.Context()); h != nil || !errors.As(err, &refused) {
			t.Errorf("refused: %v, %v", h, err)
		}
		release := s.HoldConfirmations()
		if h, err := c.Channel("b").Subscribe(canceled(nil)); h != nil || !errors.Is(err, context.Canceled) {
			t.Errorf("an ended context: %v, %v", h, err)
		}
		release()
		synctest.Wait()
		if st := c.Stats(); st.Channels != 0 {
			t.Errorf("%d channels are held", st.Channels)
		}
		opened[numbered](t, c.Channel("c"), "n")
		if h, err := c.Channel("c").Subscribe(canceled(nil)); h == nil || err != nil {
			t.Errorf("an ended context on a confirmed channel: %v", err)
		}
	})
}

// A hold that is taken away says so, and why.
func TestHoldsThatAreTakenAway(t *testing.T) {
	refused := func(err error) bool {
		var e *rtx.SubscribeError
		return errors.As(err, &e) && e.Code == 4009
	}
	for name, tt := range map[string]struct {
		end  func(*rtx.Client, *testserver.Server)
		want func(error) bool
	}{
		"ForceUnsubscribe": {func(c *rtx.Client, _ *testserver.Server) { _ = c.ForceUnsubscribe("a") },
			func(err error) bool { return errors.Is(err, rtx.ErrUnsubscribed) }},
		"refused later": {func(_ *rtx.Client, s *testserver.Server) {
			s.Deny("a", "no more", 4009)
			s.DropAll(testserver.Reset)
			time.Sleep(time.Minute)
		}, refused},
		"Close": {func(c *rtx.Client, _ *testserver.Server) { _ = c.Close() },
			func(err error) bool { return errors.Is(err, rtx.ErrClosed) }},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *testserver.Server) {
				c := connect(t, s)
				holds := []*rtx.Hold{held(t, c.Channel("a")), held(t, c.Channel("a"))}
				released := held(t, c.Channel("a"))
				released.Release()
				tt.end(c, s)
				for _, h := range holds {
					if !over(h) || !tt.want(h.Err()) {
						t.Errorf("ended: %v, %v", over(h), h.Err())
					}
					h.Release()
					if !tt.want(h.Err()) {
						t.Errorf("after Release: %v", h.Err())
					}
				}
				if released.Err() != nil {
					t.Errorf("one that was released before: %v", released.Err())
				}
				if st := c.Stats(); st.Channels != 0 || c.Channel("a").State() != rtx.ChannelUnsubscribed {
					t.Errorf("%d channels are held, and it is %v", st.Channels, c.Channel("a").State())
				}
			})
		})
	}
}

// A hold from before a ForceUnsubscribe has no part in what is held after it.
func TestReleaseAfterForceUnsubscribe(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		before := held(t, c.Channel("a"))
		if err := c.ForceUnsubscribe("a"); err != nil {
			t.Fatal(err)
		}
		after := held(t, c.Channel("a"))
		before.Release()
		synctest.Wait()
		if over(after) || c.Channel("a").State() != rtx.ChannelSubscribed {
			t.Errorf("the next hold has ended: %v", after.Err())
		}
	})
}

func TestForceUnsubscribe(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s, signing(s), rtx.WithUserData(map[string]string{"user_id": "me"}))
		ch := c.Channel("presence-a")
		stream, room := opened[numbered](t, ch, "n"), presence.Watch[any](t.Context(), ch)
		both := opened[numbered](t, rtx.NewGroup(ch, c.Channel("b")), "n")
		if err := c.ForceUnsubscribe("presence-a"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		for name, err := range map[string]error{"a stream": stream.Err(), "a room": room.Err()} {
			if !errors.Is(err, rtx.ErrUnsubscribed) {
				t.Errorf("%s: %v", name, err)
			}
		}
		publish(s, "b", 1)
		if got := outline(both); got != "ended 1" {
			t.Errorf("a group's stream got %s", got)
		}
		waiting := make(chan error)
		release := s.HoldConfirmations()
		go func() { waiting <- subscribe(t.Context(), c.Channel("c")) }()
		synctest.Wait()
		if err := c.ForceUnsubscribe("c"); err != nil {
			t.Fatal(err)
		}
		if err := <-waiting; !errors.Is(err, rtx.ErrUnsubscribed) {
			t.Errorf("a Subscribe that waited: %v", err)
		}
		release()
		if err := c.ForceUnsubscribe("nobody's"); err != nil {
			t.Errorf("of a channel that nothing holds: %v", err)
		}
		if err := c.ForceUnsubscribe(""); !errors.Is(err, rtx.ErrChannelName) {
			t.Errorf("of no name: %v", err)
		}
		_ = c.Close()
		if err := c.ForceUnsubscribe("b"); !errors.Is(err, rtx.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
}

// Of two first holds with different user data, at the same time, one is told.
func TestTwoFirstHoldsWithDifferentUserData(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s, signing(s))
		release := s.HoldConfirmations()
		results := make(chan error)
		for _, id := range []string{"anna", "bert"} {
			ch := c.Channel("presence-a", rtx.WithUserData(map[string]string{"user_id": id}))
			go func() { results <- subscribe(t.Context(), ch) }()
		}
		var bad *rtx.OptionError
		if err := <-results; !errors.As(err, &bad) || bad.Option != "WithUserData" {
			t.Errorf("the second: %v", err)
		}
		release()
		if err := <-results; err != nil {
			t.Errorf("the first: %v", err)
		}
		if n := len(s.Members("presence-a")); n != 1 {
			t.Errorf("%d members", n)
		}
	})
}
