package main

// What package rtx does with one event and one loss.
var rtxMutations = []mutation{
	{name: "tell the gap of a reconnection from the wrong time", in: "rtx", fn: "reconnected", tests: byLaw,
		do: field("Until", "since")},
	{name: "skip a malformed payload without a word", in: "rtx", fn: "queueSink.pass", tests: byLaw,
		do: drop("s.q.Mark(_)")},
	{name: "keep the last value decoded for the next event", in: "rtx", fn: "queueSink.take",
		do: drop("s.scratch = *new(T)")},
	{name: "let a decoder's panic through", in: "rtx", fn: "decodeInto",
		do: never("r != nil")},
	{name: "tell one partition alone of a loss that may be any's", in: "rtx", fn: "partSink.lose",
		do: after("q.Mark(g)", "break")},
	{name: "end a partition when one of its queues has ended", in: "rtx", fn: "partSink.pass",
		do: always("s.allEnded()")},
	{name: "take an offset where no session can be recovered", in: "rtx", fn: "scanEnvelope",
		do: never("!withOffset")},
	{name: "let text that is not UTF-8 pass as a name", in: "rtx", fn: "plainString",
		do: replace("_ < utf8.RuneSelf || _", "true || bits == 0")},
	{name: "take an escaped name as it is spelt", in: "rtx", fn: "unquote",
		do: always("bytes.IndexByte(__) < 0")},
}
