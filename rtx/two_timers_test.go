package rtx

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/core"
	"github.com/realtimex/realtimex-go/internal/observe"
)

// noted is an observer that counts what it is told.
type noted map[observe.Kind]int

func (n noted) Take(f observe.Fact)           { n[f.Kind]++ }
func (n noted) Figures(func(observe.Figures)) {}

// Two times come in one look: a channel is given up after two requests without an answer, and the
// unanswered request for a roster, made 10 s after the first of these, shows that the service is
// deaf. The stream of the one ends all the same, and Ready returns; the room of the other is told
// of the loss. A process that stood still has both in either order.
func TestChannelGivenUpInTheLookThatEndsTheSession(t *testing.T) {
	for name, opens := range map[string]time.Duration{
		"at once": 10 * time.Second, "deaf first": 9500 * time.Millisecond, "given up first": 10500 * time.Millisecond,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScripted(t)
				s.dial = func(_ context.Context, _ int, sess *scriptedSession) error {
					sess.info.PID = "pid"
					return nil
				}
				sess := s.connect()
				held := s.c.Channel("held")
				if _, err := held.Subscribe(t.Context()); err != nil {
					t.Fatal(err)
				}
				sess.set(func() { sess.confirms = false })
				start := time.Now()
				stream := On[int](t.Context(), s.c.Channel("a"), "n")
				ready := make(chan error, 1)
				go func() { ready <- stream.Ready(t.Context()) }()
				time.Sleep(opens)
				room := noted{}
				if _, err := held.Observe(func() observe.Observer { return room }); err != nil {
					t.Fatal(err)
				}
				time.Sleep(19*time.Second - opens)
				sess.set(func() { sess.writeTime = 2 * time.Second }) // the process stands still
				sess.ping()
				time.Sleep(3 * time.Second)
				select {
				case err := <-ready:
					if !errors.Is(err, ErrSubscribeTimeout) {
						t.Errorf("Ready: %v", err)
					}
				default:
					t.Fatal("Ready hangs")
				}
				if _, ok := <-stream.C; ok || !errors.Is(stream.Err(), ErrSubscribeTimeout) {
					t.Errorf("the stream: %v", stream.Err())
				}
				if !errors.Is(sess.cause(), core.ErrDeaf) {
					t.Errorf("the session ended with %v", sess.cause())
				}
				if s.count() != 2 || held.State() != ChannelSubscribed || room[observe.Stale] != 1 || room[observe.Confirmed] != 1 {
					t.Errorf("after %v: %d attempts, the other channel is %v, its room was told %v",
						time.Since(start), s.count(), held.State(), room)
				}
			})
		})
	}
}
