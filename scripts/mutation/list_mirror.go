package main

// State that stays true.
var mirrorMutations = []mutation{
	{name: "load nothing after a loss", in: "rtx/mirror", by: "TestSchedules", fn: "follower.need", do: drop("f.due.add(_, _)")},
	{name: "use what was loaded before a gap", in: "rtx/mirror", by: "TestResultsOfOld", fn: "follower.need", do: drop("l.old = errOld")},
	{name: "take a load that began before a gap for its answer", in: "rtx/mirror", by: "TestSchedules|TestGapDrops", fn: "follower.need",
		do: replace("l.began.After(until)", "!until.IsZero()")},
	{name: "forget the events that come during a load", in: "rtx/mirror", by: "TestSchedules", fn: "follower.event", do: drop("l.kept = append(l.kept, e)")},
	{name: "keep any number of events for a load", in: "rtx/mirror", by: "TestLimitsOfALoad", fn: "follower.event", do: never("len(l.kept) >= _")},
	{name: "call a mirror fresh without a connection", in: "rtx/mirror", by: "TestStaleWhile|TestRestored", fn: "follower.state", do: drop("f.down = &staleness{since: lastHeard(st), err: downError(st)}")},
	{name: "call a mirror fresh that a channel has left", in: "rtx/mirror", by: "TestSchedules", fn: "follower.lost", do: drop("f.left[_] = _")},
	{name: "load after each restored session", in: "rtx/mirror", by: "TestRestored", fn: "follower.joined", do: never("known && _")},
	{name: "take a channel that comes later for loaded", in: "rtx/mirror", by: "TestOutageIsOneLoad", fn: "follower.joined", do: first("f.drainStates(); return")},
	{name: "load once for each gap of an outage", in: "rtx/mirror", by: "TestWhatCameBeforeALoad", fn: "follower.confirmed", do: drop("f.take()")},
	{name: "keep keys that were not loaded again", in: "rtx/mirror", by: "TestSchedules", fn: "follower.use", do: replace("l.asked.all == nil", "true")},
	{name: "load at once after a failure", in: "rtx/mirror", by: "TestLoadFailsForEver", fn: "follower.took", do: drop("f.next = _")},
	{name: "forget what failed to load", in: "rtx/mirror", by: "TestLoadFailsForEver", fn: "follower.took", do: drop("f.due.addAll(l.asked)")},
	{name: "tell a key with the value that it has", in: "rtx/mirror", by: "TestSchedules", fn: "reader.note", do: first("delete(r.differ, k)")},
	{name: "tell a value that is equal", in: "rtx/mirror", by: "TestEqualValues", fn: "follower.use", do: replace("!had || !m.equal(was, v)", "true || !had || !m.equal(was, v)"),
		equivalent: "Pending compares too, and a load wakes whoever takes changes anyway, because the mirror was stale"},
	{name: "apply an event that what was loaded has", in: "rtx/mirror", by: "TestSchedules|TestVersions", fn: "follower.change", do: never("f.older != nil && _")},
	{name: "keep half of what apply did when it panicked", in: "rtx/mirror", by: "TestHalfOfWhatApplyDid", fn: "follower.change", do: drop("clear(s.own)")},
	{name: "let a reader wait for ever at the end", in: "rtx/mirror", by: "TestEnds", fn: "Mirror.finish", do: drop("close(m.wake)")},
}
