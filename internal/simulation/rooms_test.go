package simulation

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"sync"

	"github.com/realtimex/realtimex-go/internal/ledger"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/presence"
)

type info = map[string]any

// A room is one watched roster: what its changes come to, folded one by one.
type room struct {
	room    *presence.Room[info]
	cancel  context.CancelFunc
	name    string
	channel string
	shut    bool

	mu      sync.Mutex
	folded  map[string]info
	changes int
	kind    presence.Kind
}

// watch opens a room on a presence channel and folds its changes.
func (p *peer) watch(channel string, pace ledger.Pace) {
	ctx, cancel := context.WithCancel(p.ctx)
	r := &room{
		cancel:  cancel,
		room:    presence.Watch[info](ctx, p.client.Channel(channel)),
		name:    "room " + channel + " of " + p.name,
		channel: channel, folded: make(map[string]info),
	}
	p.rooms = append(p.rooms, r)
	p.readers.Go(func() {
		for c := range r.room.C {
			r.fold(p.w, c)
			pace()
		}
		if err := r.room.Err(); err != nil && !errors.Is(err, rtx.ErrClosed) && !errors.Is(err, rtx.ErrUnsubscribed) && !refused(err) && ctx.Err() == nil {
			p.w.breach("%s ended with %v", r.name, err)
		}
	})
}

// fold applies a change by its own words, and holds it to them.
func (r *room) fold(w *world, c presence.Change[info]) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.changes == 0 && c.Kind != presence.Snapshot {
		w.breach("%s begins with a %v", r.name, c.Kind)
	}
	if r.kind == presence.Stale && c.Kind == presence.Diff {
		w.breach("%s: a difference follows a loss of the link", r.name)
	}
	r.changes++
	r.kind = c.Kind
	for _, m := range c.Joined {
		if _, here := r.folded[m.ID]; here {
			w.breach("%s: %s joined, and was there", r.name, m.ID)
		}
		r.folded[m.ID] = m.Info
	}
	for _, m := range c.Left {
		if _, here := r.folded[m.ID]; !here {
			w.breach("%s: %s left, and was not there", r.name, m.ID)
		}
		delete(r.folded, m.ID)
	}
	for _, m := range c.Updated {
		if old, here := r.folded[m.ID]; !here || reflect.DeepEqual(old, m.Info) {
			w.breach("%s: %s updated for nothing", r.name, m.ID)
		}
		r.folded[m.ID] = m.Info
	}
	if c.Kind != presence.Snapshot {
		return
	}
	all := make(map[string]info)
	for _, m := range c.Members {
		all[m.ID] = m.Info
	}
	if !reflect.DeepEqual(all, r.folded) {
		w.breach("%s: a snapshot of %d members, and its changes come to %d", r.name, len(all), len(r.folded))
	}
}

// compare holds what the changes came to against what the service has, when all is quiet.
func (r *room) compare(w *world) {
	if r.shut || r.room.Err() != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	want := w.s.Members(r.channel)
	slices.Sort(want)
	var got, now []string
	for id := range r.folded {
		got = append(got, id)
	}
	for id := range r.room.Members().All() {
		now = append(now, id)
	}
	slices.Sort(got)
	slices.Sort(now)
	if !slices.Equal(got, want) {
		w.breach("%s: the changes come to %v, the service has %v", r.name, got, want)
	}
	if !slices.Equal(now, want) {
		w.breach("%s: the roster is %v, the service has %v", r.name, now, want)
	}
}
