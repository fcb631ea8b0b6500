package rtx

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/realtimex/realtimex-go/rtx/auth"
)

// wrapped sends one of the service's own events as a publisher's come.
func (w *wire) wrapped(channel, name string) {
	w.tb.Helper()
	w.publish(channel, name, fmt.Sprintf(`{"channel":%q}`, channel))
}

// unanswered opens a stream, and lets its request go without an answer.
func (w *wire) unanswered(ctx context.Context, channel string) *Stream[int] {
	w.tb.Helper()
	s := On[int](ctx, w.c.Channel(channel), "n")
	if _, err := w.c.look(w.sess); err != nil {
		w.tb.Fatal(err)
	}
	if n := len(w.sess.sent); n != 1 {
		w.tb.Fatalf("%d packets were written", n)
	}
	w.sess.sent = nil
	return s
}

// What is wrapped can be a publisher's: a confirmation counts for a request that is outstanding,
// whatever this service has shown on other channels; a refusal does not once it has answered by
// itself, and never on a channel that is confirmed.
func TestWrappedAnswers(t *testing.T) {
	for _, shown := range []bool{false, true} {
		t.Run(fmt.Sprintf("answered by itself before: %v", shown), func(t *testing.T) {
			w := newWire(t)
			defer w.c.Close()
			w.up()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if shown {
				_ = On[int](ctx, w.c.Channel("before"), "n")
				w.settle()
			}
			_ = w.unanswered(ctx, "a")
			w.wrapped("a", evSucceeded)
			if got := w.c.Channel("a").State(); got != ChannelSubscribed {
				t.Errorf("after a wrapped confirmation: %v", got)
			}
			w.wrapped("a", evRefused)
			if got := w.c.Channel("a").State(); got != ChannelSubscribed {
				t.Errorf("after a wrapped refusal of a confirmed channel: %v", got)
			}
			refused := w.unanswered(ctx, "b")
			w.wrapped("b", evRefused)
			if ended := refused.Err() != nil; ended == shown {
				t.Errorf("after a wrapped refusal: %v", refused.Err())
			}
			w.wrapped("a", evEstablished)
			w.wrapped("a", evPong)
			if n := w.c.Stats().Ignored; n < 3 {
				t.Errorf("%d were ignored", n)
			}
		})
	}
}

// A wrapped confirmation of a channel that was confirmed topmost is a copy. It may come when the
// channel was left and is asked for again, and does not confirm that request.
func TestLateCopiesOfAConfirmation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		signer, err := auth.NewSigner("key", "secret")
		if err != nil {
			t.Fatal(err)
		}
		w := newWire(t, WithAuth(signer.Authorizer(auth.Member{ID: "ann"})))
		defer w.c.Close()
		w.up()
		ch := w.c.Channel("presence-a")
		signed := func() { // the authorizer has answered, and what is due is written
			synctest.Wait()
			if _, err := w.c.look(w.sess); err != nil {
				t.Fatal(err)
			}
		}
		s := On[int](t.Context(), ch, "n")
		w.settle()
		signed()
		w.settle()
		if err := s.Readiness(); err != nil {
			t.Fatal(err)
		}
		s.Close()
		signed() // it is left
		again := On[int](t.Context(), ch, "n")
		signed()
		signed()
		for _, name := range []string{evSucceeded, evPresenceSucceeded} {
			w.wrapped("presence-a", name)
			if again.Readiness() == nil {
				t.Errorf("confirmed by a copy, %s", name)
			}
		}
		w.settle()
		if err := again.Readiness(); err != nil {
			t.Error(err)
		}
	})
}

// One request has one wrapped answer of each name. The next is a copy, or a publisher's.
func TestAWrappedConfirmationCountsOnce(t *testing.T) {
	w := newWire(t)
	defer w.c.Close()
	w.up()
	_ = w.unanswered(t.Context(), "a")
	for i, name := range []string{evSucceeded, evPresenceSucceeded, evSucceeded, evPresenceSucceeded} {
		before := w.c.Stats().Ignored
		w.wrapped("a", name)
		if ignored := w.c.Stats().Ignored - before; ignored != uint64(i/2) {
			t.Errorf("confirmation %d, %s: %d were ignored", i+1, name, ignored)
		}
	}
}
