package rtx

import (
	"container/heap"
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/realtimex/realtimex-go/internal/link"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtx/transport"
)

// A phase is how far a subscription has come in the current session.
type phase uint8

const (
	parked phase = iota // to be asked for, once it is authorised where it must be
	asked               // the request is written; the answer is due
	joined              // confirmed: events flow
)

// A subscription is one channel that something holds, or that the service may still have for us. Its fields belong to
// the client's lock, but for name and kind.
type subscription struct {
	name     string
	kind     kind
	userData json.RawMessage

	holds    int  // streams, rooms, and one for Subscribe
	explicit bool // one of the holds is Subscribe's
	firm     bool // a Subscribe has succeeded, so that the hold stays until Unsubscribe
	joining  int  // calls of Subscribe that wait
	phase    phase
	known    bool          // the service may have us: asked in this session, not left since
	again    bool          // joined, but to be asked for again: after a recovery, or for the roster
	queued   bool          // in the list of what the supervisor looks at next
	gone     bool          // left the table
	turn     int           // of phases; an alarm of an earlier turn is void
	term     int           // counts the times that all holders were expelled
	err      error         // why they were, the last time
	changed  chan struct{} // closed at the next change that somebody waits for

	// Requests and their answers are not numbered, so they are counted: the last request is answered when as many
	// answers have come. The two names of one answer are counted apart.
	asks, answers, presenceAnswers int
	timedOut                       bool // it was asked for a second time

	grant     auth.Grant
	grantFor  string // the socket id that the grant was made for; "" if there is none
	authBusy  bool   // the authorizer works on it, for this session's socket id
	authTries int    // failed in a row
	authAfter time.Time

	wasJoined bool      // confirmed before the link went down, and not since
	lossEpoch uint64    // which loss of the link that was
	lossSince time.Time // when

	routes   routes
	tracker  link.Tracker // of a presence channel that is watched
	watchers int
}

// needsAuth says whether the channel is one that the service wants a signature for.
func (s *subscription) needsAuth() bool { return s.kind != public }

// subscription returns the table's entry for ch, made if there is none. The caller holds c.mu.
func (c *Client) subscription(ch *Channel) *subscription {
	s := c.subs[ch.name]
	if s == nil {
		s = &subscription{name: ch.name, kind: ch.kind}
		c.subs[ch.name] = s
	}
	if s.holds == 0 {
		s.userData = c.cfg.userData
		if ch.userData != nil {
			s.userData = ch.userData
		}
	}
	return s
}

// hold and release count what wants a channel; the supervisor reconciles the service with the count.
// The caller holds c.mu, and calls c.sup.Wake afterwards.
func (c *Client) hold(s *subscription) {
	s.holds++
	if s.holds == 1 {
		c.look(s)
	}
}

func (c *Client) release(s *subscription) {
	s.holds--
	if s.holds == 0 {
		s.notify()
		c.look(s)
	}
}

// look has the supervisor look at s. The caller holds c.mu.
func (c *Client) look(s *subscription) {
	if !s.queued && !s.gone {
		s.queued = true
		c.queue = append(c.queue, s)
	}
}

// enter changes the phase and wakes who waits for it. The caller holds c.mu.
func (c *Client) enter(s *subscription, p phase) {
	s.phase = p
	s.turn++
	if p == joined {
		s.notify()
	}
}

func (s *subscription) notify() {
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}

// forget takes s off the table. The caller holds c.mu.
func (c *Client) forget(s *subscription) {
	s.gone = true
	s.turn++
	delete(c.subs, s.name)
	s.notify()
}

// expel takes every holder off s, because it was refused or unsubscribed, and returns what is to be done without c.mu.
// What the service may still have is left by the supervisor. The caller holds c.mu.
func (c *Client) expel(s *subscription, err error) (after []func()) {
	wasOn := s.phase == joined || s.wasJoined
	s.err = err
	s.term++
	for _, a := range slices.Clone(s.routes.all.list) {
		if !a.gone.Load() {
			after = append(after, a.b.lost(s, err))
		}
	}
	if t := s.tracker; t != nil {
		s.holds -= s.watchers
		s.tracker, s.watchers = nil, 0
		after = append(after, func() { t.End(err) })
	}
	if s.explicit {
		s.explicit, s.firm = false, false
		s.holds--
	}
	if wasOn {
		for _, a := range c.routes.all.list {
			if !a.gone.Load() {
				after = append(after, func() { a.b.sink.lose(left(s.name, err)) })
			}
		}
	}
	c.enter(s, parked)
	s.wasJoined, s.again, s.timedOut = false, false, false
	s.grantFor, s.grant = "", auth.Grant{}
	s.notify()
	c.look(s)
	return after
}

// await waits until s is joined, or its holders of that term were expelled. With a session, it waits no longer than that
// one lasts. The caller does not hold c.mu.
func (c *Client) await(ctx context.Context, s *subscription, term int, sess transport.Session) error {
	for {
		c.mu.Lock()
		switch {
		case s.term != term:
			defer c.mu.Unlock()
			return s.err
		case c.ended:
			defer c.mu.Unlock()
			return c.endErr()
		case s.holds == 0:
			c.mu.Unlock()
			return ErrNotSubscribed
		case sess != nil && c.session != sess:
			c.mu.Unlock()
			return ErrNotConnected
		case s.phase == joined:
			c.mu.Unlock()
			return nil
		}
		if s.changed == nil {
			s.changed = make(chan struct{})
		}
		changed := s.changed
		c.mu.Unlock()
		select {
		case <-changed:
		case <-c.ctx.Done():
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// An alarm has the supervisor look at a subscription at a time: an answer that is overdue, an authorisation to retry.
type alarm struct {
	at   time.Time
	s    *subscription
	turn int // of the subscription when the alarm was set; a later one makes it void
}

// alarms is a heap, the earliest first.
type alarms []alarm

func (a alarms) Len() int           { return len(a) }
func (a alarms) Less(i, j int) bool { return a[i].at.Before(a[j].at) }
func (a alarms) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }
func (a *alarms) Push(x any)        { *a = append(*a, x.(alarm)) }
func (a *alarms) Pop() any {
	old := *a
	last := old[len(old)-1]
	old[len(old)-1] = alarm{}
	*a = old[:len(old)-1]
	return last
}

// alarm sets one for s. The caller holds c.mu.
func (c *Client) alarm(s *subscription, at time.Time) {
	heap.Push(&c.alarms, alarm{at: at, s: s, turn: s.turn})
}

// due takes the alarms off that are due or void, and returns the time of the next. The caller holds c.mu.
func (c *Client) due(now time.Time, ring func(*subscription)) (next time.Time) {
	for len(c.alarms) > 0 {
		a := c.alarms[0]
		void := a.s.gone || a.turn != a.s.turn
		if !void && a.at.After(now) {
			return a.at
		}
		heap.Pop(&c.alarms)
		if !void {
			ring(a.s)
		}
	}
	return time.Time{}
}
