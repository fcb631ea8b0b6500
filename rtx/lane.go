package rtx

// laneLocked returns the lane of an authorizer, made if there is none. For nil it returns nil.
func (c *Client) laneLocked(a *authority) *lane {
	if a == nil {
		return nil
	}
	l := c.broker.lanes[a.identity]
	if l == nil {
		l = &lane{authority: a}
		c.broker.lanes[a.identity] = l
	}
	return l
}

// enterLocked has s use the lane l from now on, and leave the one that it used. l may be nil. It
// returns the authorizer of a lane that is gone, whose idle connections the caller closes, or nil.
func (c *Client) enterLocked(s *subscription, l *lane) *authority {
	old := s.lane()
	if old == l {
		return nil
	}
	if s.credentials().lane = l; l != nil {
		l.channels++
	}
	if old == nil {
		return nil
	}
	old.channels--
	return c.retireLocked(old)
}

// retireLocked forgets a lane that is of no use any more. It returns its authorizer, or nil if that
// is the client's, which stays in use.
func (c *Client) retireLocked(l *lane) *authority {
	if l.channels > 0 || l.running > 0 {
		return nil
	}
	delete(c.broker.lanes, l.authority.identity)
	if l.authority.is(c.cfg.authority) {
		return nil
	}
	return l.authority
}

// authoritiesLocked returns the authorizers in use, and the client's.
func (c *Client) authoritiesLocked() (all []*authority) {
	if c.cfg.authority != nil {
		all = append(all, c.cfg.authority)
	}
	for _, l := range c.broker.lanes {
		if !l.authority.is(c.cfg.authority) {
			all = append(all, l.authority)
		}
	}
	return all
}

// warnOfServer logs once that an authorizer asks the RealtimeX server itself, which signs for
// nobody.
func (c *Client) warnOfServer() {
	c.warned.Do(func() {
		c.cfg.log.Warn("rtx: the auth endpoint is on the RealtimeX server's own host and port; it must be your own backend")
	})
}
