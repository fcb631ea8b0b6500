package rtx

import (
	"log/slog"
	"sync"
	"time"

	"github.com/realtimex/realtimex-go/internal/core"
	"github.com/realtimex/realtimex-go/internal/stream"
)

// A tracer calls the hooks of the traces of one client. A client without a Trace has none.
//
// The hooks that tell of decisions are put into a queue while the decision is made, and called
// afterwards without a lock, by one goroutine at a time: by whoever finds that no other does. So
// they keep the order of the decisions, whichever goroutines make them, and a hook that makes the
// client decide something is not called within itself.
type tracer struct {
	log *slog.Logger

	dialStart       hook[DialStartInfo]
	dialDone        hook[DialDoneInfo]
	connected       hook[ConnectedInfo]
	lost            hook[LostInfo]
	subscribeStart  hook[SubscribeStartInfo]
	subscribed      hook[SubscribedInfo]
	subscribeFailed hook[SubscribeFailedInfo]
	authorized      hook[AuthorizedInfo]
	gap             hook[GapInfo]
	sent            hook[SentInfo]
	unclaimed       hook[UnclaimedInfo]
	closed          hook[ClosedInfo]
	slow            []slowHook

	mu      sync.Mutex // guards what follows; not held while a hook runs
	queue   []func()
	calling bool // a goroutine calls what is in the queue

	dial dial // the last attempt; of the connection's goroutine and, while there is a session, of its reader

	// These are guarded by the client's lock.
	up    time.Time // since when there is a connection; zero if there is none
	down  time.Time // since when there is none; zero if there never was one
	asked map[*core.Channel]asking
}

// dial is an attempt to connect.
type dial struct {
	attempt  int
	began    time.Time
	recovery Recovery
}

// asking is the last request to subscribe to a channel on this connection.
type asking struct {
	at    time.Time
	again bool
}

// hook are the functions of all traces for one thing, in their order.
type hook[I any] struct {
	name  string
	calls []func(I)
}

type slowHook struct {
	share float64
	hook  hook[SlowInfo]
}

const defaultSlowShare = 0.8

// newTracer returns the tracer for some traces, or nil if there are none.
func newTracer(traces []Trace, log *slog.Logger) *tracer {
	if len(traces) == 0 {
		return nil
	}
	t := &tracer{log: log, asked: make(map[*core.Channel]asking)}
	for i := range traces {
		tr := &traces[i]
		t.dialStart.add("DialStart", tr.DialStart)
		t.dialDone.add("DialDone", tr.DialDone)
		t.connected.add("Connected", tr.Connected)
		t.lost.add("Lost", tr.Lost)
		t.subscribeStart.add("SubscribeStart", tr.SubscribeStart)
		t.subscribed.add("Subscribed", tr.Subscribed)
		t.subscribeFailed.add("SubscribeFailed", tr.SubscribeFailed)
		t.authorized.add("Authorized", tr.Authorized)
		t.gap.add("Gap", tr.Gap)
		t.sent.add("Sent", tr.Sent)
		t.unclaimed.add("Unclaimed", tr.Unclaimed)
		t.closed.add("Closed", tr.Closed)
		if tr.Slow != nil {
			s := slowHook{share: tr.SlowShare}
			if s.share == 0 {
				s.share = defaultSlowShare
			}
			s.hook.add("Slow", tr.Slow)
			t.slow = append(t.slow, s)
		}
	}
	return t
}

func (h *hook[I]) add(name string, f func(I)) {
	if f != nil {
		h.name, h.calls = name, append(h.calls, f)
	}
}

// now calls the hook on this goroutine, which must hold no lock.
func (h *hook[I]) now(t *tracer, info I) {
	for _, f := range h.calls {
		t.guarded(h.name, func() { f(info) })
	}
}

// later puts a call of the hook into the queue. It may be called with the client's lock held.
func (h *hook[I]) later(t *tracer, info I) {
	if len(h.calls) == 0 {
		return
	}
	t.mu.Lock()
	t.queue = append(t.queue, func() { h.now(t, info) })
	t.mu.Unlock()
}

// guarded calls user code, and logs its panic.
func (t *tracer) guarded(name string, f func()) {
	defer func() {
		if p := recover(); p != nil {
			t.log.Error("rtx: hook of a Trace failed", "hook", name, "error", readable(&PanicError{Value: p}))
		}
	}()
	f()
}

