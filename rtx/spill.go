package rtx

import "context"

// A stream with the policy Grow can end while values behind its buffer are still on their way to C: by an overflow, or
// by Drain. The client remembers such streams, because their context, Close, and its own end still stop them.

// spills are such streams, and those that are about to end and may become one.
type spills struct {
	streams ordered[*binding]
	closed  bool // Close has looked: no stream lets anything out after it
	sweepAt int  // how many streams there are when it is time to look for those that are done
}

// keepSpill remembers a stream that is to let its spill out. It is called before the stream's queue ends, so that Close
// finds it, and reports false if Close has already looked. The caller holds c.mu.
func (c *Client) keepSpill(b *binding) bool {
	p := &c.spills
	if p.closed {
		return false
	}
	if p.streams.len() >= max(p.sweepAt, 16) {
		for other := range p.streams.all() {
			if other.settled && !other.sink.spilling() {
				c.forgetSpill(other)
			}
		}
		p.sweepAt = 2 * p.streams.len() // so that each is looked at a bounded number of times
	}
	p.streams.add(b)
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
	c.spills.streams.remove(b)
	if b.stop != nil {
		b.stop()
		b.stop = nil
	}
}

// discardSpills ends what streams that ended before still let out, and waits for it. No stream lets anything out after
// it.
func (c *Client) discardSpills() {
	c.mu.Lock()
	spilling := c.spills.streams.slice()
	c.spills = spills{closed: true}
	c.mu.Unlock()
	for _, b := range spilling {
		b.sink.finish(nil, true)
		_ = b.sink.drained(context.Background()) // at once, and without an error: nothing is left to let out
		c.dropSpill(b)
	}
}
