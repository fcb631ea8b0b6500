package presence

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/realtimex/realtimex-go/internal/observe"
	"github.com/realtimex/realtimex-go/rtx"
)

// A Room is who is on one presence channel, as changes. One goroutine reads C; the methods may be called by any.
//
// It holds the channel, and ends by its context, Close, the channel's unsubscription or refusal, a limit, Drain, or the
// client's end. Whoever opened it need not close it if its context ends. Watch opens it: a nil or zero Room has nobody, its
// C gives nothing for ever, and Ready and Err say so.
type Room[T any] struct {
	// C gives the changes. It is closed at the end; a change that was not taken before stays readable.
	C <-chan Change[T]

	cfg       config
	channel   string
	tracker   *tracker
	release   func()
	unmarshal func([]byte, any) error
	log       *slog.Logger
	ready     chan struct{} // closed at the first Snapshot
	done      chan struct{} // closed at the end
	scratch   []T           // of the tracker's order

	mu      sync.Mutex // never held across the user's decoder
	c       chan Change[T]
	table   table[T]
	pending pending[T]
	queued  bool // pending is in c, unless the reader has taken it
	taken   Kind // of the last change that the reader took; 0: none yet
	knows   bool // from that change: the roster is incomplete
	told    bool // ready is closed
	me      string
	partial bool
	merged  uint64
	bad     uint64
	warned  bool
	ended   bool
	err     error
	stop    func() bool // takes the context's callback back
}

// Watch opens a room on a channel whose name begins with "presence-". The channel is subscribed if it is not yet, now or
// once there is a connection; Ready waits for it. Infos are decoded into T by the client's JSON codec; a T of []byte or
// json.RawMessage gets them as they came. Rooms and streams of one channel share its subscription.
//
// The room ends with ctx. A bad option, a channel that is none of presence, a missing authorizer, a closed client or an
// ended ctx gives a room that has ended, with Err, and causes no traffic.
func Watch[T any](ctx context.Context, ch *rtx.Channel, opts ...Option) *Room[T] {
	cfg, err := newConfig(opts)
	r := newRoom[T](cfg)
	switch {
	case err != nil:
	case ch == nil:
		err = errors.New("presence: channel is nil")
	case ctx == nil:
		err = errNoContext
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case !strings.HasPrefix(ch.Name(), "presence-"):
		err = fmt.Errorf("%w: %q", ErrNotPresence, ch.Name())
	}
	if err != nil {
		r.finish(err)
		return r
	}
	r.channel = ch.Name()
	w, err := ch.Observe(func() observe.Observer {
		t := newTracker(r.channel)
		t.allow(cfg)
		return t
	})
	if err != nil {
		r.finish(err)
		return r
	}
	r.tracker, r.release, r.unmarshal, r.log = w.Observer.(*tracker), w.Release, w.Unmarshal, w.Log
	r.tracker.attach(r, w.Log)

	stop := context.AfterFunc(ctx, func() { r.finish(context.Cause(ctx)) })
	r.mu.Lock()
	r.stop = stop
	ended := r.ended
	r.mu.Unlock()
	if ended {
		stop()
	}
	return r
}

func newRoom[T any](cfg config) *Room[T] {
	// C holds one change. What the reader has not taken can be taken back and merged, so nothing ever waits elsewhere,
	// and no goroutine has to carry it over. With more places a reader could take one from between those taken back.
	c := make(chan Change[T], 1)
	return &Room[T]{C: c, c: c, cfg: cfg, ready: make(chan struct{}), done: make(chan struct{})}
}

// opened tells whether the room is one of Watch's: a nil or zero Room is none, has nobody, and has ended.
func (r *Room[T]) opened() bool { return r != nil && r.c != nil }

