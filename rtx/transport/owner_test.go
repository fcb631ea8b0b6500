package transport_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

// owner is a Handler that notes what it is told, and when.
type owner struct {
	t     *testing.T
	sup   *transport.Supervisor
	start time.Time

	resume  transport.Resume
	up      func(transport.Session) // nil: Established at once
	receive func(transport.Session, transport.Packet) error
	work    func(transport.Session, time.Time) (time.Time, error)

	mu     sync.Mutex
	notes  []note
	inside int // sessions up now
}

// note is one call.
type note struct {
	at      time.Duration // since the owner was made
	what    string        // "dialing", "up", "packet", "work", "down", "retrying"
	attempt int
	delay   time.Duration
	cause   error
	data    string
}

func (n note) String() string {
	return fmt.Sprintf("%v %s attempt=%d delay=%v cause=%v %s", n.at, n.what, n.attempt, n.delay, n.cause, n.data)
}

func newOwner(t *testing.T, d transport.Dialer, o transport.SupervisorOptions) *owner {
	w := &owner{t: t, start: time.Now()}
	w.sup = transport.NewSupervisor(d, w, o)
	t.Cleanup(func() { _ = w.sup.Close() })
	return w
}

func (w *owner) note(n note) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n.at = time.Since(w.start)
	w.notes = append(w.notes, n)
}

// all returns the notes of one kind.
func (w *owner) all(what string) []note {
	w.mu.Lock()
	defer w.mu.Unlock()
	var some []note
	for _, n := range w.notes {
		if n.what == what {
			some = append(some, n)
		}
	}
	return some
}

// last returns the last note of a kind, and fails the test if there is none.
func (w *owner) last(what string) note {
	w.t.Helper()
	some := w.all(what)
	if len(some) == 0 {
		w.t.Fatalf("no %q among %v", what, w.dump())
	}
	return some[len(some)-1]
}

func (w *owner) dump() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var b strings.Builder
	for _, n := range w.notes {
		b.WriteString("\n\t" + n.String())
	}
	return b.String()
}

// order is the kinds of notes, without packets and work.
func (w *owner) order() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var kinds []string
	for _, n := range w.notes {
		if !slices.Contains([]string{"packet", "work"}, n.what) {
			kinds = append(kinds, n.what)
		}
	}
	return kinds
}

func (w *owner) Dialing(attempt int) { w.note(note{what: "dialing", attempt: attempt}) }

func (w *owner) Resume() transport.Resume { return w.resume }

func (w *owner) Up(s transport.Session) {
	w.enter(1)
	w.note(note{what: "up"})
	if w.up != nil {
		w.up(s)
		return
	}
	w.sup.Established(s)
}

// enter holds the supervisor to one session at a time.
func (w *owner) enter(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.inside += n; w.inside < 0 || w.inside > 1 {
		w.t.Errorf("%d sessions are up at once", w.inside)
	}
}

func (w *owner) Receive(s transport.Session, p transport.Packet) error {
	w.note(note{what: "packet", data: string(p.Data)})
	if w.receive != nil {
		return w.receive(s, p)
	}
	return nil
}

func (w *owner) Work(s transport.Session, now time.Time) (time.Time, error) {
	w.note(note{what: "work"})
	if w.work != nil {
		return w.work(s, now)
	}
	return time.Time{}, nil
}

func (w *owner) Down(s transport.Session, cause error) {
	w.enter(-1)
	w.note(note{what: "down", cause: cause})
}

func (w *owner) Retrying(attempt int, delay time.Duration, cause error) {
	w.note(note{what: "retrying", attempt: attempt, delay: delay, cause: cause})
}
