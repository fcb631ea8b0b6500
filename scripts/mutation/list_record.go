package main

// Recordings, and their replay.
var recordMutations = []mutation{
	{name: "record a signature that nobody has hidden", in: "rtx/record", fn: "learn", do: drop("hidden.hide(auth)")},
	{name: "record the socket id that the service names", in: "rtx/record", fn: "learn", do: drop(`hidden.add("socket", id)`)},
	{name: "record the key of a signature", in: "rtx/record", fn: "standIns.hide", do: drop(`s.add("secret", before)`)},
	{name: "record an attachment as it is", in: "rtx/record", fn: "received", do: replace("hidden.replace(string(b))", "string(b)")},
	{name: "forget a secret when there are many", in: "rtx/record", fn: "standIns.add", do: drop("s.full = true")},
	{name: "record past the size", in: "rtx/record", fn: "Recorder.append", do: dropCase("r.size+line > r.maxSize-lastLine")},
	{name: "let a slow writer take any memory", in: "rtx/record", fn: "Recorder.append", do: dropCase("int64(len(r.pending)) > maxPending")},
	{name: "record an end twice", in: "rtx/record", fn: "session.Close", do: always("!s.ended.Swap(true)")},
	{name: "read another version of a recording", in: "rtx/record", fn: "NewReader", do: never("in.header.Version != Version")},
	{name: "read times that go back", in: "rtx/record", fn: "Reader.check", do: dropCase("e.At < r.lastAt")},
	{name: "read a connection that was not begun", in: "rtx/record", fn: "Reader.check", do: dropCase("e.Kind != KindStopped && __")},
	{name: "tell a wrapper's session no key", in: "rtx", by: "TestWithDialerWrapper", fn: "foreignDialer.Dial", do: drop("s.Hide(__)")},
	{name: "replay before the client has asked", in: "internal/testserver", fn: "replayConn.await", tests: replayTests, do: always("c.got[channel] >= n")},
	{name: "replay a silence once it was noticed", in: "internal/testserver", fn: "replayConn.play", tests: replayTests, do: replace("e.At - e.Silence", "e.At")},
	{name: "replay a deaf service that hears", in: "internal/testserver", fn: "attempt.pongs", tests: replayTests, do: always("pongs >= pings-1")},
	{name: "replay a session that nobody resumed", in: "internal/testserver", fn: "replayConn.check", tests: replayTests, do: never("o.Recovered && __")},
	{name: "replay a failed attempt twice to one dial", in: "internal/testserver", fn: "replay.take", tests: replayTests, do: never(`p.tried == "websocket" && __`)},
	{name: "replay an attempt that hangs for ever", in: "internal/testserver", fn: "replay.opened", tests: replayTests, do: drop("p.through(a)")},
	{name: "replay a close frame as a cut", in: "internal/testserver", fn: "replayConn.end", tests: replayTests, do: dropCase("record.HowClose")},
}

var replayTests = []tests{{pkg: "rtxtest", run: "TestReplay"}}
