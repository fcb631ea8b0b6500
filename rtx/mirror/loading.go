package mirror

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
)

// loading is a load that runs.
type loading[E any] struct {
	asked  scope
	began  time.Time
	kept   []E                // the events since
	old    error              // why its result is of no use any more; nil if it is
	cancel context.CancelFunc // nil if none runs
}

// drop has the load given up. Its outcome still comes.
func (l *loading[E]) drop() {
	l.kept = nil
	if l.cancel != nil {
		l.cancel()
	}
}

// outcome is what a load returned.
type outcome[K comparable, V any] struct {
	values map[K]V
	err    error
}

// need has a channel's part loaded, or everything for "", as it is after the time until. A load
// that began later does that already. One that began earlier is too old.
func (f *follower[K, V, E]) need(channel string, until time.Time, why *staleness) {
	if f.parts.load == nil {
		channel = ""
	}
	if l := &f.now; f.stage == running && l.asked.touches(channel) && l.old == nil {
		switch answered := l.began.After(until); {
		case answered && l.asked.has(channel):
			l.asked.add(channel, why) // it may have been so for longer than was known
			return
		case !answered:
			l.old = errOld
			l.drop()
		}
	}
	f.due.add(channel, why)
	f.show() // before the next event is applied
}

// errOld is not shown: the gap is.
var errOld = errors.New("a gap came during the load")

// act does what is due next.
func (f *follower[K, V, E]) act(ctx context.Context) {
	if f.stage != idle || f.due.empty() || f.down != nil {
		return
	}
	if d := time.Until(f.next); d > 0 {
		f.stage = pausing
		f.timer.Reset(d)
		return
	}
	f.stage = waiting
	f.loads.Go(func() {
		_ = f.stream.Ready(ctx) // a refusal is a gap too
		f.ready <- struct{}{}
	})
}

// confirmed begins a load. Everything is confirmed, but for channels that have left.
func (f *follower[K, V, E]) confirmed(ctx context.Context) {
	// What has come by now is older than the load, so it is no reason for another.
	f.drainStates()
	f.take()
	if f.down != nil || f.stream.Ended() { // of an ended one run takes the rest
		f.stage = idle
		return
	}
	if f.stream.Readiness() == nil { // a channel that had left was confirmed already when it came back
		for channel := range f.left {
			f.back(channel)
		}
	}
	f.stage = running
	ctx, cancel := context.WithTimeoutCause(ctx, f.cfg.timeout, ErrLoadTimeout)
	f.now = loading[E]{asked: f.due, began: time.Now(), cancel: cancel}
	f.due = scope{}
	f.next = f.now.began.Add(f.cfg.initial)
	channels := f.now.asked.channels()
	f.loads.Go(func() {
		values, err := f.call(ctx, channels)
		if err != nil && errors.Is(context.Cause(ctx), ErrLoadTimeout) {
			err = errors.Join(ErrLoadTimeout, err)
		}
		f.loaded <- outcome[K, V]{values, err}
	})
}

// call calls the user's function.
func (f *follower[K, V, E]) call(ctx context.Context, channels []string) (values map[K]V, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &rtx.PanicError{Value: r}
		}
	}()
	if channels == nil {
		return f.load(ctx)
	}
	return f.parts.load(ctx, channels)
}

// took takes the outcome of the load.
func (f *follower[K, V, E]) took(o outcome[K, V]) {
	l := f.now
	f.now, f.stage = loading[E]{}, idle
	l.cancel()
	err := l.old
	if err == nil {
		err = o.err
	}
	if err == nil {
		err = f.use(o.values, &l)
	}
	if err == nil {
		return
	}
	if err != errOld { //nolint:errorlint // it never leaves this package
		f.bad, f.news = err, true
	}
	f.m.mu.Lock()
	f.m.stats.Failed++
	f.m.mu.Unlock()
	f.due.addAll(l.asked)
	f.next = later(f.next, time.Now().Add(f.backoff()))
}

