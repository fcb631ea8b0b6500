package main

// What the tests and the benchmark themselves rest on.
var toolMutations = []mutation{
	{name: "let the law take a value that came twice for one out of order", in: "internal/ledger", fn: "judge.late", do: never("n > 1")},
	{name: "let the law pass a malformed event that was delivered", in: "internal/ledger", fn: "judge.value",
		do: replace("l.events[i].Malformed", "false")},
	{name: "let the law pass a value under another name", in: "internal/ledger", fn: "judge.value",
		do: never("l.events[i].Name != v.Name")},
	{name: "let the law pass a value with another key", in: "internal/ledger", fn: "judge.value",
		do: never("l.events[i].Key != v.Key")},
	{name: "let the law pass an order that two channels disagree on", in: "internal/ledger", fn: "judge.value",
		do: never("e.At.Before(j.last.At)")},
	{name: "let the law pass a gap that ends before it begins", in: "internal/ledger", fn: "judge.gap",
		do: never("g.Until.Before(g.Since)")},
	{name: "let the law pass malformed payloads without an error", in: "internal/ledger", fn: "judge.gap",
		do: never("g.Malformed > 0 && g.Err == nil")},
	{name: "let the law take any outage for the cause of a gap", in: "internal/ledger", fn: "Link.caused", do: always("!o.Recovered")},
	{name: "let the law pass a loss in the wrong place", in: "internal/ledger", fn: "judge.places", do: never("told > n")},
	{name: "let the law pass a count that is too high", in: "internal/ledger", fn: "judge.compare",
		do: never("told.dropped > missing.dropped || __")},
	{name: "let the law pass what comes after an overflow", in: "internal/ledger", fn: "judge.overflow", do: never("after > 0")},
	{name: "let the law pass an overflow without a gap", in: "internal/ledger", fn: "judge.overflow", do: never("overflowed && dropped == 0")},
	{name: "let the law pass a hole in what was sent", in: "internal/ledger", fn: "Sent.Check", do: never("n < furthest[t.connects]")},
	{name: "let the law pass what arrived on another channel", in: "internal/ledger", fn: "Sent.Check", do: never("t.channel != a.Channel")},

	{name: "keep the proxy's other direction open", in: "interop/nodetest", fn: "link.pass", do: drop("_ = tcp.CloseWrite()")},
	{name: "let bytes through a frozen link", in: "interop/nodetest", fn: "link.pass", do: replace("n > 0 && !l.isFrozen()", "n > 0")},
	{name: "send new links to the old target", in: "interop/nodetest", fn: "Proxy.SetTarget", do: drop("p.target = target")},
	{name: "pass a channel that was asked for twice", in: "interop/nodetest", fn: "Stats.SubscribedOnce", do: never("n != 1")},

	{name: "wrap the arguments of an echo", in: "internal/echoserver", fn: "answer", do: replace("list[1:len(list)-1]", "list")},
	{name: "acknowledge what asks for none", in: "internal/echoserver", fn: "answer", do: replace("s.Ack(e.ID, args, e.Buffers)", "s.Ack(e.ID+1, args, e.Buffers)")},
	{name: "greet without the payload of the CONNECT", in: "internal/echoserver", fn: "greet", do: never("len(s.Payload) > 0")},

	{name: "measure a run that lost a message", in: "bench", fn: "tally.take", do: never("p.Seq != t.next || __")},
	{name: "measure a run whose messages were changed", in: "bench", fn: "tally.take", do: drop("t.hash.Write(_)")},
	{name: "give each channel a number of its own", in: "bench", fn: "channelOf", do: replace("i%n", "i%(n+1)")},

	{name: "choose the same mutations by every seed", in: "scripts/mutation", fn: "pick", do: drop("_, _ = h.Write(_)")},
	{name: "count an equivalent mutation as caught", in: "scripts/mutation", fn: "summary", do: always(`r.equivalent == ""`)},
	{name: "take a hang for a failure", in: "scripts/mutation", fn: "readTests", do: replace("hung = true", "hung = false")},
}
