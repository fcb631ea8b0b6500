package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/realtimex/realtimex-go/bridge/nats/internal/relay"
)

// A lease is this replica's key in the bucket. It is created, and updated under the condition that
// nobody else has written it, three times in its time.
type lease struct {
	rev     uint64    // 0 if the replica has none
	until   time.Time // it counts until then
	renew   time.Time // when to renew it
	retry   time.Time // after a failure, nothing is tried before
	under   bool      // a renewal is under way
	says    leaseValue
	written bool   // what the bucket has is what it says
	seen    uint64 // its newest revision that the bucket has shown
}

// leaseValue is what the key has.
type leaseValue struct {
	Ready       bool     `json:"ready"`            // it is connected to the service, and does not drain
	Rank        int64    `json:"rank"`             // since when it covers anything, in nanoseconds since 1970
	Covers      []string `json:"covers,omitempty"` // see relay.Member
	Incarnation string   `json:"incarnation"`
}

// same tells whether both say the same.
func (v leaseValue) same(w leaseValue) bool {
	return v.Ready == w.Ready && v.Rank == w.Rank && v.Incarnation == w.Incarnation && slices.Equal(v.Covers, w.Covers)
}

// maxLease bounds what is read of a lease, in bytes. It has the names of all replicas.
const maxLease = 64 << 10

// A member is a replica that holds a lease, as this one knows it.
type member struct {
	leaseValue
	until time.Time // it counts until then, even if the bucket's own news do not come
}

// shown tells whether the bucket has shown what the lease said last, and nothing is under way.
func (l *lease) shown() bool { return l.rev != 0 && !l.under && l.written && l.seen == l.rev }

// holds tells whether the lease counts.
func (l *lease) holds(now time.Time) bool { return l.rev != 0 && now.Before(l.until) }

// keep renews the lease if it is due, and says at once what has changed.
func (r *running) keep(now time.Time) {
	l := &r.lease
	ready, covers := r.seat.Says(now)
	if len(covers) > 0 && (len(l.says.Covers) == 0 || l.rev == 0) {
		l.says.Rank = now.UnixNano() // without a lease too: whoever has taken over meanwhile keeps it
	}
	if ready != l.says.Ready || !slices.Equal(covers, l.says.Covers) {
		l.says.Ready, l.says.Covers, l.written = ready, covers, false
	}
	if l.under || l.written && now.Before(l.renew) || now.Before(l.retry) {
		return
	}
	l.under, l.written = true, true
	l.renew = now.Add(r.cfg.Lease / 3)
	value, _ := json.Marshal(l.says)
	rev := l.rev
	r.spawn(func(ctx context.Context) func() {
		ctx, cancel := context.WithTimeout(ctx, r.cfg.Lease/2)
		defer cancel()
		var got uint64
		var err error
		if rev == 0 {
			got, err = r.kv.Create(ctx, r.key(), value)
		} else {
			got, err = r.kv.Update(ctx, r.key(), value, rev)
		}
		return func() { r.renewed(now, got, err) }
	})
}

// key is the replica's name as a key of a bucket, where no "%" may be.
func (r *running) key() string { return strings.ReplaceAll(Escape(r.cfg.Replica), "%", "=") }

// renewed takes the outcome of a renewal that began at that time.
func (r *running) renewed(began time.Time, rev uint64, err error) {
	l := &r.lease
	l.under = false
	switch {
	case err == nil:
		l.rev, l.until = rev, began.Add(r.cfg.Lease)
		r.stats.count(func(s *Stats) { s.Renewals++ })
	case errors.Is(err, jetstream.ErrKeyExists) || wrongRevision(err):
		// The lease has run out, or another process has the name. Create fails until its end.
		l.rev, l.written = 0, false
		r.cfg.Log.Warn("bridge: the lease is lost", "replica", r.cfg.Replica)
	default:
		l.written = false
		r.cfg.Log.Debug("bridge: the lease was not renewed", "error", err)
	}
	if err != nil {
		l.retry = time.Now().Add(r.cfg.Lease / 20)
	}
	r.assign()
}

func wrongRevision(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence
}

// watch tells the loop of every change of the bucket, until the end of Run.
func (r *running) watch() {
	r.wait.Go(func() {
		for r.ctx.Err() == nil {
			w, err := r.kv.WatchAll(r.ctx)
			if err != nil {
				pause(r.ctx, 200*time.Millisecond)
				continue
			}
			for e := range w.Updates() {
				if e != nil && !r.send(func() { r.changed(e) }) {
					break
				}
			}
			_ = w.Stop()
			pause(r.ctx, 200*time.Millisecond)
		}
	})
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// changed takes news of one lease.
func (r *running) changed(e jetstream.KeyValueEntry) {
	name, err := Unescape(strings.ReplaceAll(e.Key(), "=", "%"))
	if err != nil {
		return
	}
	if e.Operation() != jetstream.KeyValuePut {
		delete(r.members, name)
		if e.Operation() == jetstream.KeyValueDelete {
			delete(r.peers, name) // it has given its lease back
		}
		if name == r.cfg.Replica && e.Revision() > r.lease.rev && r.lease.rev != 0 {
			r.lease.rev, r.lease.written, r.lease.renew = 0, false, time.Time{}
		}
		r.assign()
		return
	}
	var v leaseValue
	if len(e.Value()) > maxLease || json.Unmarshal(e.Value(), &v) != nil {
		return
	}
	// A little longer than the bucket keeps it, so that all replicas learn of the end from the bucket
	// if it can be reached.
	r.peers[name] = time.Now()
	now := time.Now()
	old := r.members[name]
	r.members[name] = member{v, now.Add(r.cfg.Lease + r.cfg.Lease/2)}
	if name == r.cfg.Replica {
		r.lease.seen = e.Revision()
	}
	if name == r.cfg.Replica || !old.same(v) || !now.Before(old.until) {
		r.assign() // a renewal of another one's alone changes nothing
	}
}

// live returns the members that count now.
func (b *Bridge) live(now time.Time) []relay.Member {
	all := make([]relay.Member, 0, len(b.members))
	for name, m := range b.members {
		if now.Before(m.until) {
			all = append(all, relay.Member{Name: name, Ready: m.Ready, Rank: m.Rank, Covers: m.Covers})
		}
	}
	return all
}

// askable returns the other replicas that may have something in their rings. One whose lease has run
// out may only be cut off from NATS, and back before a gap must be told.
func (r *running) askable(now time.Time) (names []string) {
	for name, seen := range r.peers {
		if now.Sub(seen) > r.cfg.RingAge {
			delete(r.peers, name)
		} else if name != r.cfg.Replica {
			names = append(names, name)
		}
	}
	return names
}

// giveBack deletes the lease, so that another replica need not wait for its end.
func (r *running) giveBack() {
	if r.lease.rev == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(r.ctx, time.Second)
	defer cancel()
	if err := r.kv.Delete(ctx, r.key(), jetstream.LastRevision(r.lease.rev)); err != nil {
		r.cfg.Log.Debug("bridge: the lease was not given back", "error", err)
	}
}
