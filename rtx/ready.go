package rtx

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/realtimex/realtimex-go/internal/core"
	"github.com/realtimex/realtimex-go/rtx/transport"
)

// Readiness returns nil if the client is connected and every held channel is confirmed now.
// Otherwise it returns a [*NotReadyError], which says what is missing and the last failure, or why
// the client has ended. It does not wait, so it suits health probes. Its cost grows with the number
// of channels.
func (c *Client) Readiness() error {
	if !c.made() {
		return errNoClient
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.ended:
		return &NotReadyError{Missing: "an open client", Last: c.endErrLocked()}
	case c.machine.Conn() != core.Established:
		return &NotReadyError{Missing: "a connection", Last: c.machine.State(c.state.At).Err}
	}
	return c.unconfirmedLocked(func(yield func(*subscription) bool) {
		for ch := range c.machine.Channels() {
			if ch.Holds() > 0 && !yield(c.subs[ch.Name]) {
				return
			}
		}
	})
}

// readyLocked reports whether s is confirmed, and the event that says so was delivered. A goroutine
// that finds a channel ready therefore finds its gap and its confirmation on the streams already.
func (c *Client) readyLocked(s *subscription) bool { return s.Phase().Live() && s != c.telling }

// await waits until s is subscribed, or until the holders of that generation are evicted. If sess
// is not nil, it returns an error when that session ends. The caller must not hold c.mu.
func (c *Client) await(ctx context.Context, s *subscription, generation uint64, sess transport.Session) error {
	for {
		c.mu.Lock()
		switch {
		case s.Generation() != generation:
			defer c.mu.Unlock()
			return s.evictedBy()
		case c.ended:
			defer c.mu.Unlock()
			return c.endErrLocked()
		case s.Holds() == 0:
			c.mu.Unlock()
			return &ChannelError{Channel: s.Name, Err: ErrNotSubscribed}
		case sess != nil && c.session != sess:
			c.mu.Unlock()
			return &ChannelError{Channel: s.Name, Err: ErrNotConnected}
		case c.readyLocked(s):
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

// waited returns the error for a wait for s whose context has ended.
func (c *Client) waited(ctx context.Context, s *subscription) error {
	e := &WaitError{Cause: context.Cause(ctx)}
	c.mu.Lock()
	defer c.mu.Unlock()
	e.For, e.Last = c.missingLocked(s)
	return e
}

// missingLocked returns what is missing until s is confirmed, and the last failure.
func (c *Client) missingLocked(s *subscription) (what string, last error) {
	if c.machine.Conn() == core.Established {
		return subscriptionOf(s.Name), s.lastFailure()
	}
	return fmt.Sprintf("a connection, to subscribe to %q", s.Name), c.machine.State(c.state.At).Err
}

func subscriptionOf(channel string) string { return fmt.Sprintf("the subscription of %q", channel) }

// unconfirmedLocked returns a [*NotReadyError] if one of these channels is not confirmed. It names
// the first that has failed, or else the first.
func (c *Client) unconfirmedLocked(channels iter.Seq[*subscription]) error {
	var named *subscription
	n := 0
	for s := range channels {
		if s.Holds() > 0 && c.readyLocked(s) {
			continue
		}
		if n++; named == nil || named.lastFailure() == nil && s.lastFailure() != nil {
			named = s
		}
	}
	if n == 0 {
		return nil
	}
	what, last := c.missingLocked(named)
	return &NotReadyError{Missing: what + andMore(n-1), Last: last}
}

// Readiness returns nil if every channel of the stream is confirmed now. Otherwise it returns a
// [*NotReadyError], which says what is missing and the last failure, or why the stream has ended.
// It does not wait, so it suits health probes. A stream of the whole client is ready while it is
// open.
func (s *Stream[T]) Readiness() error {
	if !s.opened() {
		return errNoStream
	}
	s.owner.endIfDone()
	if s.q.Ended() {
		return notOpen(s.q.Err())
	}
	return s.owner.readiness()
}

// errStreamClosed is why a stream that was closed or drained is not ready.
var errStreamClosed = fmt.Errorf("rtx: the stream is closed: %w", ErrNotSubscribed)

// notOpen returns the error of Readiness for a stream that has ended with err.
func notOpen(err error) error {
	if err == nil {
		err = errStreamClosed
	}
	return &NotReadyError{Missing: "an open stream", Last: err}
}

func (b *binding) readiness() error {
	c := b.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := b.leftLocked(); err != nil {
		return err
	}
	if b.ended { // and its queue ends next
		return notOpen(b.exit().cause)
	}
	return c.unconfirmedLocked(b.channels)
}

// leftLocked returns a [*NotReadyError] if channels were refused or unsubscribed and left the
// stream.
func (b *binding) leftLocked() error {
	x := b.exited
	if x == nil || len(x.refused) == 0 {
		return nil
	}
	first := slices.Min(slices.Collect(maps.Keys(x.refused)))
	return &NotReadyError{Missing: subscriptionOf(first) + andMore(len(x.refused)-1), Last: b.refusalsLocked()}
}

// channels are those that the stream is attached to.
func (b *binding) channels(yield func(*subscription) bool) {
	for a := range b.places.all() {
		if a.s != nil && !yield(a.s) {
			return
		}
	}
}

// andMore returns a text for n more things that are not named.
func andMore(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" and %d more", n)
}

// ready waits for the channels that the binding has at the time of the call. It does not wait for a
// channel that is removed from the group meanwhile.
func (b *binding) ready(ctx context.Context) error {
	c := b.c
	c.mu.Lock()
	x := b.exit()
	over := x.awaitLocked()
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
		err := c.await(wait, a.s, a.generation, nil) // a refusal or an end is recorded already
		if err != nil && ctx.Err() != nil {
			return err
		}
	}
	return b.unready(ctx, over)
}

// unready returns why a stream is not ready: the refusals of its channels, or why it ended. If the
// stream is about to end, it waits for the end, so that Ready and Err return the same error.
func (b *binding) unready(ctx, over context.Context) error {
	c := b.c
	c.mu.Lock()
	defer c.mu.Unlock()
	x := b.exit()
	if (b.ended || x.evicted || c.ended) && !b.settled {
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
	switch err := b.refusalsLocked(); {
	case err != nil || !b.ended:
		return err
	case x.cause != nil:
		return x.cause
	}
	return errStreamClosed
}

// awaitLocked returns a context that ends when the stream ends. A Ready that called it calls
// awaited when it is done.
func (x *exit) awaitLocked() context.Context {
	if x.over == nil {
		x.over, x.stop = context.WithCancel(context.Background()) //nolint:forbidigo // it is ended by what it tells of
	}
	x.waiting++
	return x.over
}

// awaited undoes awaitLocked and frees its memory, so that an idle stream is as small as before.
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