// Ready waits until the first Snapshot is there. It returns why the room ended, if it has: a [*rtx.SubscribeError] if the
// channel was refused, a [*MemberError], [ErrNotPresence]; or the cause of ctx.
func (r *Room[T]) Ready(ctx context.Context) error {
	switch {
	case !r.opened():
		return errNoRoom
	case ctx == nil:
		return errNoContext
	}
	select {
	case <-r.ready:
		return nil
	default:
	}
	select {
	case <-r.ready:
		return nil
	case <-r.done:
		if err := r.Err(); err != nil {
			return err
		}
		return errClosed
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Members returns who is there now, as far as is known: while the connection is lost, who was there last. It copies
// nothing. It may be ahead of what was taken from C; a [Set] is not.
func (r *Room[T]) Members() Roster[T] {
	if !r.opened() {
		return Roster[T]{}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.table.freeze()
}

// Me returns this client's own member, and whether it is known and there.
func (r *Room[T]) Me() (Member[T], bool) {
	if !r.opened() {
		return Member[T]{}, false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.me == "" {
		return Member[T]{}, false
	}
	return r.table.Get(r.me)
}

// Err returns nil while the room is open and after Close and Drain; else why it ended: context.Cause of its context, a
// [*rtx.SubscribeError], [rtx.ErrUnsubscribed], a [*LimitError], a [*MemberError], [rtx.ErrClosed], or why the client
// failed.
func (r *Room[T]) Err() error {
	if !r.opened() {
		return errNoRoom
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// Close ends the room and closes C. If nothing else holds the channel, it is left. It may be called any number of times.
func (r *Room[T]) Close() {
	if r.opened() {
		r.finish(nil)
	}
}

// Stats returns the room's counts.
func (r *Room[T]) Stats() Stats {
	if !r.opened() {
		return Stats{}
	}
	r.mu.Lock()
	s := Stats{Members: r.table.Len(), Merged: r.merged, Malformed: r.bad, Incomplete: r.partial}
	r.mu.Unlock()
	if r.tracker != nil {
		r.tracker.counts.add(&s)
	}
	return s
}

// finish ends the room: idempotent, from any goroutine.
func (r *Room[T]) finish(err error) {
	r.mu.Lock()
	if r.ended {
		r.mu.Unlock()
		return
	}
	r.ended, r.err = true, err
	stop := r.stop
	close(r.c)
	close(r.done)
	r.mu.Unlock()
	if stop != nil {
		stop()
	}
	if r.tracker != nil {
		r.tracker.detach(r)
		r.release()
	}
}

func (r *Room[T]) limits() config { return r.cfg }

// fits says whether a roster of that size is within the room's limits.
func (r *Room[T]) fits(members, size int) error {
	switch {
	case members > r.cfg.maxMembers:
		return &LimitError{Channel: r.channel, Option: "MaxMembers", Limit: r.cfg.maxMembers}
	case size > r.cfg.maxBytes:
		return &LimitError{Channel: r.channel, Option: "MaxBytes", Limit: r.cfg.maxBytes}
	}
	return nil
}

// follow takes what the tracker tells, in its order. A kind of 0 is told to a room that comes while the roster is stale:
// it learns what is known, and the first Snapshot waits for the truth.
func (r *Room[T]) follow(ops []op, kind Kind, me string, incomplete bool) {
	infos, bad := r.decode(ops)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return
	}
	r.bad += bad
	r.me, r.partial = me, incomplete
	r.takeBack()
	p := &r.pending
	for i, o := range ops {
		now := Member[T]{ID: o.id()}
		var was Member[T]
		if r.taken != 0 && o.before != nil {
			was, _ = r.table.Get(now.ID)
		}
		if o.after != nil {
			now.Info = infos[i]
			r.table.put(now)
		} else {
			r.table.remove(now.ID)
		}
		if r.taken != 0 {
			p.differ(o, was, now)
		}
		if kind == Diff && p.kind == Snapshot {
			p.amend(o, now)
		}
	}
	clear(infos)
	switch kind {
	case Snapshot:
		p.kind, p.members, p.places = Snapshot, r.table.list(), nil
	case Stale:
		p.kind, p.members, p.places = Stale, nil, nil
	case Diff:
		if p.kind == 0 {
			p.kind = Diff
		}
	}
	r.put()
}

// takeBack takes the change that waits out of C again. If the reader was faster, what comes now is a new change.
func (r *Room[T]) takeBack() {
	if !r.queued {
		return
	}
	r.queued = false
	select {
	case <-r.c:
		r.merged++
	default:
		r.taken, r.knows = r.pending.kind, r.pending.partial
		r.pending.reset()
	}
}

// put has the pending change wait in C, which is empty. One that tells the reader nothing does not wait; nor does any
// before the first Snapshot.
func (r *Room[T]) put() {
	p := &r.pending
	if p.empty() && (p.kind == Diff || p.kind == Stale && r.taken == Stale && r.partial == r.knows) {
		p.kind = 0
		return
	}
	if p.kind == 0 || r.taken == 0 && p.kind != Snapshot {
		p.reset()
		return
	}
	p.partial = r.partial
	c := Change[T]{
		Kind: p.kind, Me: r.me, Incomplete: p.partial, Members: p.members,
		Joined: p.lists[joined], Left: p.lists[left], Updated: p.lists[updated],
	}
	if r.taken == 0 {
		n := len(p.members)
		c.Members = p.members[:n:n]
		c.Joined = c.Members
	}
	r.c <- c
	r.queued = true
	if !r.told {
		r.told = true
		close(r.ready)
	}
}

// decode reads the infos of those who join, each once. An info that is no T is the zero T.
func (r *Room[T]) decode(ops []op) (infos []T, bad uint64) {
	infos = slices.Grow(r.scratch[:0], len(ops))
	for _, o := range ops {
		var zero T
		infos = append(infos, zero)
		if o.after == nil || o.after.info == nil {
			continue
		}
		v := &infos[len(infos)-1]
		if err := decodeInfo(r.unmarshal, o.after.info, v); err != nil {
			*v = zero
			bad++
			r.warn(err)
		}
	}
	if len(ops) > 1024 {
		return infos, bad // a snapshot's: not kept
	}
	r.scratch = infos
	return infos, bad
}

func (r *Room[T]) warn(err error) {
	if !r.warned {
		r.warned = true
		r.log.Warn("presence: a member's info can't be decoded; further ones are only counted", "channel", r.channel, "error", err)
	}
}

// decodeInfo decodes one info; a panic of the user's decoder becomes an error.
func decodeInfo[T any](unmarshal func([]byte, any) error, info []byte, v *T) (err error) {
	if isRefused(info) {
		return errRefused
	}
	defer func() {
		if p := recover(); p != nil {
			err = &rtx.PanicError{Value: p}
		}
	}()
	switch raw := any(v).(type) {
	case *[]byte:
		*raw = bytes.Clone(info)
		return nil
	case *json.RawMessage:
		*raw = bytes.Clone(info)
		return nil
	}
	return unmarshal(info, v)
}
