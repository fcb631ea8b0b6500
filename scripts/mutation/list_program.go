package main

// The command and the examples.
var programMutations = []mutation{
	{name: "leave a secret in the argument list", in: "cmd/rtx", fn: "hideSecret", do: in("inline", drop("overwrite(value)"))},
	{name: "go on for one more than was asked for", in: "cmd/rtx", fn: "limit.reached", do: replace("n >= _max", "n > _max")},
	{name: "take a refused key for something else", in: "internal/advice", fn: "Names.refusal", do: never("f.Code == 4001 || __")},
	{name: "take a forbidden host for a wrong key", in: "internal/advice", fn: "aboutKey", do: always(`!strings.Contains(said, "not allowed")`)},
	{name: "advise to wait where the service says to come at once", in: "internal/advice", fn: "Names.refusal", do: dropCase("42")},
	{name: "say check the key of a service that is down", in: "internal/advice", fn: "Names.answer", do: dropCase("f.Status >= 500")},
	{name: "advise TLS to who uses it", in: "internal/advice", fn: "Names.answer", do: always("plain(n.Service)")},
	{name: "show a channel's name as it is", in: "internal/advice", fn: "named", do: replace("clean(channel)", "channel")},
	{name: "name a file in words for the user", in: "internal/advice", fn: "Bare", do: drop("err = e.Err")},

	{name: "sign a presence channel with what is no JSON", in: "cmd/rtx", by: "TestFailures", fn: "signature.run", do: never("presence && !json.Valid(__)")},
	{name: "measure a first round trip against none", in: "cmd/rtx", by: "TestTrips", fn: "trips.add", do: drop("t.least = d")},
	{name: "publish without the token", in: "cmd/rtx", by: "Token|TriggerDev", fn: "trigger.publish", do: never(`token != ""`)},
	{name: "take a limit of nothing", in: "cmd/rtx", by: "TestFailures|TestPing|For", fn: "limit.check", do: dropCase("cmd.Flags().Changed(_) && l.count == 0")},
	{name: "count no event before the one that failed", in: "cmd/rtx", by: "TestTrigger", fn: "trigger.sendAll", do: never("t.sent > 0")},
	{name: "break a line of JSON in two", in: "cmd/rtx", fn: "jsonLine.addRaw", do: never("bytes.ContainsAny(__)")},
	{name: "sign for other machines unasked", in: "cmd/rtx", by: "TestAuthServerUsage", fn: "authServer.run", do: never("!s.remote")},
	{name: "sign without the token", in: "cmd/rtx", by: "TestAuthServerKeeps", fn: "hasToken", do: always(`token == ""`)},
	{name: "sign on every channel", in: "cmd/rtx", by: "TestAuthServerLets", fn: "authServer.decide", do: always("len(s.allow) == 0")},
	{name: "take a secret of several lines", in: "cmd/rtx", by: "TestAuthServerUsage", fn: "readSecret", do: dropCase("strings.ContainsAny(__)")},
	{name: "keep a user without a name off presence channels", in: "cmd/rtx", by: "TestAuthServerSigns", fn: "claimed", do: never(`member.ID == ""`)},
	{name: "take a user of any session into a room", in: "examples/frameworks", fn: "App.allow", do: always("slices.Contains(__)")},
	{name: "let everybody through the limit", in: "examples/frameworks", fn: "App.limited", do: never("delay > 0")},
	{name: "forget what a slow browser missed", in: "examples/gateway", fn: "hub.send", tests: browserTests,
		do: drop("b.missed++")},
	{name: "hide from a browser that it was away", in: "examples/gateway", fn: "hub.ServeHTTP", tests: browserTests,
		do: never("had != last")},
	{name: "let a page of another origin read a stream", in: "examples/gateway", fn: "guarded",
		tests: []tests{{pkg: "examples/gateway", run: "Origins|Rebound|Forms"}}, do: never("strict(r)")},
	{name: "let a name through that was rebound", in: "examples/gateway", fn: "isOurs",
		tests: []tests{{pkg: "examples/gateway", run: "Origins|Rebound|Forms"}}, do: replace("strings.EqualFold(_name, _host)", "true")},
	{name: "log in whom nobody knows", in: "examples/backend", fn: "backend.login", do: never("!known"),
		equivalent: "who is not known has the zero user, whose password sum is 32 zero bytes: no text is known to have it as its SHA-256"},
	{name: "log in with any password", in: "examples/backend", fn: "backend.login", do: never("subtle.ConstantTimeCompare(__) != 1")},
	{name: "let a session live on", in: "examples/backend", fn: "sessions.user", do: never("!now.Before(found.expires)")},
	{name: "let expired sessions take room", in: "examples/backend", fn: "sessions.open", do: drop("maps.DeleteFunc(__)")},
	{name: "let anybody into any room", in: "examples/backend", fn: "backend.allow", do: always("slices.Contains(__)")},
	{name: "add up what came before the sum was asked for", in: "examples/testing", fn: "Sales.Run", do: never("gap != nil")},
}

// Without the test that needs Chromium.
var browserTests = []tests{{pkg: "examples/gateway", run: "Browser"}}
