package main

// byExplorer is the explorer by itself.
var byExplorer = []tests{{pkg: "internal/core", run: "^TestExplore$"}}

// The faults that the machine was made to exclude. Without the rule that excludes it, the explorer
// alone must find each: no other test of the machine runs here.
var faultMutations = []mutation{
	{name: "explorer: give a subscription up, and tell none of its streams", in: "internal/core", fn: "Machine.evictHolders", tests: byExplorer,
		do: drop("m.do(a)")},
	{name: "explorer: take a pong for that of the next ping", in: "internal/core", fn: "Machine.Abandon", tests: byExplorer,
		do: after("p.abandoned = true", "if m.health.sent == p {\nm.health.sent = nil\n}")},
	{name: "explorer: let a ping wait for ever behind one that nobody waits for", in: "internal/core", fn: "Machine.pollHealth",
		tests: byExplorer, do: dropCase("h.sent.abandoned")},
	{name: "explorer: end an attempt that others wait for", in: "internal/core", fn: "Machine.GiveUp", tests: byExplorer,
		do: never("m.waiters > 0")},
	{name: "explorer: ask for channels in another order than they were held", in: "internal/core", fn: "Machine.look", tests: byExplorer,
		do: replace("m.queue = append(m.queue, ch)", "m.queue = append([]*Channel{ch}, m.queue...)")},
	{name: "explorer: ask for a recovered session whose end the service may not have noticed", in: "internal/core", fn: "Recovery.after",
		tests: byExplorer, do: never("r == Recovered && !e.PeerKnows")},
	{name: "explorer: ask again for a session that could not be resumed", in: "internal/core", fn: "Machine.DialFailed", tests: byExplorer,
		do: drop("m.remember(None)")},
	{name: "explorer: ask again for a session whose message can't be taken", in: "internal/core", fn: "Recovery.after", tests: byExplorer,
		do: never("!e.KeepsSession")},
	{name: "explorer: forget the gap when a later connection is recovered", in: "internal/core", fn: "Machine.resume", tests: byExplorer,
		do: never("ch.phase != Suspended")},
	{name: "explorer: let an answer from before a leave confirm what was asked for after it", in: "internal/core", fn: "answers.left",
		tests: byExplorer, do: replace("min(a.stale+a.due, maxAnswers)", "0")},
}
