package testserver

// keptEndsCase is which ends of a connection leave it to be recovered: those that the link has, and
// those that the service makes of nonsense in Socket.IO, but not those that it makes of nonsense in
// Engine.IO.
func keptEndsCase(b *bench) {
	for frame, kept := range map[string]bool{
		"abc":     false, // no Engine.IO packet
		"42{}":    true,  // no Socket.IO packet
		"4abc":    true,
		"40":      true, // a second CONNECT
		`4"x"`:    true,
		"2":       true, // a ping, which only servers send
		"bAQIDBA": true, // an attachment that nothing has announced
	} {
		c, offset := b.recoverable()
		c.send(frame)
		c.expectEnd()
		b.awaitEnd(c.socketID)
		again := b.dial()
		again.join(`40{"pid":"` + c.pid + `","offset":"` + offset + `"}`)
		if got := again.socketID == c.socketID; got != kept {
			b.Errorf("after %s recovered: %v, want %v", frame, got, kept)
		}
	}
}

// entryCase is what a service keeps of a connection: written when it notices an end, and only then,
// with the rooms of that moment. A connection that was recovered, and whose end it has not noticed,
// is restored from the entry before it.
func entryCase(b *bench) {
	first, offset := b.recoverable()
	kept, later := "kept-"+first.socketID, "later-"+first.socketID
	b.end(first.socketID, endReset)
	b.awaitEnd(first.socketID)
	back := func(offset string, missed ...string) *rawClient {
		b.Helper()
		c := b.dial()
		c.socketID, c.pid = first.socketID, first.pid
		c.send(`40{"pid":"` + first.pid + `","offset":"` + offset + `"}`)
		for _, event := range missed {
			c.readOffset(event)
		}
		c.expectJSON(`40{"sid":"` + first.socketID + `","pid":"` + first.pid + `"}`)
		c.readOffset(`["realtimex:connection_established",{"socket_id":"` + first.socketID + `"}`)
		return c
	}
	event := func(channel, n string) string {
		return `["server-event",{"channel":"` + channel + `","event":"e","data":` + n + `}`
	}
	second := back(offset)
	b.subscribe(second, later, "")
	offset = second.readOffset(`["realtimex_internal:subscription_succeeded",{"channel":"` + later + `","initial_state":{}}`)
	b.publish(later, "e", 1)
	b.publish(kept, "e", 2)
	// The service holds second for alive. What was missed on the channel that it joined is missing,
	// and nobody is told.
	third := back(offset, event(kept, "2"))
	b.publish(later, "e", 3) // but the room is there: it belongs to the socket id, which both have
	offset = third.readOffset(event(later, "3"))

	// Its end is noticed at last, and empties the rooms of third. Heartbeats go on, nothing else
	// arrives.
	second.ws.CloseNow()
	n := 4
	for ; ; n++ {
		b.publish(kept, "e", n)
		third.send("40/nothing,")
		frame := third.read()
		if frame == `44/nothing,{"message":"Invalid namespace"}` {
			break
		}
		offset = offsetOf(b.T, frame)
		third.expect(`44/nothing,{"message":"Invalid namespace"}`)
	}
	// The entry that it has written has all the rooms of its moment.
	b.publish(later, "e", n+1)
	back(offset, event(kept, string(encode(n))), event(later, string(encode(n+1))))
}

func deafEchoCase(b *bench) {
	x, y := b.dial(), b.dial()
	for _, c := range []*rawClient{x, y} {
		c.join("40")
		c.readOffset(`["realtimex:connection_established",{"socket_id":"` + c.socketID + `"}`)
	}
	b.subscribe(y, "private-deaf", "")
	y.readOffset(`["realtimex_internal:subscription_succeeded",{"channel":"private-deaf","initial_state":{}}`)
	b.deafen(x.socketID)
	b.subscribe(x, "private-deaf", "") // its confirmation reaches nobody
	x.send(`42["client-event",{"channel":"private-deaf","event":"client-e","data":1}]`)
	for _, c := range []*rawClient{x, y} {
		c.readOffset(`["server-event",{"channel":"private-deaf","event":"client-e","data":1}`)
	}
}
