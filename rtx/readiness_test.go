package rtx_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
)

// A probe is a Readiness, by the name of what is asked.
type probes map[string]func() error

func probesOf(t *testing.T, c *rtx.Client, channels ...string) probes {
	t.Helper()
	group := rtx.NewGroup()
	p := probes{"client": c.Readiness, "group": group.Readiness}
	for _, name := range channels {
		if err := group.Add(c.Channel(name)); err != nil {
			t.Fatal(err)
		}
		p["stream of "+name] = rtx.On[numbered](t.Context(), c.Channel(name), "n").Readiness
	}
	p["stream of the group"] = rtx.On[numbered](t.Context(), group, "n").Readiness
	for _, part := range rtx.Partition(t.Context(), group, "n", 2, func(v numbered) int { return v.N }) {
		p[part.Stats().Name] = part.Readiness
	}
	return p
}

// missing expects each of the probes to say that, and why, if there is a reason.
func (p probes) missing(t *testing.T, why func(error) bool, what ...string) {
	t.Helper()
	for name, ask := range p {
		err := ask()
		var unready *rtx.NotReadyError
		if !errors.As(err, &unready) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		said := false
		for _, w := range what {
			said = said || unready.Missing == w
		}
		if !said || !strings.Contains(err.Error(), unready.Missing) {
			t.Errorf("%s: missing %q, want one of %q", name, unready.Missing, what)
		}
		if !why(unready.Last) || unready.Last != nil && !strings.Contains(err.Error(), unready.Last.Error()) {
			t.Errorf("%s: last failure %v", name, unready.Last)
		}
	}
}

func (p probes) ready(t *testing.T) {
	t.Helper()
	for name, ask := range p {
		if err := ask(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func nothing(err error) bool { return err == nil }

func TestReadinessThroughALife(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := newClient(t, s)
		probes{"client": c.Readiness}.missing(t, nothing, "a connection") // which holds nothing
		p := probesOf(t, c, "a")
		p.missing(t, nothing, "a connection", `a connection, to subscribe to "a"`)
		release := s.HoldConfirmations()
		if err := c.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		p.missing(t, nothing, `the subscription of "a"`)
		time.Sleep(15 * time.Second) // the first request was not answered in time
		p.missing(t, func(err error) bool { return errors.Is(err, rtx.ErrSubscribeTimeout) }, `the subscription of "a"`)
		release()
		synctest.Wait()
		p.ready(t)
		s.RefuseNext(1 << 20)
		s.DropAll(testserver.Reset)
		time.Sleep(time.Minute)
		p.missing(t, func(err error) bool {
			var dial *rtx.DialError
			return errors.As(err, &dial) && dial.Status == 503
		}, "a connection", `a connection, to subscribe to "a"`)
		s.RefuseNext(0)
		time.Sleep(time.Minute)
		p.ready(t)
		_ = c.Close()
		p.missing(t, func(err error) bool { return errors.Is(err, rtx.ErrClosed) }, "an open client", "an open stream")
	})
}

// Of several channels one is named: the first that failed, else the first.
func TestReadinessOfSeveralChannels(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		release := s.HoldConfirmations()
		group := rtx.NewGroup(c.Channel("a"), c.Channel("b"), c.Channel("c"))
		stream := rtx.On[numbered](t.Context(), group, "n")
		synctest.Wait()
		several := probes{"stream": stream.Readiness, "group": group.Readiness, "client": c.Readiness}
		several.missing(t, nothing, `the subscription of "a" and 2 more`)
		release()
		synctest.Wait()
		several.ready(t)

		s.Deny("b", "busy", 4150)
		s.Deny("c", "busy", 4150)
		s.DropAll(testserver.Reset)
		time.Sleep(time.Minute)
		refused := func(err error) bool {
			var e *rtx.SubscribeError
			return errors.As(err, &e) && e.Channel == "b" && e.Code == 4150
		}
		several.missing(t, refused, `the subscription of "b" and 1 more`)

		s.Deny("b", "not for you", 4009) // now it leaves the stream
		time.Sleep(10 * time.Minute)
		gone := func(err error) bool {
			var e *rtx.SubscribeError
			return errors.As(err, &e) && e.Channel == "b" && e.Code == 4009
		}
		probes{"stream": stream.Readiness, "group": group.Readiness}.missing(t, gone, `the subscription of "b"`)
		s.Allow("b")
		s.Allow("c")
		time.Sleep(10 * time.Minute)
		if err := c.Readiness(); err != nil { // nothing holds b any more
			t.Errorf("the client: %v", err)
		}
		if err := group.Add(c.Channel("b")); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		several.ready(t)
	})
}

