package main

// One session.
var transportMutations = []mutation{
	{name: "take an event in the middle of another's attachments", in: "rtx/transport", fn: "session.next", do: always("!s.assembler.Due()")},
	{name: "keep the read buffer for a replayed packet", in: "rtx/transport", fn: "session.readConnect", do: drop("p.Data = slices.Clone(_)")},
	{name: "keep any number of bytes before CONNECT is answered", in: "rtx/transport", fn: "session.readConnect", do: never("size > maxBacklogBytes")},
	{name: "keep any number of packets before CONNECT is answered", in: "rtx/transport", fn: "session.readConnect", do: never("len(s.backlog) == maxBacklogPackets")},
	{name: "answer no ping before CONNECT is answered", in: "rtx/transport", fn: "session.readConnect", do: replace("s.Pong()", "error(nil)")},
	{name: "take any session for the resumed one", in: "rtx/transport", fn: "session.handshake", do: always("answer.PID == r.PID")},
	{name: "take a CONNECT answer without a sid", in: "rtx/transport", fn: "decodeConnect", do: dropCase(`a.SID == ""`)},
	{name: "take ids of any length", in: "rtx/transport", fn: "decodeConnect", do: dropCase("len(a.SID) > maxID || __")},
	{name: "send a frame that the service does not take", in: "rtx/transport", fn: "session.Send", do: never("size > s.info.MaxPayload")},
	{name: "send on when the write was too late", in: "rtx/transport", fn: "session.write", do: never("!inTime")},
	{name: "quote the service without a bound", in: "rtx/transport", fn: "secrets.serverText", do: never("len(text) > maxServerText")},
	{name: "cut the service's words in the middle of a rune", in: "rtx/transport", fn: "secrets.serverText", do: drop("end--")},
	{name: "quote a secret back", in: "rtx/transport", fn: "secrets.serverText", do: replace("s.hide(text)", "text")},
	{name: "quote control characters", in: "rtx/transport", fn: "secrets.serverText", do: never("!unicode.IsPrint(r)")},
	{name: "leave without a word", in: "rtx/transport", fn: "session.Close", do: never("forGood(cause)")},
	{name: "take a second CONNECT", in: "rtx/transport", fn: "session.receive", do: in("default", replace("err = _", "continue"))},
	{name: "follow a redirect from TLS to plain text", in: "rtx/transport", fn: "checkRedirect", do: never("encrypted(from) && __")},
	{name: "follow a handshake's redirect to another host", in: "rtx/transport", fn: "checkRedirect", do: never("authority(_) != authority(_)")},
	{name: "take text that is not UTF-8", in: "rtx/transport", fn: "session.readFrame", do: never("!utf8.Valid(_)")},
	{name: "count a read as silence", in: "rtx/transport", fn: "link.fill", do: drop("l.mono.Store(_)")},
	{name: "hold frames back at the end of a batch", in: "rtx/transport", fn: "session.Send", do: replace("i < len(packets)-1", "i < len(packets)")},
	{name: "keep the buffer of a burst", in: "rtx/transport", fn: "link.settle", do: drop("l.room = nil")},
	{name: "lose what was read ahead", in: "rtx/transport", fn: "link.Read", do: replace("l.rest[n:]", "l.rest[:0]")},
}