// drain calls what is in the queue, unless another goroutine does. No lock may be held. t may be
// nil.
func (t *tracer) drain() {
	if t == nil || !t.begin() {
		return
	}
	over := false
	defer func() {
		if !over { // a hook has ended the goroutine
			t.mu.Lock()
			t.calling = false
			t.mu.Unlock()
		}
	}()
	for call := t.next(); call != nil; call = t.next() {
		call()
	}
	over = true
}

// begin reports whether there is something to call and nobody else calls it.
func (t *tracer) begin() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.queue) == 0 || t.calling {
		return false
	}
	t.calling = true
	return true
}

// next removes and returns the next call. If there is none, it notes under the same lock that nobody
// calls any more.
func (t *tracer) next() (call func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.queue) == 0 {
		t.queue, t.calling = nil, false
		return nil
	}
	call, t.queue[0] = t.queue[0], nil
	t.queue = t.queue[1:]
	return call
}

// dials tells of an attempt that begins now. r is its Recovery unless the session is restored.
func (t *tracer) dials(attempt int, resume bool, r Recovery) {
	if t == nil {
		return
	}
	t.dial = dial{attempt, time.Now(), r}
	t.dialStart.later(t, DialStartInfo{Attempt: attempt, Resume: resume})
	t.drain()
}

// dialFailed tells of an attempt that is over, or of its session that ended before its socket id
// was known.
func (t *tracer) dialFailed(step ConnectStep, err error) {
	if t != nil {
		t.dialDone.later(t, DialDoneInfo{Attempt: t.dial.attempt, Duration: time.Since(t.dial.began), Step: step, Err: err})
	}
}

// establishedLocked tells of an attempt that has succeeded.
func (t *tracer) establishedLocked(recovered bool) {
	if t == nil {
		return
	}
	if recovered {
		t.dial.recovery = RecoveryRestored
	}
	t.up = time.Now()
	t.dialDone.later(t, DialDoneInfo{Attempt: t.dial.attempt, Duration: t.up.Sub(t.dial.began), Resumed: recovered})
	info := ConnectedInfo{Attempt: t.dial.attempt, Recovery: t.dial.recovery}
	if !t.down.IsZero() {
		info.Down = t.up.Sub(t.down)
	}
	t.connected.later(t, info)
}

// endedLocked tells of a session that has ended.
func (t *tracer) endedLocked(err error) {
	if t == nil {
		return
	}
	clear(t.asked)
	if t.up.IsZero() {
		t.dialFailed("", err)
		return
	}
	t.down = time.Now()
	t.lost.later(t, LostInfo{Err: err, Up: t.down.Sub(t.up)})
	t.up = time.Time{}
}

// asksLocked tells of a request to subscribe that is written next.
func (t *tracer) asksLocked(ch *core.Channel) {
	if t == nil {
		return
	}
	_, missed := ch.Missed()
	again := missed || ch.Phase().Live()
	t.asked[ch] = asking{time.Now(), again}
	t.subscribeStart.later(t, SubscribeStartInfo{Channel: ch.Name, Again: again})
}

// confirmedLocked tells of a channel that is confirmed.
func (t *tracer) confirmedLocked(ch *core.Channel) {
	if t == nil {
		return
	}
	info := SubscribedInfo{Channel: ch.Name}
	if a, ok := t.asked[ch]; ok {
		info.Duration, info.Again = time.Since(a.at), a.again
		delete(t.asked, ch)
	}
	t.subscribed.later(t, info)
}

// failedLocked tells of a channel that is not confirmed.
func (t *tracer) failedLocked(ch *core.Channel, err error, retry bool, after time.Duration) {
	if t != nil {
		t.subscribeFailed.later(t, SubscribeFailedInfo{Channel: ch.Name, Err: err, Retry: retry, After: after})
	}
}

// forgottenLocked forgets a channel.
func (t *tracer) forgottenLocked(ch *core.Channel) {
	if t != nil {
		delete(t.asked, ch)
	}
}

// toldGap tells of a gap that a reader of a stream takes.
func (t *tracer) toldGap(id uint64, name string, g *Gap) {
	t.gap.now(t, GapInfo{ID: id, Name: name, Gap: *g})
}

// watchDepth has the hooks called when the queue of a stream fills up. It must be called before the
// first value.
func watchDepth[T any](t *tracer, q *stream.Queue[T], id uint64, name string) {
	if t == nil {
		return
	}
	for i := range t.slow {
		s := &t.slow[i]
		q.WatchDepth(s.share, func(depth, capacity int) {
			s.hook.now(t, SlowInfo{ID: id, Name: name, Depth: depth, Capacity: capacity, Share: s.share})
		})
	}
}
