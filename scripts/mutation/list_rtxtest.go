package main

// The server in the test's own process, and what it is built on. What a test of the library could only believe.
var rtxtestMutations = []mutation{
	{name: "replay the last event that the client has", in: "internal/sioserver", fn: "adapter.restore",
		do: replace("seen-a.first+1", "seen-a.first"), tests: serverTests},
	{name: "replay to a client what was not for it", in: "internal/sioserver", fn: "adapter.restore",
		do: always("!slices.ContainsFunc(l.except, _)"), tests: serverTests},
	{name: "restore a session after its time", in: "internal/sioserver", fn: "adapter.restore",
		do: never("time.Since(_) > window"), tests: serverTests},
	{name: "restore a session of an earlier life", in: "internal/sioserver", fn: "adapter.restore",
		do: never("offset[:len(a.epoch)] != a.epoch"), tests: serverTests},
	{name: "broadcast to those who are excepted", in: "internal/sioserver", fn: "adapter.broadcast",
		do: always("!a.excepted(__)"), tests: serverTests},
	{name: "let a room remember who left it", in: "internal/sioserver", fn: "adapter.dropFrom",
		do: drop("delete(r.at, id)"), tests: serverTests},
	{name: "let any amount wait for one client", in: "internal/sioserver", fn: "Session.enqueue",
		do: never("_ > s.engine.cfg.QueueBytes"), tests: serverTests},
	{name: "let two polls wait at once", in: "internal/sioserver", fn: "Session.servePoll",
		do: never("s.waiting != nil"), tests: serverTests},
	{name: "never miss a pong", in: "internal/sioserver", fn: "Session.onBeat",
		do: never("s.awaiting && __"), tests: serverTests},
	{name: "take a ping from a client", in: "internal/sioserver", fn: "Session.receive",
		do: dropCase("engineio.Ping"), tests: serverTests},
	{name: "relay a client's event on a public channel", in: "rtxtest", fn: "Server.relay", do: never("!isGuarded(_)")},
	{name: "relay from who is not subscribed", in: "rtxtest", fn: "Server.relay", do: never("!c.channels.has(_)")},
	{name: "relay an event back to its sender", in: "rtxtest", fn: "Server.relay",
		do: replace("s.send(_ch, _e, _d, _b, _)", "s.send(_ch, _e, _d, _b)")},
	{name: "take any signature", in: "rtxtest", fn: "Server.subscribe", do: never("!r.ValidAuth")},
	{name: "announce a member with each of its connections", in: "rtxtest", fn: "Server.arrive",
		do: never("_ != nil")},
	{name: "announce that a member left with its first connection", in: "rtxtest", fn: "Server.goAway", do: never("len(p.by) > 0")},
	{name: "confirm to who has left meanwhile", in: "rtxtest", fn: "Server.subscribe", do: never("c.gone || __")},
	{name: "forget the members of a recovered connection", in: "rtxtest", fn: "Server.restore", do: drop("s.arrive(__)")},
	{name: "keep any number of requests", in: "rtxtest", fn: "Server.record", do: never("len(s.received) >= maxReceived")},
	{name: "sign for a channel that is denied", in: "rtxtest", fn: "AuthBackend.plan", do: never("b.denied[_]")},
}

var serverTests = []tests{{pkg: "internal/sioserver"}, {pkg: "rtxtest"}}
