package mirror

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"sync"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
)

// A Mirror is a map that is kept true: loaded, kept current by events, and loaded again after each
// gap. [Open] makes it. All its methods may be called concurrently.
//
// A mirror ends with its context, by Close, and when its stream of events ends; Err says why. What
// it has stays readable, and is stale. If its context ends or its client is closed, it need not be
// closed.
//
// A nil or zero Mirror has ended and is empty. The Wake of a zero Mirror is nil, so a receive from
// it waits for ever.
type Mirror[K comparable, V any] struct {
	// Wake wakes a loop over Pending. It has capacity 1, and a token while there is a change to
	// take. It is closed at the end.
	Wake <-chan struct{}

	wake   chan struct{}
	name   string
	source source
	equal  func(a, b V) bool
	cancel context.CancelCauseFunc
	reload chan struct{} // capacity 1: Reload was called
	over   chan struct{} // closed when no goroutine is left

	mu      sync.Mutex // never held while the user's code runs
	values  map[K]V    // written by the mirror's goroutine alone
	reader  reader[K, V]
	stale   *staleness    // nil while it is fresh
	asked   *staleness    // Reload was called, and the mirror's goroutine does not know it yet
	unready time.Time     // since when the source was seen unready; zero if it is ready
	changed chan struct{} // closed at the next change of stale, or at the end; nil if nobody waits
	stats   Stats
	ended   bool
	err     error
}

// A source is the stream behind a mirror.
type source interface {
	Ready(ctx context.Context) error
	Readiness() error
}

// Stats are the figures of a mirror at one moment.
type Stats struct {
	Keys    int    // what the map has
	Loads   uint64 // loads that succeeded
	Failed  uint64 // loads that failed, or whose result was too old when it came
	Applied uint64 // events that were applied; once more if a load ended after them
	LeftOut uint64 // events that were older than what the map had: see WithVersion
	Gaps    uint64 // gaps of the stream of events
}

// opened reports whether Open made the mirror.
func (m *Mirror[K, V]) opened() bool { return m != nil && m.over != nil }

