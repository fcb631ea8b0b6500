package bridge

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/realtimex/realtimex-go/bridge/nats/internal/relay"
	"github.com/realtimex/realtimex-go/rtx"
)

type rawJSON = json.RawMessage

// tick is how often what is due is looked for.
const tick = 20 * time.Millisecond

// A running is a Bridge while Run runs it. All state belongs to the loop. Whatever waits for the
// network does so on a goroutine of its own, and gives the loop a function to call.
type running struct {
	*Bridge
	ctx        context.Context // ends after the loop
	wait       sync.WaitGroup
	seat       *relay.Seat
	swept      time.Time
	told       time.Time
	noIDs      bool
	reconnects uint64 // of the connection to NATS
}

// loop runs until the replica has drained.
func (r *running) loop(ctx context.Context) error {
	r.lease.says.Incarnation = r.incarnation
	changes := r.cfg.Client.States(r.ctx)
	defer changes.Close()
	states := changes.C
	r.watch()
	r.assign()
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	stop := ctx.Done()
	defer r.ends()
	for {
		select {
		case <-r.events.Wake:
			r.receive()
			if r.events.Ended() {
				return r.ended()
			}
		case m := <-r.answers:
			r.answered(m)
			for range len(r.answers) { // those that are there already, before anything else
				r.answered(<-r.answers)
			}
		case m := <-r.asked:
			r.serve(m)
		case f := <-r.results:
			f()
		case s, ok := <-states:
			if ok {
				now := time.Now()
				r.seat.Linked(now, s.State == rtx.StateConnected)
				r.keep(now)
			} else {
				states = nil
			}
		case now := <-ticker.C:
			r.poll(now)
			if r.finished(now) {
				r.giveBack()
				return nil
			}
		case <-stop:
			stop = nil
			r.drain()
		}
	}
}

// ends brings the figures up to date for the last time.
func (r *running) ends() {
	r.report(time.Now())
	r.stats.count(func(s *Stats) { s.Ready, s.Leading, s.Channels = false, 0, 0 })
}

// ended says why the stream of events has ended by itself.
func (r *running) ended() error {
	if err := r.cfg.Client.Err(); err != nil {
		return fmt.Errorf("bridge: the client has ended: %w", err)
	}
	return fmt.Errorf("bridge: no channel is left: %w", r.events.Err())
}

// receive takes what has come from the service.
func (r *running) receive() {
	for e, gap := range r.events.Pending() {
		if gap != nil {
			r.missed(gap)
			continue
		}
		if h := r.byName[e.Channel]; h != nil {
			h.ch.Most = r.most(h)
			r.do(h, h.ch.Received(time.Now(), h.entry(r, e)))
		}
	}
}

// entry is the event as the ring keeps it. Its texts and its payload are copies: the client's are
// parts of larger ones.
func (h *held) entry(r *running, e event) relay.Entry {
	entry := relay.Entry{Event: strings.Clone(e.Event), Payload: append(make([]byte, 0, len(e.Value)), e.Value...), At: e.ReceivedAt}
	if e.ID != "" {
		entry.ID = Escape(strings.Clone(e.ID))
		return entry
	}
	h.locals++
	entry.Local = true
	entry.ID = relay.LocalPrefix + r.incarnation + "." + strconv.FormatUint(h.locals, 10)
	if !r.noIDs {
		r.noIDs = true
		r.cfg.Log.Warn("bridge: the service gives its events no ids, because it has no connection state recovery: "+
			"one replica is active and the others stand by, gaps are told, and nothing is filled", "channel", h.name)
		r.stats.count(func(s *Stats) { s.WithoutIDs = true })
	}
	return entry
}

// missed digs a hole wherever the gap says that something was lost.
func (r *running) missed(gap *rtx.Gap) {
	now := time.Now()
	dig := func(h *held) {
		r.do(h, h.ch.Lost(now, hole(gap)))
		if !gap.Ended {
			r.do(h, h.ch.Warm(now))
		} else {
			// The service has refused the channel. It is asked for again, and what comes until then
			// is lost.
			r.seat.Refused(h.index, now.Add(10*time.Second))
			r.assign()
		}
	}
	r.cfg.Log.Info("bridge: events were missed", "gap", gap)
	if h := r.byName[gap.Channel]; h != nil {
		dig(h)
		return
	}
	for _, h := range r.all {
		if r.seat.Joined(h.index) {
			dig(h)
		}
	}
}

