package relay

import "time"

// A standby that has just begun, or whose link was down, has a hole behind its newest event. As long
// as no event comes, it would have to tell a gap if it took over. So it asks its peers while they are
// there whether anything is missing at all. It publishes nothing and tells nothing.

// warmTries is how often it asks. Afterwards the hole stays until an event comes.
const warmTries = 10

// Warm says that the channel is subscribed, from now on or again.
func (c *Channel) Warm(now time.Time) Action {
	c.warms = warmTries
	return c.advance(now)
}

// warm decides what a standby does next.
func (c *Channel) warm(now time.Time) Action {
	if c.warms == 0 || c.Ring.tail == nil {
		return Action{}
	}
	if !c.known {
		return c.begin(now, Action{Kind: Look})
	}
	n, found := c.Ring.find(c.last)
	switch {
	case c.bus == "" || local(c.bus) || found && n+1 != c.Ring.End() || !found && c.Ring.Len() > 0:
		return c.coolDown(now)
	case !found && c.settled != c.last:
		return c.begin(now, Action{Kind: Settle})
	}
	return c.begin(now, Action{Kind: Ask, Query: Query{After: c.last, Proof: true}})
}

// warmed takes a peer's answer.
func (c *Channel) warmed(run Run, proven bool) Action {
	if len(run.Entries) > 0 || !run.Live || !proven || c.lost != c.op.lost || c.Ring.End() != c.op.end {
		return Action{}
	}
	c.Ring.heal(c.Ring.End())
	if c.Ring.Len() == 0 {
		c.Ring.prior = c.last
	}
	c.op, c.known, c.warms = op{}, false, 0
	return Action{}
}

// coolDown leaves it for a while.
func (c *Channel) coolDown(now time.Time) Action {
	c.op, c.known = op{}, false
	c.warms--
	c.wait = now.Add(c.Limits.Fill)
	return Action{}
}
