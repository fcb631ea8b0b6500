package rtx

import (
	"context"
	"fmt"
	"testing"
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

// What is wrapped can be a publisher's: a confirmation counts for a request that is outstanding, whatever this service has
// shown before; a refusal does not once it has answered by itself, and never on a channel that is confirmed.
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
			if got := w.c.Channel("a").State(); got != Subscribed {
				t.Errorf("after a wrapped confirmation: %v", got)
			}
			w.wrapped("a", evRefused)
			if got := w.c.Channel("a").State(); got != Subscribed {
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
