package main

// What OpenTelemetry is told, against the conventions, and what it must not be told.
var rtxotelMutations = []mutation{
	{name: "record no duration of a handler that panicked", in: "contrib/rtxotel", fn: "Process", do: drop("defer p.unwind(ctx)")},
	{name: "measure the lag to the end of the handler", in: "contrib/rtxotel", fn: "process.over", do: replace("now.Sub(p.start)", "now.Sub(now)")},
	{name: "take a handler's error for a success", in: "contrib/rtxotel", fn: "process.end", do: replace("err == nil", "err == nil || true")},
	{name: "let whoever publishes be the parent", in: "contrib/rtxotel", fn: "process.linked", do: always("p.t.cfg.parent")},
	{name: "take baggage from whoever publishes", in: "contrib/rtxotel", fn: "process.linked", do: replace("p.t.cfg.baggage && from.Baggage != \"\"", "from.Baggage != \"\"")},
	{name: "forget the span around the handler", in: "contrib/rtxotel", fn: "process.linked", do: drop("links = append(links, trace.Link{SpanContext: ambient})")},
	{name: "send baggage to everybody on the channel", in: "contrib/rtxotel", fn: "Telemetry.Inject", do: always("t.cfg.baggage")},
	{name: "change a context that the user has put in", in: "contrib/rtxotel", fn: "Telemetry.Trigger", do: drop("wraps = wraps && !creation.IsValid()")},
	{name: "send what a type that embeds a Traced has in it, and no more", in: "contrib/rtxotel", fn: "asEnvelope", do: always("v.Type() == e.envelope()")},
	{name: "take a payload without data for a zero one", in: "contrib/rtxotel", fn: "Traced.UnmarshalJSON", do: never("!form.Data.is")},
	{name: "tell the text of errors", in: "contrib/rtxotel", fn: "config.fail", do: after("text := _", "if err != nil { text = err.Error() }")},
	{name: "have a series for each result of a user's function", in: "contrib/rtxotel", fn: "routes.route", do: never("len(r.of) >= maxRoutes")},
	{name: "name channels in metrics", in: "contrib/rtxotel", fn: "routes.route", do: replace("Destination{Template: templateOf(channel)}", "Destination{Name: channel}")},
	{name: "tell metrics of processing a type that they do not have", in: "contrib/rtxotel", fn: "config.operation", do: always("typ != messagingconv.OperationTypeProcess")},
	{name: "say nothing of the server", in: "contrib/rtxotel", fn: "config.common", do: replace("c.server()", "c.client()")},
	{name: "take a URL with a key in it for a host's name", in: "contrib/rtxotel", fn: "WithServer", do: never("!hostName(address)")},
	{name: "lose what a closed client has counted", in: "contrib/rtxotel", fn: "Telemetry.collect", do: drop("c.gone.add(&stats, s.ended)")},
	{name: "lose what a client has counted that is observed no more", in: "contrib/rtxotel", fn: "clients.leave", do: drop("c.gone.add(&stats, s.ended)")},
	{name: "lose what an ended stream has counted", in: "contrib/rtxotel", fn: "seen.look", do: drop("s.endAll(t)")},
	{name: "count an open stream twice", in: "contrib/rtxotel", fn: "seen.look", do: drop("delete(s.open, all[i].ID)")},
	{name: "count events that could not be sent as sent", in: "contrib/rtxotel", fn: "writingFailed", do: replace("!before", "(before || true)")},
	{name: "take a close on purpose for a failure", in: "contrib/rtxotel", fn: "Telemetry.lost", do: replace("i.Err != nil && !errors.Is(i.Err, rtx.ErrClosed)", "i.Err != nil")},
	{name: "take the first connection for the end of an outage", in: "contrib/rtxotel", fn: "Telemetry.connected", do: never("i.Down == 0")},
	{name: "name the channel of messages of several", in: "contrib/rtxotel", fn: "ProcessBatch", do: never("batch[i].Channel != channel")},
}
