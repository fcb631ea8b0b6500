package presence

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/realtimex/realtimex-go/internal/observe"
	"github.com/realtimex/realtimex-go/rtx"
)

// A Room follows the members of one presence channel. [Watch] opens it.
//
// Receive the changes from C, or range over [Room.All], on one goroutine. All methods may be called
// concurrently. A room has no gaps, and so neither Wake nor Pending: C holds one change, which has
// everything that is new. A receive from C in a select loop misses nothing.
//
// A room keeps its channel subscribed. It ends with its context, by [Room.Close], when the channel
// is refused or unsubscribed, when the roster exceeds a limit, by [rtx.Client.Drain], and with the
// client. [Room.Err] says why. A room whose context ends need not be closed.
//
// A nil or zero Room has ended and has no members: Err, Ready and Readiness return an error, and
// All returns at once. The C of a zero Room is nil, so a receive from it blocks for ever.
type Room[T any] struct {
	// C has the changes. It is closed when the room ends. A change that was not received by then
	// can still be received.
	C <-chan Change[T]

	cfg       config
	channel   string
	tracker   *tracker
	release   func()
	id        uint64
	waited    func(context.Context) error // what Ready returns if its context has ended
	missing   func() error                // why the channel is not confirmed
	unmarshal func([]byte, any) error
	log       *slog.Logger
	ready     chan struct{} // closed at the first Snapshot
	done      chan struct{} // closed at the end
	scratch   []T           // guarded by the tracker's order lock

	mu      sync.Mutex // never held across the user's decoder
	c       chan Change[T]
	table   table[T]
	current bool // the roster comes from the present connection
	pending pending[T]
	queued  bool // pending was put into c; the reader may have received it
	taken   Kind // kind of the last change that the reader received; 0: none yet
	knows   bool // whether that change had Incomplete
	told    bool // ready is closed
	me      string
	partial bool
	puts    uint64 // changes that were put into C
	merged  uint64 // changes that were taken back from C
	bad     uint64
	warned  bool
	ended   bool
	err     error
	stop    func() bool // cancels the callback of the context
}

// Watch opens a room on a channel whose name begins with "presence-". It does not block, and may be
// called before [rtx.Client.Connect]. The channel is subscribed if it is not yet; [Room.Ready]
// waits for the first roster. Rooms and streams of one channel share its subscription.
//
// Infos are decoded into T by the client's JSON codec. A T of []byte or json.RawMessage receives
// them as they came.
//
// The room ends with ctx. A mistake gives a room that has ended, and causes no traffic: Err returns
// an [*rtx.OptionError] for a bad option, [ErrNotPresence] for another kind of channel,
// [rtx.ErrAuthRequired] without an authorizer, [rtx.ErrClosed] after the client's end, and the
// cause of a ctx that has ended.
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
	r.tracker, r.release, r.id = w.Observer.(*tracker), w.Release, w.ID
	r.waited, r.missing, r.unmarshal, r.log = w.Waited, w.Missing, w.Unmarshal, w.Log
	r.tracker.attach(r, w.Log, w.Refresh)

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
	// C holds one change. What the reader has not taken can be taken back and merged, so nothing
	// ever waits elsewhere, and no goroutine has to carry it over. With more places a reader could
	// take one from between those taken back.
	c := make(chan Change[T], 1)
	return &Room[T]{C: c, c: c, cfg: cfg, ready: make(chan struct{}), done: make(chan struct{})}
}

// opened reports whether Watch made the room: a nil or zero Room has no members and has ended.
func (r *Room[T]) opened() bool { return r != nil && r.c != nil }

// All returns an iterator that receives the changes from C. It waits for more until the room has
// ended; [Room.Err] then says why. Leaving the loop early loses nothing and leaves the room open.
func (r *Room[T]) All() iter.Seq[Change[T]] {
	return func(yield func(Change[T]) bool) {
		if !r.opened() {
			return
		}
		for c := range r.C {
			if !yield(c) {
				return
			}
		}
	}
}

// Members returns the roster now. While the connection is lost it is the last known one. It can be
// ahead of the changes that were received from C; the roster of a [Set] is not. It copies nothing.
func (r *Room[T]) Members() Roster[T] {
	if !r.opened() {
		return Roster[T]{}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.table.freeze()
}

// Me returns this client's own member. It reports false if that is unknown or not in the roster.
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

// Err returns nil while the room is open, and after Close and Drain. Otherwise it returns why the
// room ended: the [context.Cause] of its context, a [*rtx.SubscribeError], [rtx.ErrUnsubscribed], a
// [*LimitError], a [*MemberError], [rtx.ErrClosed], why the client failed, or the mistake in the
// call of [Watch].
func (r *Room[T]) Err() error {
	if !r.opened() {
		return errNoRoom
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// Close ends the room and closes C. If nothing else holds the channel, it is unsubscribed. Close
// does not block, and may be called any number of times.
func (r *Room[T]) Close() {
	if r.opened() {
		r.finish(nil)
	}
}

// Stats returns the room's figures. It may be called at any time, also after the end.
func (r *Room[T]) Stats() Stats {
	if !r.opened() {
		return Stats{}
	}
	r.mu.Lock()
	s := Stats{ID: r.id, Members: r.table.Len(), Merged: r.merged, Malformed: r.bad, Incomplete: r.partial}
	r.mu.Unlock()
	if r.tracker != nil {
		r.tracker.counts.add(&s)
	}
	return s
}

// figures returns the figures of an open room, for the client's list.
func (r *Room[T]) figures() (f observe.Figures, open bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	waiting := len(r.c)
	return observe.Figures{
		ID: r.id, Depth: waiting, Capacity: cap(r.c), Delivered: r.puts - r.merged - uint64(waiting), Malformed: r.bad,
	}, !r.ended
}

// finish ends the room. It is idempotent and may be called by any goroutine.
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

// fits returns a *LimitError if a roster of that size exceeds a limit of the room.
func (r *Room[T]) fits(members, size int) error {
	switch {
	case members > r.cfg.maxMembers:
		return &LimitError{Channel: r.channel, Option: "WithMaxMembers", Limit: r.cfg.maxMembers}
	case size > r.cfg.maxBytes:
		return &LimitError{Channel: r.channel, Option: "WithMaxBytes", Limit: r.cfg.maxBytes}
	}
	return nil
}

// follow takes the tracker's changes, in the tracker's order. The kind is 0 for a room that is
// opened while the roster is stale: it stores the known members, and sends no Snapshot until a new
// roster has come.
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
		r.current = true
		p.kind, p.members, p.places = Snapshot, r.table.list(), nil
	case Stale:
		r.current = false
		p.kind, p.members, p.places = Stale, nil, nil
	case Diff:
		if p.kind == 0 {
			p.kind = Diff
		}
	}
	r.put()
}

// takeBack takes the waiting change out of C again, so that it can be merged. If the reader has
// received it already, the next change starts empty.
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

// put puts the pending change into C, which is empty. It puts nothing if the change has nothing new
// for the reader, or if there was no Snapshot yet.
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
	r.puts++
	if !r.told {
		r.told = true
		close(r.ready)
	}
}

// decode decodes the infos of the members in ops, once each. An info that can't be decoded gives
// the zero T.
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

// decodeInfo decodes one info. It turns a panic of the user's decoder into an error.
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
