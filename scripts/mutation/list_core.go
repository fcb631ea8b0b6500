package main

import "time"

// byLaw is the simulation, whose ledger must notice what users are promised.
var byLaw = []tests{{pkg: "internal/simulation", args: []string{"-seeds", "400"}, limit: 5 * time.Minute}}

// What the client decides.
var coreMutations = []mutation{
	{name: "drop the gap on reconnection", in: "rtx", fn: "Client.confirmed", tests: byLaw,
		do: drop("_.lose(reconnected(__))")},
	{name: "deliver before the channel is confirmed", in: "rtx", fn: "Client.deliver", tests: byLaw,
		do: always("internal || s.phase == joined")},
	{name: "deliver an event twice", in: "rtx", fn: "Client.deliver", tests: byLaw,
		do: replace("_sink.take(_e)", "func() verdict { _sink.take(_e); return _sink.take(_e) }()")},
	{name: "take every session for a recovered one", in: "rtx", fn: "handler.Up", tests: byLaw,
		do: always("info.Recovered")},
	{name: "forget the gap when a later connection is recovered", in: "rtx", fn: "handler.Up", tests: byLaw,
		do: always("_.lossEpoch == _")},
	{name: "forget to move the recovery offset on", in: "rtx", fn: "Client.receive", tests: byLaw,
		do: in("_.deliver(_)", drop("_.recovery.take(_)"))},
	{name: "recover a connection that is in doubt", in: "rtx", fn: "recovery.down", tests: byLaw,
		do: in("r.doubt", never("r.doubt"))},
	{name: "never find a connection deaf", in: "rtx", fn: "", tests: byLaw,
		do: replace("return nil, _t, errDeaf", "return nil, _t, nil")},
	{name: "forget to resubscribe one channel", in: "rtx", fn: "Client.settle", tests: byLaw,
		do: replace("s.gone", `(s.gone || s.name == "b" && c.epoch > 0)`)},
	{name: "send a client event twice", in: "rtx", fn: "Channel.Trigger", tests: byLaw,
		do: before("if err := _to.Send(_ctx, _p); err != nil { __ }", "_ = _to.Send(_ctx, _p)")},
	{name: "say that a client event was sent, and don't", in: "rtx", fn: "Channel.Trigger", tests: byLaw,
		do: before("if err := _.Send(__); err != nil { __ }",
			"if c.stats.sent.Load()%7 == 6 {\nc.stats.sent.Add(1)\nreturn nil\n}")},
	{name: "let a channel leave a group in silence", in: "rtx", fn: "binding.lost", tests: byLaw,
		do: in("!x.expelled", drop("_.lose(gap)"))},
}
