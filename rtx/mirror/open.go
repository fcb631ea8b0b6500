package mirror

import (
	"context"
	"encoding/json"
	"reflect"
	"sync"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
)

// Open makes a mirror of state that changes by events. It subscribes to the source, calls load once
// everything is confirmed, and calls apply for each event from then on, in their order. Events that
// come while load runs are applied to its result. After each gap it calls load again, with back-off
// until it succeeds.
//
// load returns the whole state, as it is at some time during the call. The mirror copies the map.
// One call runs at a time. Its context ends with the mirror, after [WithLoadTimeout], and when a
// gap makes its result too old, which is then dropped; load should return soon after that.
//
// apply changes the state by one event, of the type E, which is what T is to [rtx.On]. With an E of
// rtx.Message it also gets the channel. It runs on the mirror's goroutine, and never beside another
// apply. The same event may be applied again to a state that was loaded meanwhile: see
// [WithVersion]. If apply panics, the event counts as lost, and everything is loaded again.
//
// The mirror ends with ctx. Open does not block and returns no error, as rtx.On; it may be called
// before Connect. A mistake gives a mirror that has ended, and Err says why. [Mirror.Fresh] waits
// until everything is loaded.
func Open[K comparable, V, E any](
	ctx context.Context, src rtx.Source, event string,
	load func(ctx context.Context) (map[K]V, error), apply func(s *State[K, V], e E), opts ...Option,
) *Mirror[K, V] {
	m := &Mirror[K, V]{
		wake: make(chan struct{}, 1), reload: make(chan struct{}, 1), over: make(chan struct{}),
		name: event, values: make(map[K]V), stale: &staleness{since: time.Now(), err: errNotLoaded},
		equal: func(a, b V) bool { return reflect.DeepEqual(a, b) },
	}
	m.Wake = m.wake
	f := &follower[K, V, E]{m: m, load: load, apply: apply}
	if err := f.prepare(ctx, opts); err != nil {
		m.cancel = func(error) {}
		m.finish(err)
		close(m.over)
		return m
	}
	ctx, m.cancel = context.WithCancelCause(ctx)
	f.stream = rtx.OnAny(ctx, src, cases[E](event), f.cfg.stream...)
	m.source = f.stream
	if name := f.stream.String(); name != "" {
		m.name = name
	}
	go f.run(ctx)
	return m
}

// prepare checks the arguments that the stream does not check.
func (f *follower[K, V, E]) prepare(ctx context.Context, opts []Option) (err error) {
	if f.cfg, err = newConfig(opts); err != nil {
		return err
	}
	switch {
	case ctx == nil:
		return errNilContext
	case f.load == nil:
		return badOption("Open", "load is nil")
	case f.apply == nil:
		return badOption("Open", "apply is nil")
	}
	if f.older, err = typed[func(*State[K, V], E) bool]("WithVersion", f.cfg.older); err != nil {
		return err
	}
	if f.parts, err = typed[parts[K, V]]("WithParts", f.cfg.parts); err != nil {
		return err
	}
	equal, err := typed[func(a, b V) bool]("WithEqual", f.cfg.equal)
	if equal != nil {
		f.m.equal = func(a, b V) (same bool) {
			defer func() { _ = recover() }() // what can't be compared counts as changed
			return equal(a, b)
		}
	}
	return err
}

// An item is what comes on the stream behind a mirror.
type item[E any] struct {
	event     E
	confirmed bool   // the channel was confirmed, and this is no event
	channel   string // that was confirmed
}

// cases are the events of a mirror's stream: the user's, and the confirmations of channels. A
// channel that is added to a group later has no gap, and what happened on it before is not loaded
// yet.
func cases[E any](event string) []rtx.Case[item[E]] {
	all := rtx.Cases(rtx.CaseOf(event, func(e E) item[E] { return item[E]{event: e} }))
	for _, name := range []string{"realtimex_internal:subscription_succeeded", "presence:subscription_succeeded"} {
		if name != event {
			all = append(all, rtx.CaseOf(name, func(m rtx.Message[json.RawMessage]) item[E] {
				return item[E]{confirmed: true, channel: m.Channel}
			}))
		}
	}
	return all
}

// A follower is a mirror's goroutine and what belongs to it alone.
type follower[K comparable, V, E any] struct {
	m      *Mirror[K, V]
	cfg    config
	stream *rtx.Stream[item[E]]
	states *rtx.States
	load   func(context.Context) (map[K]V, error)
	apply  func(*State[K, V], E)
	older  func(*State[K, V], E) bool // nil without WithVersion
	parts  parts[K, V]

	down *staleness            // there is no connection
	left map[string]*staleness // channels that have left the stream
	due  scope                 // what must be loaded
	bad  error                 // why the last load failed
	told *staleness            // the mirror was told last, without bad
	news bool                  // bad has changed since

	known    map[string]bool // channels that were confirmed
	restored map[string]bool // of these, those confirmed again on a restored session; nil on another
	scratch  State[K, V]     // for apply

	stage    stage
	loads    sync.WaitGroup
	now      loading[E] // the load that runs
	ready    chan struct{}
	loaded   chan outcome[K, V]
	failures int
	next     time.Time // when the next load may begin
	timer    *time.Timer
}

