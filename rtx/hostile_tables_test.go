package rtx

// TablesOf returns how many entries a client's tables have, for tests of what grows. The client
// must be closed, or at rest.
func TablesOf(c *Client) map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	questions := 0
	for _, l := range c.broker.lanes {
		questions += len(l.waiting)
	}
	return map[string]int{
		"channels":                        len(c.subs),
		"streams":                         len(c.bindings.list),
		"routes":                          len(c.routes.byName) + len(c.routes.all()),
		"names":                           len(c.reader.names),
		"frames":                          len(c.frames),
		"acknowledgements":                len(c.acks),
		"secrets":                         len(c.hide),
		"pings":                           len(c.pings),
		"late leavers":                    len(c.lapses.recent) + len(c.lapses.late),
		"questions":                       questions,
		"authorizers":                     len(c.broker.lanes) + len(c.broker.queue),
		"streams that spill":              c.spills.streams.len(),
		"channels that are counted twice": int(c.held.Load()) - len(c.subs),
	}
}
