package rtx

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtx/transport"
)

// The broker has channels authorised: at most limit requests at a time, never two for one channel and socket id, none
// for a session that has ended. Its goroutines exist while there is something to authorise.
type broker struct {
	limit   int
	waiting []*subscription // under the client's lock, as is running
	running int
	wg      sync.WaitGroup
}

const (
	defaultConcurrency = 16
	authRetryFirst     = 500 * time.Millisecond
	authRetryMax       = 30 * time.Second
)

func concurrency(a auth.Authorizer) int {
	if l, ok := a.(interface{ Concurrency() int }); ok && l.Concurrency() > 0 {
		return l.Concurrency()
	}
	return defaultConcurrency
}

// clear drops what waits: it was for a session that has ended. The caller holds the client's lock.
func (b *broker) clear() { b.waiting = nil }

func (b *broker) wait() { b.wg.Wait() }

// authorize has s authorised for the current socket id, unless that is under way or must wait. The caller holds c.mu.
func (c *Client) authorize(s *subscription, now time.Time) {
	if s.authBusy {
		return
	}
	if now.Before(s.authAfter) {
		c.alarm(s, s.authAfter)
		return
	}
	s.authBusy = true
	c.broker.waiting = append(c.broker.waiting, s)
	if c.broker.running < c.broker.limit && !c.ended {
		c.broker.running++
		c.broker.wg.Go(c.authorizeWaiting)
	}
}

// authorizeWaiting is one of the broker's goroutines.
func (c *Client) authorizeWaiting() {
	for {
		c.mu.Lock()
		var s *subscription
		for s == nil && len(c.broker.waiting) > 0 {
			s, c.broker.waiting = c.broker.waiting[0], c.broker.waiting[1:]
			if s.holds == 0 {
				s.authBusy = false
				c.look(s)
				s = nil
			}
		}
		if s == nil || c.session == nil {
			c.broker.running--
			c.mu.Unlock()
			return
		}
		sess, ctx := c.session, c.sessionCtx
		r := auth.Request{
			SocketID: c.socketID, Channel: s.name,
			Key: c.cfg.apiKey, Server: c.cfg.serviceHost(),
		}
		if s.kind == presence {
			r.UserData = s.userData
		}
		term := s.term
		c.mu.Unlock()
		grant, err := c.askAuthorizer(ctx, r)
		c.land(sess, s, term, r, grant, err)
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

// land takes the authorizer's outcome: one of an old session is dropped here.
func (c *Client) land(sess transport.Session, s *subscription, term int, r auth.Request, g auth.Grant, err error) {
	c.mu.Lock()
	if c.session != sess || c.ended {
		c.mu.Unlock()
		return
	}
	s.authBusy = false
	var after []func()
	switch {
	case s.holds == 0 || s.term != term:
		// Whoever asked is gone; a later holder asks for itself.
	case err == nil:
		s.grant, s.grantFor, s.authTries = g, r.SocketID, 0
	case retryAuth(err):
		s.authAfter = time.Now().Add(s.authDelay(err))
		c.cfg.log.Warn("rtx: authorising a channel failed, will retry", "channel", s.name, "error", err)
	default:
		after = c.refuse(s, &SubscribeError{Channel: s.name, Err: err})
	}
	c.look(s)
	c.mu.Unlock()
	for _, f := range after {
		f()
	}
	c.sup.Wake()
}

// retryAuth decides what is asked again. Trouble that can pass is: the authorizer says so with a *auth.RetryError (the
// backend is down, slow or busy). So is a context that ended while the session lives: the authorizer's own time limit.
// Everything else is a verdict on this channel: a *auth.DeniedError, an answer that is none (it would be none again), an
// error of the user's own callback.
func retryAuth(err error) bool {
	var retry *auth.RetryError
	return errors.As(err, &retry) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// authDelay is full jitter under a bound that doubles, or what the backend asked for if that is longer.
func (s *subscription) authDelay(err error) time.Duration {
	bound := min(authRetryMax, authRetryFirst<<min(s.authTries, 10))
	s.authTries++
	d := rand.N(bound)
	var retry *auth.RetryError
	if errors.As(err, &retry) {
		d = max(d, retry.After)
	}
	return d
}