// Get returns the value of a key, as of now. If the mirror is stale, it is the last one known.
func (m *Mirror[K, V]) Get(k K) (v V, ok bool) {
	if !m.opened() {
		return v, false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok = m.values[k]
	return v, ok
}

// All returns an iterator over the keys and values as they are when the loop begins, in no
// particular order. It copies the map.
func (m *Mirror[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		if !m.opened() {
			return
		}
		m.mu.Lock()
		values := maps.Clone(m.values)
		m.mu.Unlock()
		maps.All(values)(yield)
	}
}

// Len returns the number of keys.
func (m *Mirror[K, V]) Len() int { return m.Stats().Keys }

// Stats returns the mirror's figures.
func (m *Mirror[K, V]) Stats() Stats {
	if !m.opened() {
		return Stats{}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.stats
	s.Keys = len(m.values)
	return s
}

// Err returns why the mirror ended. It is nil while it is open, after Close, and after
// Client.Drain. Otherwise it is what [rtx.Stream.Err] says of its stream, or an [*rtx.OptionError]
// for a mistake in the call of Open.
func (m *Mirror[K, V]) Err() error {
	if !m.opened() {
		return errNoMirror
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.err
}

// Close ends the mirror and waits until load and apply have returned. It may be called any number
// of times, but not by load or apply, which would wait for themselves.
func (m *Mirror[K, V]) Close() {
	if m.opened() {
		m.cancel(ErrClosed)
		<-m.over
	}
}

// Reload has everything loaded again, for a program that knows of a change which no event told. It
// does not wait. Until it is done the mirror is stale.
func (m *Mirror[K, V]) Reload() {
	if !m.opened() {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.asked != nil || m.ended {
		return
	}
	m.asked = &staleness{since: time.Now(), err: errReload}
	if m.stale == nil {
		m.tellLocked(m.asked)
	}
	m.reload <- struct{}{}
}

// Stale returns since when the mirror may be wrong, and a [*StaleError] that says why. If the
// mirror is fresh, it returns the zero time and nil: then it has everything that was loaded and
// every event since, as far as they have arrived. Events that are on their way cannot be known.
//
// A mirror is stale until the first load has succeeded; from a gap until a load has succeeded that
// began later; while there is no connection or a channel is not confirmed; while a channel has left
// a [rtx.Group] because it was refused; and after its end. The time is not later than the first
// event that may be missing; while the connection is down, it may still become earlier.
func (m *Mirror[K, V]) Stale() (since time.Time, why error) {
	if !m.opened() {
		return time.Time{}, errNoMirror
	}
	m.mu.Lock()
	s, ended := m.stale, m.ended
	m.mu.Unlock()
	if s == nil && !ended {
		s = m.unconfirmed()
	}
	if s == nil {
		return time.Time{}, nil
	}
	return s.since, &StaleError{Gap: s.gap, Err: s.err}
}

// unconfirmed returns why the channels are not confirmed although the connection is there, or nil.
// They were confirmed when the mirror last heard of them, so it is told with the time at which it
// was noticed.
func (m *Mirror[K, V]) unconfirmed() *staleness {
	err := m.source.Readiness()
	m.mu.Lock()
	defer m.mu.Unlock()
	if err == nil {
		m.unready = time.Time{}
		return m.stale // it may have changed meanwhile
	}
	if m.unready.IsZero() {
		m.unready = time.Now()
	}
	return &staleness{since: m.unready, err: err}
}

// Fresh waits until the mirror is fresh, and returns nil. It returns an [*rtx.WaitError] with the
// last failure if ctx ends first, and why the mirror ended if it ends. If the mirror is fresh
// already, Fresh returns nil even if ctx has ended.
func (m *Mirror[K, V]) Fresh(ctx context.Context) error {
	if !m.opened() {
		return errNoMirror
	}
	if ctx == nil {
		return errNilContext
	}
	for {
		m.mu.Lock()
		if m.ended {
			defer m.mu.Unlock()
			if m.err == nil {
				return ErrClosed
			}
			return m.err
		}
		fresh := m.stale == nil
		if m.changed == nil {
			m.changed = make(chan struct{})
		}
		changed := m.changed
		m.mu.Unlock()
		if fresh {
			if m.unconfirmed() == nil {
				return nil
			}
			if err := m.source.Ready(ctx); ctx.Err() != nil {
				return m.waited(ctx, err)
			}
			continue
		}
		select {
		case <-changed:
		case <-ctx.Done():
			_, why := m.Stale()
			return m.waited(ctx, why)
		}
	}
}

func (m *Mirror[K, V]) waited(ctx context.Context, last error) error {
	return &rtx.WaitError{For: fmt.Sprintf("the mirror of %q to be fresh", m.name), Cause: context.Cause(ctx), Last: last}
}

// tellLocked sets whether the mirror is stale, and wakes who waits for that.
func (m *Mirror[K, V]) tellLocked(s *staleness) {
	if s == nil {
		s = m.asked
	}
	m.stale = s
	m.reader.look(s == nil)
	m.notifyLocked()
}

func (m *Mirror[K, V]) notifyLocked() {
	if m.changed != nil {
		close(m.changed)
		m.changed = nil
	}
	if m.reader.due() && len(m.wake) == 0 {
		m.wake <- struct{}{}
	}
}

// finish ends the mirror.
func (m *Mirror[K, V]) finish(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ended = true
	if err != ErrClosed { //nolint:errorlint // one that wraps it has more to say, and is kept
		m.err = err
	}
	since := time.Now()
	if m.stale != nil {
		since = m.stale.since
	}
	why := err
	if why == nil {
		why = ErrClosed
	}
	m.stale = &staleness{since: since, err: why}
	m.reader.look(false)
	m.notifyLocked()
	close(m.wake)
}
