package rtx

import (
	"context"
	"fmt"
	"slices"

	"github.com/realtimex/realtimex-go/internal/core"
	"github.com/realtimex/realtimex-go/rtx/transport"
)

// await waits until s is subscribed, or its holders of that term were expelled. With a session, it waits no longer than
// that one lasts. The caller does not hold c.mu.
func (c *Client) await(ctx context.Context, s *subscription, term uint64, sess transport.Session) error {
	for {
		c.mu.Lock()
		switch {
		case s.Term() != term:
			defer c.mu.Unlock()
			return s.expulsion
		case c.ended:
			defer c.mu.Unlock()
			return c.endErrLocked()
		case s.Holds() == 0:
			c.mu.Unlock()
			return &ChannelError{Channel: s.Name, Err: ErrNotSubscribed}
		case sess != nil && c.session != sess:
			c.mu.Unlock()
			return &ChannelError{Channel: s.Name, Err: ErrNotConnected}
		case s.Phase().Live():
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
			return c.waited(ctx, s)
		}
	}
}

// waited is what a wait for s says that its context ended.
func (c *Client) waited(ctx context.Context, s *subscription) error {
	e := &WaitError{Cause: context.Cause(ctx)}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.machine.Conn() == core.Established {
		e.For, e.Last = fmt.Sprintf("the subscription of %q", s.Name), s.trouble
	} else {
		e.For = fmt.Sprintf("a connection, to subscribe to %q", s.Name)
		e.Last = c.machine.State(c.state.At).Err
	}
	return e
}

// ready waits for the channels of the binding, as they are when it is called. One that the group drops meanwhile is not
// waited for.
func (b *binding) ready(ctx context.Context) error {
	c := b.c
	c.mu.Lock()
	x := b.exit()
	over := x.await()
	var due []*attachment
	if !b.ended && !c.ended && len(x.refused) == 0 {
		due = slices.DeleteFunc(slices.Collect(b.places.all()), func(a *attachment) bool { return a.s == nil })
	}
	c.mu.Unlock()
	defer b.awaited()

	wait, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(over, cancel)()
	for _, a := range due {
		err := c.await(wait, a.s, a.term, nil) // a refusal is noted by then, and so is the end
		if ctx.Err() != nil {
			return err
		}
	}
	return b.unready(ctx, over)
}

// unready is why a stream is not ready: its refusals, or its end. A stream that is about to end it lets end first, so that
// Err says no less than Ready.
func (b *binding) unready(ctx, over context.Context) error {
	c := b.c
	c.mu.Lock()
	defer c.mu.Unlock()
	x := b.exit()
	if (b.ended || x.expelled || c.ended) && !b.settled {
		var cause error
		c.mu.Unlock()
		select {
		case <-over.Done():
		case <-ctx.Done():
			cause = context.Cause(ctx)
		}
		c.mu.Lock()
		if !b.settled {
			return &WaitError{For: "the end of the stream", Cause: cause}
		}
	}
	switch err := b.refusals(); {
	case err != nil || !b.ended:
		return err
	case x.cause != nil:
		return x.cause
	}
	return fmt.Errorf("rtx: the stream is closed: %w", ErrNotSubscribed)
}

// await returns a context that ends when the stream has, for a Ready that calls awaited when it is done. The caller holds
// c.mu.
func (x *exit) await() context.Context {
	if x.over == nil {
		x.over, x.stop = context.WithCancel(context.Background())
	}
	x.waiting++
	return x.over
}

// awaited leaves an idle stream as small as it was.
func (b *binding) awaited() {
	b.c.mu.Lock()
	defer b.c.mu.Unlock()
	x := b.exited
	if x.waiting--; x.waiting > 0 {
		return
	}
	x.stop()
	x.over, x.stop = nil, nil
	if !b.ended && len(x.refused) == 0 {
		b.exited = nil
	}
}
