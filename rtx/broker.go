package rtx

import (
	"context"
	"sync"

	"github.com/realtimex/realtimex-go/internal/core"
	"github.com/realtimex/realtimex-go/rtx/auth"
)

// The broker has channels authorised: at most limit requests at a time, never two for one channel and socket id, none
// for a session that has ended. Its goroutines exist while there is something to authorise.
type broker struct {
	limit   int
	waiting []question // under the client's lock, as is running
	running int
	wg      sync.WaitGroup
}

const defaultConcurrency = 16

func concurrency(a auth.Authorizer) int {
	if l, ok := a.(interface{ Concurrency() int }); ok && l.Concurrency() > 0 {
		return l.Concurrency()
	}
	return defaultConcurrency
}

// clear drops what waits: it was for a session that has ended. The caller holds the client's lock.
func (b *broker) clear() { b.waiting = nil }

func (b *broker) wait() { b.wg.Wait() }

// A question is one that the machine has for the authorizer.
type question struct {
	s      *subscription
	ticket core.Ticket
}

// askLocked has the authorizer asked about s.
func (c *Client) askLocked(s *subscription, t core.Ticket) {
	c.broker.waiting = append(c.broker.waiting, question{s, t})
	if c.broker.running < c.broker.limit && !c.ended {
		c.broker.running++
		c.broker.wg.Go(c.authorizeWaiting)
	}
}

// authorizeWaiting is one of the broker's goroutines.
func (c *Client) authorizeWaiting() {
	for {
		c.mu.Lock()
		if len(c.broker.waiting) == 0 || c.session == nil || c.ended {
			c.broker.running--
			c.mu.Unlock()
			return
		}
		var q question
		q, c.broker.waiting = c.broker.waiting[0], c.broker.waiting[1:]
		s, ctx := q.s, c.sessionCtx
		if s.Holds() == 0 {
			c.machine.Denied(&s.Channel, q.ticket, nil) // nobody wants it any more
			c.decideAndUnlock()
			continue
		}
		r := auth.Request{SocketID: q.ticket.SocketID, Channel: s.Name, Key: c.cfg.apiKey, Server: c.cfg.serviceHost()}
		if s.kind == presence {
			r.UserData = s.userData
		}
		c.mu.Unlock()
		grant, err := c.askAuthorizer(ctx, r)
		c.land(q, grant, err, r.UserData)
	}
}

// askAuthorizer calls the user's authorizer; its panic is a refusal.
func (c *Client) askAuthorizer(ctx context.Context, r auth.Request) (g auth.Grant, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &PanicError{Value: p}
		}
	}()
	g, err = c.cfg.authorizer.Authorize(ctx, r)
	if err != nil {
		return auth.Grant{}, err
	}
	if r.Presence() && g.ChannelData == "" {
		g.ChannelData = string(r.UserData)
	}
	return g, g.Check(r)
}

// land takes the authorizer's outcome. The machine knows whether it is of use. An error may be the user's own: it is asked what
// it is without the lock, and shown without what the client keeps secret.
func (c *Client) land(q question, g auth.Grant, err error, userData []byte) {
	heals, after := authHeals(err)
	if err != nil {
		err = c.cfg.secrets.With(longEnough(string(userData))...).Error(err)
	}
	c.mu.Lock()
	s, m := q.s, c.machine
	switch {
	case err == nil:
		if m.Granted(&s.Channel, q.ticket) {
			s.grant = g
		}
	case heals:
		m.AuthFailed(now(), &s.Channel, q.ticket, err, after)
	default:
		m.Denied(&s.Channel, q.ticket, &SubscribeError{Channel: s.Name, Err: err})
	}
	c.decideAndUnlock()
}
