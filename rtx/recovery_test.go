package rtx

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

// An id is never sent without an offset, nor an offset with another id than it came under.
func TestIDAndOffsetAreSentTogether(t *testing.T) {
	var r recovery
	expect := func(when, pid, offset string) {
		t.Helper()
		if got := r.resume(true); got != (transport.Resume{PID: pid, Offset: offset}) {
			t.Errorf("%s: %+v", when, got)
		}
	}
	expect("before the first session", "", "")
	r.up(transport.Info{PID: "p"})
	expect("before the first event", "", "")
	r.take([]byte("1"))
	r.take(nil)
	expect("after an event with an offset, and one without", "p", "1")
	r.up(transport.Info{PID: "p"})
	expect("after the session came back", "p", "1")
	r.up(transport.Info{PID: "q"})
	expect("in another session, before its first event", "", "")
	r.take([]byte("2"))
	expect("after that", "q", "2")
	r.up(transport.Info{})
	expect("in a session that can't be recovered", "", "")
}

// An offset of a session that ended for good is of no use to the next, even if a service gives that
// the same id.
func TestTheOffsetOfAnEndedSessionIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScripted(t)
		s.dial = func(_ context.Context, n int, sess *scriptedSession) error {
			sess.info.PID = "p"
			sess.known = transport.End{PeerKnows: true, KeepsSession: n > 1}
			return nil
		}
		first := s.connect()
		stream := On[int](t.Context(), s.c.Channel("a"), "n")
		if err := stream.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		first.event(`["server-event",{"channel":"a","event":"n","data":1},"offset-1"]`)
		synctest.Wait()
		first.end(transport.ErrServerDisconnect)
		time.Sleep(10 * time.Second)
		s.session().end(transport.ErrServerClose)
		time.Sleep(10 * time.Second)
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.dials) != 3 {
			t.Fatalf("%d attempts, want 3", len(s.dials))
		}
		for i, d := range s.dials {
			if !d.resume.IsZero() {
				t.Errorf("attempt %d asks for %+v", i+1, d.resume)
			}
		}
	})
}
