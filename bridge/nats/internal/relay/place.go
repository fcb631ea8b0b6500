package relay

import "time"

// What follows the last event on the bus: in the ring, at a peer, or nobody knows and a gap is told.

// locate finds the last event on the bus in the ring.
func (c *Channel) locate(now time.Time) bool {
	if c.last == "" {
		c.stand(c.Ring.base)
		if c.Ring.prior != "" {
			// What was removed may not have been published.
			c.Ring.dig(c.next, &Hole{Evicted: true, Since: now.Add(-c.Ring.Age), Until: now})
		}
		return true
	}
	n, ok := c.Ring.find(c.last)
	if ok {
		c.stand(n + 1)
	}
	return ok
}

// missing is what is done while the ring does not have the last event on the bus. If that is not
// still on its way, it was received before the ring began, or stands in a hole.
func (c *Channel) missing(now time.Time) Action {
	switch {
	case local(c.last):
		// Another replica has made the id, so nobody can find the place. What is in the ring may be
		// on the bus already.
		return c.goOn(now, c.Ring.End())
	case c.settled != c.last:
		return c.begin(now, Action{Kind: Settle})
	}
	return c.ask(now, Query{After: c.last, Proof: true})
}

func (c *Channel) ask(now time.Time, q Query) Action {
	if local(q.After) || local(q.Until) {
		return c.giveUp(now, false, op{})
	}
	if c.deadline.IsZero() {
		c.deadline, c.checked = now.Add(c.Limits.Fill), false
	}
	at := c.next
	if !c.located {
		at = c.Ring.whole()
	}
	if s := c.Ring.at(at); s != nil && q.After != "" {
		q.Lead = s.ID
	}
	c.Counts.Asks++
	return c.begin(now, Action{Kind: Ask, Query: q})
}

// Answered gives what a peer knows. proven is set if the query asked for a proof and the peer has
// one.
func (c *Channel) Answered(now time.Time, token uint64, run Run, proven bool) Action {
	if c.op.Kind != Ask || c.op.Token != token {
		return Action{}
	}
	if len(run.Lead) > len(c.op.lead) {
		c.op.lead = run.Lead
	}
	if !run.Found {
		return Action{}
	}
	q := c.op.Query
	if !c.leading {
		return c.warmed(run, proven)
	}
	switch {
	case q.After == "":
		if c.op.whole++; c.op.best == nil || run.Older > c.op.older {
			c.op.best, c.op.older = run.Entries, run.Older
		}
		return Action{}
	case q.Until != "":
		if _, reached := upTo(run.Entries, q.Until); reached {
			return c.fillWith(now, run.Entries)
		}
		if len(run.Entries) > len(c.op.best) {
			c.op.best = run.Entries
		}
		return Action{}
	case len(run.Entries) > 0:
		return c.resume(now, run.Entries)
	case run.Live && proven && c.lost == c.op.lost:
		c.Ring.heal(c.op.end)
		if c.Ring.Len() == 0 {
			c.Ring.prior = c.last // for the next replica that asks
		}
		c.stand(c.op.end)
		return c.resume(now, nil)
	}
	return Action{}
}

// AnsweredAll says that no further answer will come, and how many peers were asked; -1 if that is not
// known.
func (c *Channel) AnsweredAll(now time.Time, token uint64, peers int) Action {
	if c.op.Kind != Ask || c.op.Token != token {
		return Action{}
	}
	o := c.op
	if !c.leading {
		return c.coolDown(now)
	}
	switch {
	case o.Query.After == "" && o.Query.Until != "":
		if o.whole == peers {
			if len(o.best) == 0 {
				c.Ring.heal(c.next)
			}
			return c.fillWith(now, o.best)
		}
	case len(o.best) > 0:
		return c.fillWith(now, o.best)
	}
	c.op = op{}
	switch {
	case c.located && peers == 0 || !now.Before(c.deadline) && c.checked:
		return c.giveUp(now, peers != 0, o)
	case !now.Before(c.deadline):
		// Perhaps nobody answered because the bus can't be reached. Once it can, peers are asked
		// once more.
		c.checked, c.known = true, false
		return c.advance(now)
	}
	c.wait = now.Add(c.Limits.Ask)
	return Action{}
}

// fillWith goes on with a run towards the event that it is to reach.
func (c *Channel) fillWith(now time.Time, run []Entry) Action {
	run, reached := upTo(run, c.op.Query.Until)
	if reached && len(run) == 0 {
		c.Ring.heal(c.next)
	} else if reached {
		c.Ring.fill(c.next)
	}
	return c.resume(now, run)
}

// upTo returns what comes before the event with that id, and whether it is there.
func upTo(run []Entry, id string) ([]Entry, bool) {
	for i := range run {
		if run[i].ID == id {
			return run[:i], true
		}
	}
	return run, false
}

// resume goes on with what a peer had.
func (c *Channel) resume(now time.Time, run []Entry) Action {
	c.op, c.backlog, c.deadline = op{}, run, time.Time{}
	c.Counts.Filled += uint64(len(run))
	return c.advance(now)
}

// giveUp tells a gap: no peer can say what follows the last event on the bus. Nothing is told if the
// bus has nothing yet and there is no peer that could have had something before.
//
// A peer may have more than this replica has behind the hole. asked has what leads up to the event
// behind it; all of that follows the last event on the bus.
func (c *Channel) giveUp(now time.Time, peers bool, asked op) Action {
	at := c.next
	if !c.located {
		at = c.Ring.whole()
	}
	var lead []Entry
	if s := c.Ring.at(at); s != nil && s.ID == asked.Query.Lead {
		lead = asked.lead
	}
	if !c.located {
		// The last event on the bus is not on its way, so it stands in a hole or before the ring.
		a := c.goOn(now, at)
		c.op.lead = lead
		return a
	}
	h := c.Ring.fill(c.next)
	c.deadline = time.Time{}
	if h == nil || c.last == "" && h.onlyBegan() && !peers {
		return c.advance(now)
	}
	a := c.tell(now, h, c.next, c.bus)
	c.op.lead = lead
	return a
}

// goOn tells a gap and goes on with the slot of that number.
func (c *Channel) goOn(now time.Time, n uint64) Action {
	h := &Hole{Began: true, Since: c.lastAt, Until: now}
	c.stand(n)
	return c.tell(now, merge(h, c.Ring.fill(n)), n, c.bus)
}

func (c *Channel) tell(now time.Time, h *Hole, at uint64, after string) Action {
	a := c.begin(now, Action{Kind: Publish, Gap: h, After: after, Seq: c.seq})
	c.op.told = told{hole: h, at: at, token: a.Token}
	return a
}
