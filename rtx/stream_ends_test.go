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

var errEnough = errors.New("enough")

// ended checks that a stream with two buffered values has ended with want, and closes C after them.
func ended(t *testing.T, s *rtx.Stream[numbered], want error) {
	t.Helper()
	for n := 1; n <= 2; n++ {
		if v, ok := <-s.C; !ok || v.N != n {
			t.Fatalf("received %v, %v, want the buffered %d", v, ok, n)
		}
	}
	if v, ok := <-s.C; ok {
		t.Fatalf("received %v after the end", v)
	}
	if !errors.Is(s.Err(), want) || (want == nil) != (s.Err() == nil) {
		t.Fatalf("ended with %v, want %v", s.Err(), want)
	}
}

func TestEveryEndOfAStream(t *testing.T) {
	cases := []struct {
		name string
		end  func(c *rtx.Client, s *rtx.Stream[numbered], cancel context.CancelCauseFunc)
		want error
		left bool // the channel is left, since nothing else holds it
	}{
		{"context", func(_ *rtx.Client, _ *rtx.Stream[numbered], cancel context.CancelCauseFunc) { cancel(errEnough) }, errEnough, true},
		{"Close", func(_ *rtx.Client, s *rtx.Stream[numbered], _ context.CancelCauseFunc) { s.Close(); s.Close() }, nil, true},
		{"Unsubscribe", func(c *rtx.Client, _ *rtx.Stream[numbered], _ context.CancelCauseFunc) {
			_ = c.ForceUnsubscribe("a")
		}, rtx.ErrUnsubscribed, true},
		{"Drain", func(c *rtx.Client, _ *rtx.Stream[numbered], _ context.CancelCauseFunc) {
			_ = c.Drain(context.Background())
		}, nil, true},
		{"client's Close", func(c *rtx.Client, _ *rtx.Stream[numbered], _ context.CancelCauseFunc) { _ = c.Close() }, rtx.ErrClosed, false},
		{"Close, then the context", func(_ *rtx.Client, s *rtx.Stream[numbered], cancel context.CancelCauseFunc) {
			s.Close()
			cancel(errEnough)
		}, nil, true},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *testserver.Server) {
				c := connect(t, s)
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				stream := rtx.On[numbered](ctx, c.Channel("a"), "n")
				if err := stream.Ready(ctx); err != nil {
					t.Fatal(err)
				}
				publish(s, "a", 1, 2)
				tc.end(c, stream, cancel)
				synctest.Wait()
				ended(t, stream, tc.want)
				if err := stream.Ready(t.Context()); err == nil {
					t.Error("a stream that has ended is ready")
				}
				if tc.left {
					s.WaitUnsubscribed("a")
					if n := len(s.ReceivedOn(testserver.KindUnsubscribe, "a")); n != 1 {
						t.Errorf("%d unsubscriptions", n)
					}
				}
			})
		})
	}
}

func TestRefusalEndsTheStreamAndTheNextAsksAgain(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		s.Deny("a", "not today", 4403)
		stream := rtx.On[numbered](t.Context(), c.Channel("a"), "n")
		for _, err := range []error{stream.Ready(t.Context()), stream.Ready(t.Context()), func() error { <-stream.C; return stream.Err() }()} {
			var refused *rtx.SubscribeError
			if !errors.As(err, &refused) || refused.Channel != "a" || refused.Code != 4403 || refused.Message != "not today" {
				t.Fatalf("the refusal is told as %v", err)
			}
		}
		s.Allow("a")
		opened[numbered](t, c.Channel("a"), "n")
	})
}

