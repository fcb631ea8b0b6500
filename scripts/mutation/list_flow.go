package main

// The operators, each against the law and a naive reference.
var flowMutations = []mutation{
	{name: "filter a gap", in: "rtx/flow", fn: "Filter", do: replace("gap == nil", "true")},
	{name: "forget the rest of a slice that was left", in: "rtx/flow", fn: "FlatMap", do: drop("if !flush() { return }")},
	{name: "keep a state that a gap is to change", in: "rtx/flow", fn: "Scan", do: drop("state = onGap(state, gap)")},
	{name: "compare with a value from before a gap", in: "rtx/flow", fn: "Changed", do: drop("known.forget(gap.Channel)")},
	{name: "take a gap for one of a channel that has no name", in: "rtx/flow", fn: "Changed", do: never("channel == nil || _")},
	{name: "compare with a value that was left out", in: "rtx/flow", fn: "Changed", do: in("ok && same(last, v)", before("return true", "known.put(ch, k, v)"))},
	{name: "forget a key that is in use", in: "rtx/flow", fn: "memory.get", do: drop("m.put(channel, k, v)")},
	{name: "remember keys without a bound", in: "rtx/flow", fn: "memory.put", do: never("m.size == maxKnown/2")},
	{name: "make no error of a gap", in: "rtx/flow", fn: "Errors", do: never("gap != nil")},

	{name: "take a feed that is quiet for one that has ended", in: "rtx/flow", fn: "Merge", do: replace("!ok && empty", "(ok || true) && empty")},
	{name: "hand results out while calls run on", in: "rtx/flow", fn: "orderedMap.all", do: drop("defer o.running.Wait()")},
	{name: "wait for a token that does not come", in: "rtx/flow", fn: "orderedMap.all", do: drop("o.left = true")},
	{name: "take more ahead than was allowed", in: "rtx/flow", fn: "orderedMap.take", do: replace("len(o.line) < o.n", "true")},
	{name: "tell of a gap while earlier work runs", in: "rtx/flow", fn: "each.take", do: in("gap != nil", drop("e.running.Wait()"))},
	{name: "hide a gap that was taken too late", in: "rtx/flow", fn: "each.take", do: drop("e.left = gap")},
	{name: "go on after the function for a gap has failed", in: "rtx/flow", fn: "each.take", do: in("gap != nil", in("err != nil", drop("e.fail(err)")))},
	{name: "stop reading after an item that was kept", in: "rtx/flow", fn: "pump.pending", do: drop("p.goLocked()")},

	{name: "leave no word of what a slow taker missed", in: "rtx/flow", fn: "taker.dropOldest", do: drop("k.missed = _")},
	{name: "keep more than the buffer for a slow taker", in: "rtx/flow", fn: "tee.readLocked", do: drop("k.dropOldest()")},
	{name: "leave the reading coroutine behind", in: "rtx/flow", fn: "tee.leave", do: drop("t.unlocked(stop)")},
	{name: "lose a gap that was skipped with its value", in: "rtx/flow", fn: "Latest.note", do: drop("w.before = merged(w.before, w.behind)")},
	{name: "take a value for current that is behind a gap", in: "rtx/flow", fn: "Latest.note", do: drop("l.behind = merged(l.behind, gap)")},
	{name: "remember takers that have gone", in: "rtx/flow", fn: "Latest.Watch", do: drop("delete(l.watches, w)")},
	{name: "forget when a merged gap began", in: "rtx/flow", fn: "merged", do: drop("g.Since = b.Since")},

	{name: "tell an outage again for a slow reader", in: "rtx/flow", fn: "Outages.Note", do: never("(o.told.unnamed || _) && _")},
	{name: "take a later loss for one that was told", in: "rtx/flow", fn: "Outages.Note", do: always("gap.Until.Before(o.told.at)")},
	{name: "wait for an end of the gaps that never comes", in: "rtx/flow", fn: "Outages.take", do: replace("min(_a, _b)", "_a")},

	{name: "retry without waiting longer", in: "rtx/flow", fn: "Retry", do: drop("limit = _")},
	{name: "let all clients retry at the same moment", in: "rtx/flow", fn: "Retry", do: replace("rand.N(limit)+1", "rand.N[time.Duration](1) + limit")},
	{name: "hide that the context ended", in: "rtx/flow", fn: "Retry", do: dropCase("ctx.Err() != nil")},
	{name: "retry what no attempt can heal", in: "rtx/flow", fn: "Retry", do: dropCase("r.final != nil && r.final(err)")},
}
