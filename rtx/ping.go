package rtx

import (
	"context"
	"errors"
	"time"

	"github.com/realtimex/realtimex-go/internal/core"
)

// ErrPingsUnanswered means that Client.Ping was called while 64 pings already wait for an answer.
var ErrPingsUnanswered = errors.New("rtx: the service does not answer pings")

// Ping sends realtimex:ping and returns how long the answer took. It returns [ErrNotConnected] if
// there is no connection, or if the connection is lost meanwhile. The service need not answer, so
// give ctx a deadline; Ping returns a [*WaitError] when it passes. Answers can't be matched to
// pings, so only one ping is in flight at a time and further calls wait until it is answered. At
// most 64 calls may wait; further ones return [ErrPingsUnanswered]. A ping that was given up delays
// the next one until its answer comes or the service's ping timeout has passed.
func (c *Client) Ping(ctx context.Context) (time.Duration, error) {
	if err := c.check(ctx); err != nil {
		return 0, err
	}
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	p, answered := new(core.Ping), make(chan time.Duration, 1)
	c.mu.Lock()
	over := c.sessionCtx
	switch {
	case c.ended:
		defer c.mu.Unlock()
		return 0, c.endErrLocked()
	case c.machine.Conn() != core.Established:
		c.mu.Unlock()
		return 0, ErrNotConnected
	case !c.machine.Ping(p):
		c.mu.Unlock()
		return 0, ErrPingsUnanswered
	}
	if c.pings == nil {
		c.pings = make(map[*core.Ping]chan time.Duration)
	}
	c.pings[p] = answered
	c.decideAndUnlock()
	select {
	case d := <-answered:
		return d, nil
	case <-ctx.Done():
		c.mu.Lock()
		delete(c.pings, p)
		c.machine.Abandon(p)
		c.decideAndUnlock()
		return 0, &WaitError{For: "the answer to a ping", Cause: context.Cause(ctx)}
	case <-over.Done():
		return 0, ErrNotConnected
	}
}

// pingsLostLocked forgets the waiting pings when the connection is lost. Their callers find out by
// the end of the session.
func (c *Client) pingsLostLocked() { c.pings = nil }