// do carries an action out.
func (r *running) do(h *held, a relay.Action) {
	for a.Kind != relay.None {
		r.busy[h] = struct{}{}
		switch a.Kind {
		case relay.Publish:
			a = r.publish(h, a)
		case relay.Look:
			r.startLook(h, a.Token)
			return
		case relay.Settle:
			r.barrier.wait(func(_, up bool) {
				r.do(h, h.ch.Settled(time.Now(), a.Token, up))
			})
			r.startBarrier()
			return
		case relay.Ask:
			a = r.ask(h, a)
		}
	}
}

// spawn runs f beside the loop, which then calls what f returns.
func (r *running) spawn(f func(context.Context) func()) {
	r.wait.Go(func() { r.send(f(r.ctx)) })
}

// send gives the loop a function to call. It returns false after the end.
func (r *running) send(f func()) bool {
	select {
	case r.results <- f:
		return true
	case <-r.ctx.Done():
		return false
	}
}

// poll does what is due.
func (r *running) poll(now time.Time) {
	if n := r.cfg.NATS.Stats().Reconnects; n != r.reconnects {
		r.reconnects = n
		for h := range r.busy {
			r.do(h, h.ch.Expire(now))
		}
		r.lease.retry = now
	}
	for h := range r.busy {
		next := h.ch.Next()
		if next.IsZero() {
			delete(r.busy, h)
		} else if !now.Before(next) {
			r.do(h, h.ch.Poll(now))
		}
		r.expire(h, now)
	}
	confirmed := r.seat.Confirm(func(i int) bool { return r.all[i].channel.State() == rtx.ChannelSubscribed })
	for _, i := range confirmed {
		r.do(r.all[i], r.all[i].ch.Warm(now))
	}
	r.keep(now)
	r.startBarrier()
	sweep := now.Sub(r.swept) > min(r.cfg.RingAge/4, r.cfg.Lease/4)
	if sweep {
		r.swept = now
		for _, h := range r.all {
			h.ch.Ring.Trim(now)
		}
	}
	if sweep || len(confirmed) > 0 { // a lease may have run out, and a refused channel be due
		r.assign()
	}
	if now.Sub(r.told) > 200*time.Millisecond {
		r.report(now)
	}
}

// assign does what follows from who is alive: which channels this replica receives, and which of them
// it publishes.
func (r *running) assign() {
	now := time.Now()
	join, leave := r.seat.Assign(now, r.live(now), r.lease.shown())
	holds := r.lease.holds(now)
	for _, i := range join {
		h := r.all[i]
		r.do(h, h.ch.Lost(now, relay.Hole{Began: true, Since: now, Until: now}))
	}
	for i, h := range r.all {
		self, other := r.seat.Leads(i)
		lead := holds && self
		if lead == h.ch.Leading() || !lead && !other && !r.drained.IsZero() {
			continue
		}
		if !lead && !h.ch.Idle() {
			h.owes = now.Add(r.cfg.Fill) // the next one may ask for what was not published
		}
		r.cfg.Log.Debug("bridge: publishes a channel", "channel", h.name, "on", lead)
		r.do(h, h.ch.Lead(now, lead))
		r.busy[h] = struct{}{}
	}
	if len(join) > 0 {
		if err := r.group.Add(r.channels(join)...); err != nil {
			r.cfg.Log.Error("bridge: channels can't be subscribed to", "error", err)
		}
	}
	r.group.Remove(r.channels(leave)...)
}

func (r *running) channels(indexes []int) (channels []*rtx.Channel) {
	for _, i := range indexes {
		channels = append(channels, r.all[i].channel)
	}
	return channels
}

// drain begins the end: the lease says so, and others take over.
func (r *running) drain() {
	now := time.Now()
	r.drained = now.Add(r.cfg.Drain)
	r.cfg.Log.Info("bridge: draining", "replica", r.cfg.Replica)
	r.seat.Drain()
	r.keep(now)
}

// finished tells whether the replica has drained: others receive its channels, and have had the time
// to ask for what it has, or it has published all.
func (r *running) finished(now time.Time) bool {
	switch {
	case r.drained.IsZero():
		return false
	case !now.Before(r.drained):
		return true
	case r.lease.under:
		return false
	}
	for i, h := range r.all {
		if !h.ch.Idle() || now.Before(h.owes) || r.lease.rev != 0 && !r.seat.HandedOver(i) {
			return false
		}
	}
	return true
}