// backoff returns the delay after a failure, with full jitter.
func (f *follower[K, V, E]) backoff() time.Duration {
	bound := f.cfg.initial
	for range f.failures {
		if bound *= 2; bound >= f.cfg.limit || bound <= 0 {
			bound = f.cfg.limit
			break
		}
	}
	f.failures++
	return rand.N(bound + 1)
}

// use makes what was loaded the mirror's state, with the events applied that came meanwhile.
func (f *follower[K, V, E]) use(loaded map[K]V, l *loading[E]) (err error) {
	m := f.m
	defer func() {
		if r := recover(); r != nil { // of the function of WithParts; the lock is not held then
			err = &rtx.PanicError{Value: r}
		}
	}()
	values := make(map[K]V, len(loaded))
	if l.asked.all == nil {
		for k, v := range m.values {
			if l.asked.parts[f.parts.channel(k)] == nil {
				values[k] = v
			}
		}
		for k := range loaded {
			if l.asked.parts[f.parts.channel(k)] == nil {
				return errForeign
			}
		}
	}
	maps.Copy(values, loaded)
	state := &State[K, V]{values: values}
	for _, e := range l.kept {
		if f.change(state, e, l.began) {
			state.settle()
		}
	}
	changed := make([]K, 0)
	for k, v := range values {
		if was, had := m.values[k]; !had || !m.equal(was, v) {
			changed = append(changed, k)
		}
	}
	for k := range m.values {
		if _, has := values[k]; !has {
			changed = append(changed, k)
		}
	}
	f.failures, f.bad = 0, nil
	stale, _ := f.staleness()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, k := range changed {
		was, had := m.values[k]
		m.reader.note(k, was, had)
	}
	m.values = values
	m.stats.Loads++
	m.reader.loaded = true
	m.tellLocked(stale) // with the values, so that a change has both
	return nil
}

// event applies an event, and keeps it for the load that runs.
func (f *follower[K, V, E]) event(e E) {
	m := f.m
	if l := &f.now; f.stage == running && l.old == nil {
		if len(l.kept) >= f.cfg.maxEvents {
			l.old = ErrBehind
			l.drop()
		} else {
			l.kept = append(l.kept, e)
		}
	}
	if !m.reader.loaded { // which only this goroutine sets
		return
	}
	state := &f.scratch
	state.values = m.values
	if !f.change(state, e, time.Now()) {
		return
	}
	for k, e := range state.own {
		if was, had := m.values[k]; had == e.set && (!had || m.equal(was, e.value)) {
			delete(state.own, k)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for k := range state.own {
		was, had := m.values[k]
		m.reader.note(k, was, had)
	}
	state.settle()
	m.notifyLocked()
}

// change has an event change the state, which came at the time since or later, unless it is older
// than what is there. It reports whether there is a change to settle.
func (f *follower[K, V, E]) change(s *State[K, V], e E, since time.Time) (changed bool) {
	count := func(n *uint64) {
		f.m.mu.Lock()
		*n++
		f.m.mu.Unlock()
	}
	defer func() {
		if r := recover(); r != nil {
			clear(s.own)
			changed = false
			f.lost(&rtx.Gap{Malformed: 1, Since: since, Until: time.Now(), Err: &rtx.PanicError{Value: r}})
		}
	}()
	if f.older != nil && f.older(s, e) {
		count(&f.m.stats.LeftOut)
		return false
	}
	f.apply(s, e)
	count(&f.m.stats.Applied)
	return true
}

// lastHeard returns when the connection was last heard of before it was lost.
func lastHeard(st rtx.StateChange) time.Time {
	if lost, ok := errors.AsType[*rtx.LostError](st.Err); ok {
		return st.At.Add(-lost.Silence)
	}
	return st.At
}

// downError returns why there is no connection.
func downError(st rtx.StateChange) error {
	if st.Err != nil {
		return st.Err
	}
	return rtx.ErrNotConnected
}
