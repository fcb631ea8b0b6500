package main

// The bridges. What decides is searched in thousands of schedules; the rest is held to real parts.
var bridgeMutations = []mutation{
	{name: "bridge: publish without a condition", in: "bridge/nats", by: "TestStaleLeaderIsFenced", fn: "held.message", do: drop("set(headerSeq, __)")},
	{name: "bridge: publish without an id", in: "bridge/nats", by: "TestOnTheBus|TestPeerFills", fn: "held.message", do: drop("set(nats.MsgIdHdr, __)")},
	{name: "bridge: let the bucket keep the lease of the dead", in: "bridge/nats", by: "TestSameNameAgain", fn: "Bridge.open", do: replace("c.Lease", "1000 * time.Hour")},
	{name: "bridge: keep the lease of who has drained", in: "bridge/nats", by: "TestGivesItsLeaseBack", fn: "running.giveBack", do: first("return")},
	{name: "bridge: say nothing of the missing ids", in: "bridge/nats", by: "TestWithoutIDs", fn: "held.entry", do: never("!r.noIDs")},
	{name: "bridge: let a dot through", in: "bridge/nats", by: "TestSubjects", fn: "plain", do: always("c == '-'")},
	{name: "bridge: ask nobody whose lease has run out", in: "bridge/nats", by: "TestPeerFillsAGap", fn: "running.changed", do: always("e.Operation() == jetstream.KeyValueDelete")},
	{name: "bridge: take what a peer has for too large an event's place", in: "bridge/nats", by: "TestTooLarge", fn: "running.publish", do: replace("errors.Is(err, nats.ErrMaxPayload)", "false")},

	{name: "relay: a ring off by one", in: "bridge/nats/internal/relay", fn: "Ring.After", do: replace("s.before != nil || s.torn || __", "limit < 0 && len(run.Entries) > 0")},
	{name: "relay: go over a hole that was told", in: "bridge/nats/internal/relay", fn: "Ring.After", do: never("s.torn")},
	{name: "relay: go on one event too far", in: "bridge/nats/internal/relay", fn: "Channel.locate", do: replace("n + 1", "n + 2")},
	{name: "relay: repeat the last event", in: "bridge/nats/internal/relay", fn: "Channel.passed", do: drop("c.next++")},
	{name: "relay: go on where the ring begins", in: "bridge/nats/internal/relay", fn: "Ring.whole", do: first("return r.base")},
	{name: "relay: do not wait for what is on its way", in: "bridge/nats/internal/relay", fn: "Channel.missing", do: dropCase("c.settled != c.last")},
	{name: "relay: believe a peer without a proof", in: "bridge/nats/internal/relay", fn: "Channel.Answered", do: replace("run.Live && proven && __", "run.Live && c.lost == c.op.lost")},
	{name: "relay: believe a proof from before the loss", in: "bridge/nats/internal/relay", fn: "Channel.Answered", do: replace("run.Live && proven && __", "run.Live && proven")},
	{name: "relay: tell no gap", in: "bridge/nats/internal/relay", fn: "Channel.giveUp", do: replace("c.tell(now, h, c.next, c.bus)", "c.advance(now)")},
	{name: "relay: forget what the ring had no room for", in: "bridge/nats/internal/relay", fn: "Channel.advance", do: drop("c.Ring.dig(c.next, &Hole{Evicted: true, _, _})")},
	{name: "relay: give up while the bus can't be reached", in: "bridge/nats/internal/relay", fn: "Channel.AnsweredAll", do: replace("!now.Before(c.deadline) && c.checked", "!now.Before(c.deadline)")},
	{name: "relay: forget a gap record that may not be there", in: "bridge/nats/internal/relay", fn: "Channel.Looked", do: drop("c.Ring.dig(t.at, t.hole)")},
	{name: "relay: leave before the others are there", in: "bridge/nats/internal/relay", by: "TestChannelsMoveWithoutALoss", fn: "Seat.Assign", do: replace("s.roll.covered(i)", "true")},
	{name: "relay: leave while the others count on it", in: "bridge/nats/internal/relay", by: "TestChannelsMoveWithoutALoss", fn: "Seat.Assign", do: replace("s.roll.says(s.self, i)", "false")},
	{name: "relay: leave by a bucket that has not shown its own lease", in: "bridge/nats/internal/relay", by: "TestChannelsMoveWithoutALoss", fn: "Seat.Assign", do: replace("seen && slices.Contains(s.roll.view, s.self)", "slices.Contains(s.roll.view, s.self)")},
	{name: "relay: end before the others are there", in: "bridge/nats/internal/relay", by: "TestChannelsMoveWithoutALoss", fn: "Seat.HandedOver", do: replace("s.roll.covered(channel)", "true")},
	{name: "relay: count on what was subscribed to before the link broke", in: "bridge/nats/internal/relay", by: "TestChannelsMoveWithoutALoss", fn: "Seat.Linked", do: replace("s.linked, s.covers = up, nil", "s.linked = up")},
	{name: "relay: publish what it does not receive yet", in: "bridge/nats/internal/relay", by: "TestLeaderReceives|TestLeaderIsTheOldest", fn: "roll.does", do: replace("len(m.Covers) > 0", "true")},
	{name: "relay: a hash without the member", in: "bridge/nats/internal/relay", by: "TestShardingMoves", fn: "weight", do: drop("_, _ = io.WriteString(h, member)")},

	{name: "watermill: hide a gap", in: "bridge/watermill", by: "TestGapsAreMessages", fn: "fromGap", do: drop("m.Metadata.Set(MetadataGap, __)")},
	{name: "watermill: let a publisher tell a gap", in: "bridge/watermill", by: "TestNoPublisherTellsAGap", fn: "fromEvent", do: drop("delete(m.Metadata, MetadataGap)")},
	{name: "watermill: take a refused topic for one that stands", in: "bridge/watermill", by: "TestRefusals", fn: "Subscriber.open", do: never("t != nil && t.stream.Ended()")},
	{name: "watermill: give up what a subscription has not acknowledged", in: "bridge/watermill", by: "TestUnacknowledgedGoesToTheNext", fn: "topic.leave", do: before("close(s.out)", "t.current = nil")},

	{name: "cluster: count nothing", in: "examples/cluster", fn: "count", do: drop("got++")},
	{name: "sql: write no gap", in: "examples/sql", fn: "sqlite.InsertQuery", do: replace("string(metadata)", "string(metadata[:1])+\"}\"")},
}
