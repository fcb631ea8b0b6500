package rtx

import "context"

// A stream with the policy Grow can end while values behind its buffer are still on their way to C: by an overflow, or
// by Drain. The client remembers such streams, because their context, Close, and its own end still stop them.

// keepSpill remembers a stream that is to let its spill out. It is called before the stream's queue ends, so that Close
// finds it, and reports false if Close has already looked. The caller holds c.mu.
func (c *Client) keepSpill(b *binding) bool {
	if c.spills == nil {
		return false
	}
	for other := range c.spills {
		if other.settled && !other.sink.spilling() {
			c.forgetSpill(other)
		}
	}
	c.spills[b] = struct{}{}
	return true
}

// dropSpill forgets a stream that has ended, and its context, unless it still lets its spill out.
func (c *Client) dropSpill(b *binding) {
	c.mu.Lock()
	defer c.mu.Unlock()
	b.settled = true
	if stop := b.exit().stop; stop != nil {
		stop()
	}
	if !b.sink.spilling() {
		c.forgetSpill(b)
	}
}

// forgetSpill: the caller holds c.mu.
func (c *Client) forgetSpill(b *binding) {
	delete(c.spills, b)
	if b.stop != nil {
		b.stop()
		b.stop = nil
	}
}

// discardSpills ends what streams that ended before still let out, and waits for it. No stream lets anything out after
// it.
func (c *Client) discardSpills() {
	c.mu.Lock()
	spills := c.spills
	c.spills = nil
	c.mu.Unlock()
	for b := range spills {
		b.sink.finish(nil, true)
		_ = b.sink.drained(context.Background()) // at once, and without an error: nothing is left to let out
		c.dropSpill(b)
	}
}