// A group is as ready as its channels, whatever holds them; one that nothing holds is not
// confirmed.
func TestReadinessOfAGroupWithoutAStream(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		if err := new(rtx.Group).Readiness(); err != nil {
			t.Errorf("an empty group: %v", err)
		}
		group := rtx.NewGroup(c.Channel("a"), c.Channel("b"))
		held(t, c.Channel("a"))
		unheld := func(err error) bool { return errors.Is(err, rtx.ErrNotSubscribed) }
		probes{"group": group.Readiness}.missing(t, unheld, `the subscription of "b"`)
		hold := held(t, c.Channel("b"))
		probes{"group": group.Readiness}.ready(t)
		hold.Release()
		probes{"group": group.Readiness}.missing(t, unheld, `the subscription of "b"`)
	})
}

// A stream that has ended is not ready, and says why.
func TestReadinessOfAnEndedStream(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		why := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		byContext := rtx.On[numbered](ctx, c.Channel("a"), "n")
		whole := rtx.On[numbered](ctx, c, "n")
		probes{"whole client": whole.Readiness}.ready(t)
		cancel(why) // its callback may not have run yet
		probes{"by its context": byContext.Readiness, "whole client": whole.Readiness}.
			missing(t, func(err error) bool { return errors.Is(err, why) }, "an open stream")
		closed := opened[numbered](t, c.Channel("a"), "n")
		closed.Close()
		parts := rtx.Partition(t.Context(), c.Channel("a"), "n", 2, func(v numbered) int { return v.N })
		parts[0].Close()
		probes{"closed": closed.Readiness, "a part": parts[0].Readiness}.
			missing(t, func(err error) bool { return errors.Is(err, rtx.ErrNotSubscribed) }, "an open stream")
		held(t, c.Channel("a"))
		probes{"the other part": parts[1].Readiness, "errors": c.Errors(t.Context()).Readiness}.ready(t)
		mistake := rtx.On[numbered](t.Context(), c.Channel(""), "n")
		probes{"a mistake": mistake.Readiness}.
			missing(t, func(err error) bool { return errors.Is(err, rtx.ErrChannelName) }, "an open stream")
	})
}

// What is ready is so with a context that has ended; what is not ready for one channel of several
// is not.
func TestReadyWithAnEndedContext(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		stream := opened[numbered](t, c.Channel("a"), "n")
		group := rtx.NewGroup(c.Channel("a"))
		both := opened[numbered](t, group, "n")
		for range 100 { // not by chance
			for name, ready := range map[string]func(context.Context) error{
				"a stream": stream.Ready, "a stream of a group": both.Ready,
				"Subscribe": func(ctx context.Context) error { return subscribe(ctx, c.Channel("a")) },
			} {
				if err := ready(canceled(nil)); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
		}
		defer s.HoldConfirmations()()
		if err := group.Add(c.Channel("b")); err != nil {
			t.Fatal(err)
		}
		var wait *rtx.WaitError
		if err := both.Ready(canceled(nil)); !errors.As(err, &wait) || !strings.Contains(wait.For, `"b"`) {
			t.Errorf("with a second channel that is not confirmed: %v", err)
		}
	})
}

// A held confirmation waits while it is being delivered.
type heldConfirmation struct{}

var confirming, goOn chan struct{}

func (*heldConfirmation) UnmarshalJSON([]byte) error {
	confirming <- struct{}{}
	<-goOn
	return nil
}

// Whoever finds a channel ready has its confirmation on the streams that take it, so that nothing
// which says "from here on" comes later than that.
func TestNothingIsReadyBeforeTheConfirmationIsDelivered(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		confirming, goOn = make(chan struct{}), make(chan struct{})
		c := connect(t, s)
		release := s.HoldConfirmations()
		held := rtx.On[heldConfirmation](t.Context(), c.Channel("a"), "realtimex_internal:subscription_succeeded")
		late := rtx.On[rtx.Message[any]](t.Context(), c.Channel("a"), "realtimex_internal:subscription_succeeded")
		ready := make(chan error, 2)
		go func() { ready <- late.Ready(t.Context()) }()
		go func() { ready <- subscribe(t.Context(), c.Channel("a")) }()
		synctest.Wait()
		release()
		<-confirming
		synctest.Wait()
		for name, ask := range map[string]func() error{"stream": late.Readiness, "client": c.Readiness} {
			if ask() == nil {
				t.Errorf("the %s is ready, and the confirmation is not delivered", name)
			}
		}
		if got := c.Channel("a").State(); got != rtx.ChannelSubscribing {
			t.Errorf("the channel is %v", got)
		}
		if len(ready) != 0 {
			t.Error("a wait is over, and the confirmation is not delivered")
		}
		close(goOn)
		for range 2 {
			if err := <-ready; err != nil {
				t.Error(err)
			}
		}
		for name, n := range map[string]int{"held": len(held.C), "late": len(late.C)} {
			if n != 1 {
				t.Errorf("the stream %s has %d confirmations", name, n)
			}
		}
	})
}