// A mistake gives a stream that has ended, and the service hears nothing of it.
func TestMistakesEndAStreamWithoutTraffic(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c, other := connect(t, s), connect(t, s)
		closed := connect(t, s)
		_ = closed.Close()
		ch, ctx := c.Channel("a"), t.Context()
		on := func(ctx context.Context, src rtx.Source, event string, opts ...rtx.StreamOption) *rtx.Stream[numbered] {
			return rtx.On[numbered](ctx, src, event, opts...)
		}
		same := func(v numbered) numbered { return v }
		for name, tc := range map[string]struct {
			s    *rtx.Stream[numbered]
			want error  // matched by errors.Is, if not nil
			text string // part of what it says
		}{
			"empty event":        {on(ctx, ch, ""), rtx.ErrEventName, "empty"},
			"long event":         {on(ctx, ch, strings.Repeat("e", 201)), rtx.ErrEventName, "201"},
			"bad channel":        {on(ctx, c.Channel(""), "n"), rtx.ErrChannelName, "empty"},
			"no authorizer":      {on(ctx, c.Channel("private-a"), "n"), rtx.ErrAuthRequired, "WithAuth"},
			"ended context":      {on(canceled(errEnough), ch, "n"), errEnough, ""},
			"closed client":      {on(ctx, closed.Channel("a"), "n"), rtx.ErrClosed, ""},
			"closed client, all": {on(ctx, closed, "n"), rtx.ErrClosed, ""},
			"no buffer":          {on(ctx, ch, "n", rtx.WithBuffer(0)), nil, "WithBuffer"},
			"unbounded growth":   {on(ctx, ch, "n", rtx.WithOverflow(rtx.Grow(0))), nil, "WithOverflow"},
			"no name":            {on(ctx, ch, "n", rtx.WithName("")), nil, "WithName"},
			"nil source":         {on(ctx, nil, "n"), nil, "source"},
			"nil channel":        {on(ctx, (*rtx.Channel)(nil), "n"), nil, "channel is nil"},
			"empty group":        {on(ctx, rtx.NewGroup(), "n"), nil, "group"},
			"two clients":        {on(ctx, rtx.NewGroup(ch, other.Channel("a")), "n"), nil, "one client"},
			"nil in a group":     {on(ctx, rtx.NewGroup(nil, ch), "n"), nil, "not nil"},
			"group without auth": {on(ctx, rtx.NewGroup(ch, c.Channel("private-a")), "n"), rtx.ErrAuthRequired, ""},
			"no case":            {rtx.OnAny(ctx, ch, rtx.Cases[numbered]()), nil, "no case"},
			"zero case":          {rtx.OnAny(ctx, ch, rtx.Cases(rtx.Case[numbered]{})), nil, "function"},
			"nil function":       {rtx.OnAny(ctx, ch, rtx.Cases(rtx.CaseOf[numbered, numbered]("n", nil))), nil, "function"},
			"the same case twice": {
				rtx.OnAny(ctx, ch, rtx.Cases(rtx.CaseOf("n", same), rtx.CaseOf("n", same))), nil, "two cases",
			},
			"no partitions": {rtx.Partition(ctx, ch, "n", 0, func(numbered) int { return 0 })[0], nil, "Partition"},
			"no key":        {rtx.Partition[numbered, int](ctx, ch, "n", 2, nil)[1], nil, "key"},
		} {
			if _, ok := <-tc.s.C; ok || tc.s.Err() == nil {
				t.Errorf("%s: the stream is open", name)
				continue
			}
			if tc.want != nil && !errors.Is(tc.s.Err(), tc.want) || !strings.Contains(tc.s.Err().Error(), tc.text) {
				t.Errorf("%s: %v", name, tc.s.Err())
			}
			if err := tc.s.Ready(ctx); !errors.Is(err, tc.s.Err()) {
				t.Errorf("%s: Ready says %v, Err %v", name, err, tc.s.Err())
			}
			tc.s.Close()
			for range tc.s.All() {
				t.Errorf("%s: something came", name)
			}
		}
		synctest.Wait()
		if got := s.Received(); len(got) > 0 {
			t.Errorf("the service heard of it: %+v", got)
		}
		if st := c.Stats(); st.Streams != 0 || st.Channels != 0 {
			t.Errorf("%+v", st)
		}
	})
}