// A stage is how far the next load is.
type stage int

const (
	idle    stage = iota
	pausing       // until it may begin
	waiting       // until everything is confirmed
	running
)

func (f *follower[K, V, E]) run(ctx context.Context) {
	m := f.m
	defer close(m.over)
	defer m.cancel(nil) // lets the context go
	defer f.loads.Wait()
	f.states = f.stream.States(ctx)
	defer f.states.Close()
	f.timer = time.NewTimer(time.Hour)
	f.timer.Stop()
	defer f.timer.Stop()
	f.ready, f.loaded = make(chan struct{}, 1), make(chan outcome[K, V], 1)
	f.left = make(map[string]*staleness)
	f.told = m.stale
	f.due.add("", f.told)
	for {
		f.act(ctx)
		f.show()
		select {
		case <-f.stream.Wake:
			f.take()
			if f.stream.Ended() {
				f.now.drop()
				f.loads.Wait()
				m.finish(f.stream.Err())
				return
			}
		case st, ok := <-f.states.C:
			if !ok {
				f.states.C = nil
				continue
			}
			f.state(st)
		case <-f.ready:
			f.confirmed(ctx)
		case o := <-f.loaded:
			f.took(o)
		case <-f.timer.C:
			f.stage = idle
		case <-m.reload:
			m.mu.Lock()
			f.due.add("", m.asked)
			m.asked = nil
			m.mu.Unlock()
		}
	}
}

// take takes what is there on the stream.
func (f *follower[K, V, E]) take() {
	for it, gap := range f.stream.Pending() {
		switch {
		case gap != nil:
			f.lost(gap)
		case it.confirmed:
			f.joined(it.channel)
		default:
			f.event(it.event)
		}
	}
}

// maxKnown is how many channels a follower remembers. If there are more, some are loaded once more
// than they need be.
const maxKnown = 1 << 14

// joined has the part of a channel loaded that is confirmed, unless that is the second time because
// the session was restored: then nothing is missing.
func (f *follower[K, V, E]) joined(channel string) {
	f.drainStates() // those before the confirmation
	known := f.known[channel]
	if !known {
		if f.known == nil || len(f.known) >= maxKnown {
			f.known = make(map[string]bool)
		}
		f.known[channel] = true
	}
	if known && f.restored != nil && !f.restored[channel] {
		f.restored[channel] = true
		return
	}
	f.need(channel, time.Now(), &staleness{since: time.Now(), err: errNotLoaded})
	f.back(channel)
}

// drainStates takes the states that have come.
func (f *follower[K, V, E]) drainStates() {
	for {
		select {
		case st, ok := <-f.states.C:
			if !ok {
				f.states.C = nil
				return
			}
			f.state(st)
		default:
			return
		}
	}
}

// back has the part of a channel loaded that had left the stream, and is confirmed again.
func (f *follower[K, V, E]) back(channel string) {
	if s := f.left[channel]; s != nil {
		delete(f.left, channel)
		f.need(channel, time.Now(), s)
	}
}

// lost has loaded what a gap is about.
func (f *follower[K, V, E]) lost(gap *rtx.Gap) {
	f.m.mu.Lock()
	f.m.stats.Gaps++
	f.m.mu.Unlock()
	s := &staleness{since: gap.Since, gap: gap}
	if gap.Ended {
		f.left[gap.Channel] = s.with(f.left[gap.Channel]) // it may have come back and left again
		delete(f.known, gap.Channel)
	}
	f.need(gap.Channel, gap.Until, s)
}

// state follows the connection: without one, nobody tells what happens.
func (f *follower[K, V, E]) state(st rtx.StateChange) {
	f.restored = nil
	if st.Recovered {
		f.restored = make(map[string]bool)
	}
	if st.State != rtx.StateConnected {
		if f.down == nil {
			f.down = &staleness{since: lastHeard(st), err: downError(st)}
			f.show()
		}
		return
	}
	if f.down != nil && !st.Recovered {
		// The gaps say so too, of the channels that were confirmed.
		f.need("", st.At, &staleness{since: f.down.since})
	}
	f.down = nil
}

// show tells the mirror whether it is stale now.
func (f *follower[K, V, E]) show() {
	if s, news := f.staleness(); news {
		f.m.mu.Lock()
		defer f.m.mu.Unlock()
		f.m.tellLocked(s)
	}
}

// staleness returns since when and why the mirror is stale now, or nil; and whether the mirror must
// be told.
func (f *follower[K, V, E]) staleness() (s *staleness, news bool) {
	s = f.down
	for _, l := range f.left {
		s = l.with(s)
	}
	s = f.due.first().with(s)
	if f.stage == running {
		s = f.now.asked.first().with(s)
	}
	news = s != f.told || f.news
	f.told, f.news = s, false
	if s != nil && f.bad != nil {
		s = &staleness{s.since, s.gap, f.bad}
	}
	return s, news
}
