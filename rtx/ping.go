package rtx

import (
	"context"
	"errors"
	"time"

	"github.com/realtimex/realtimex-go/internal/core"
)

// ErrPingsUnanswered: as many pings as may wait do so already; the service does not answer them.
var ErrPingsUnanswered = errors.New("rtx: the service does not answer pings")

// Ping sends realtimex:ping and returns how long the answer took. It needs a connection: [ErrNotConnected] if there is
// none, or if it is lost meanwhile. The service need not answer, so give ctx a deadline. Answers do not say whose they are,
// so one ping is under way at a time and further calls wait for their turn, 64 at most: [ErrPingsUnanswered]. One that was
// given up holds up the next until its answer has come, or until the service's ping timeout has passed.
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

// pingsLost forgets those who wait: the connection is lost, and they know. The caller holds c.mu.
func (c *Client) pingsLost() { c.pings = nil }