// The last of those who hold a channel leaves it, and a storm of joins and leaves comes to what is
// wanted last.
func TestChannelIsHeldByItsStreams(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		first, second := opened[numbered](t, c.Channel("a"), "n"), opened[numbered](t, c.Channel("a"), "m")
		first.Close()
		synctest.Wait()
		if c.Channel("a").State() != rtx.ChannelSubscribed || len(s.ReceivedOn(testserver.KindUnsubscribe, "a")) != 0 {
			t.Fatal("the channel was left though a stream holds it")
		}
		second.Close()
		s.WaitUnsubscribed("a")

		for range 1000 {
			rtx.On[numbered](t.Context(), c.Channel("a"), "n").Close()
		}
		last := opened[numbered](t, c.Channel("a"), "n")
		publish(s, "a", 7)
		if v := next(t, last); v.N != 7 {
			t.Errorf("received %v", v)
		}
		for range 1000 {
			rtx.On[numbered](t.Context(), c.Channel("a"), "n").Close()
		}
		last.Close()
		s.WaitUnsubscribed("a")
	})
}

// Ready ends with the stream, not only with the channel's outcome.
func TestReadyEndsWithTheStream(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		s.HangNext(testserver.StepSubscribe, 1)
		hold := rtx.On[numbered](t.Context(), c.Channel("a"), "n")
		ctx, cancel := context.WithCancelCause(t.Context())
		stream := rtx.On[numbered](ctx, c.Channel("a"), "n")
		outcome := make(chan error, 1)
		go func() { outcome <- stream.Ready(t.Context()) }()
		synctest.Wait()
		cancel(errEnough)
		synctest.Wait()
		select {
		case err := <-outcome:
			if !errors.Is(err, errEnough) {
				t.Errorf("Ready: %v", err)
			}
		default:
			t.Error("Ready waits for a channel that the stream does not hold any more")
		}
		waiting, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if err := hold.Ready(waiting); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Ready: %v", err)
		}
		go func() { outcome <- hold.Ready(t.Context()) }()
		synctest.Wait()
		_ = c.Close()
		if err := <-outcome; !errors.Is(err, rtx.ErrClosed) {
			t.Errorf("Ready: %v", err)
		}
	})
}

// A Grow stream that overflowed goes on letting its spill out; its context, Close and the client's
// end discard the rest.
func TestSpillAfterAnOverflow(t *testing.T) {
	for name, tc := range map[string]struct {
		end  func(c *rtx.Client, s *rtx.Stream[numbered], cancel context.CancelFunc)
		rest int // what can still be read
	}{
		"read on": {func(*rtx.Client, *rtx.Stream[numbered], context.CancelFunc) {}, 6},
		"Drain":   {func(c *rtx.Client, _ *rtx.Stream[numbered], _ context.CancelFunc) { _ = c.Drain(canceled(nil)) }, 6},
		"context": {func(_ *rtx.Client, _ *rtx.Stream[numbered], cancel context.CancelFunc) { cancel() }, 2},
		"Close":   {func(_ *rtx.Client, s *rtx.Stream[numbered], _ context.CancelFunc) { s.Close() }, 2},
		"client":  {func(c *rtx.Client, _ *rtx.Stream[numbered], _ context.CancelFunc) { _ = c.Close() }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *testserver.Server) {
				c := connect(t, s)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				stream := rtx.On[numbered](ctx, c.Channel("a"), "n", rtx.WithBuffer(2), rtx.WithOverflow(rtx.Grow(4*int64(len(`{"n":1}`)))))
				if err := stream.Ready(ctx); err != nil {
					t.Fatal(err)
				}
				publish(s, "a", 1, 2, 3, 4, 5, 6, 7)
				if !errors.Is(stream.Err(), rtx.ErrOverflow) {
					t.Fatalf("Err is %v", stream.Err())
				}
				tc.end(c, stream, cancel)
				synctest.Wait()
				var values, dropped int
				for _, g := range stream.All() {
					if g == nil {
						values++
					} else {
						dropped += int(g.Dropped)
					}
				}
				if values != tc.rest || values+dropped != 7 || !errors.Is(stream.Err(), rtx.ErrOverflow) {
					t.Errorf("%d values, %d dropped, %v", values, dropped, stream.Err())
				}
			})
		})
	}
}
