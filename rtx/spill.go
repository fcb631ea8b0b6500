package rtx

import "context"

// A stream with the policy Grow can end while values behind its buffer are still on their way to C:
// by an overflow, or by Drain. The client remembers such streams, because the end of their context,
// Close, and the end of the client still stop them.

// keepSpillLocked remembers a stream that will still deliver its spill. It must be called before
// the stream's queue ends, so that Close finds the stream. It returns false if Close has already
// looked. It also returns the stops of other streams that are done. They detach callbacks from the
// user's contexts, so the caller must call them without the lock.
func (c *Client) keepSpillLocked(b *binding) (kept bool, stops []func() bool) {
	p := &c.spills
	if p.closed {
		return false, nil
	}
	if p.streams.len() >= max(p.sweepAt, 16) {
		for other := range p.streams.all() {
			if other.settled && !other.sink.spilling() {
				stops = append(stops, c.forgetSpillLocked(other))
			}
		}
		p.sweepAt = 2 * p.streams.len() // so that the cost per stream is bounded
	}
	p.streams.add(b)
	return true, stops
}

// dropSpill forgets a stream that has ended, and its context, unless its spill is still being
// delivered.
func (c *Client) dropSpill(b *binding) {
	c.mu.Lock()
	b.settled = true
	if over := b.exit().stop; over != nil {
		over()
	}
	var stop func() bool
	if !b.sink.spilling() {
		stop = c.forgetSpillLocked(b)
	}
	c.mu.Unlock()
	callStops(stop)
}

// forgetSpillLocked forgets a stream and returns the function that detaches the callback from its
// context, or nil if there is no callback.
func (c *Client) forgetSpillLocked(b *binding) (stop func() bool) {
	c.spills.streams.remove(b)
	return b.leaveLocked()
}

// callStops calls the functions that are not nil. They may be the user's code (the stop of a
// context of the user's own), so the caller must not hold a lock.
func callStops(stops ...func() bool) {
	for _, stop := range stops {
		if stop != nil {
			stop()
		}
	}
}

// discardSpills discards what ended streams still deliver, and waits until they have stopped. After
// it, no stream delivers a spill.
func (c *Client) discardSpills() {
	c.mu.Lock()
	spilling := c.spills.streams.slice()
	c.spills = spills{closed: true}
	c.mu.Unlock()
	for _, b := range spilling {
		b.sink.finish(nil, true)
		_ = b.sink.drained(context.Background()) //nolint:forbidigo // at once, without an error
		c.dropSpill(b)
	}
}
