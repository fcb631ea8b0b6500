package main

// The command and the examples.
var programMutations = []mutation{
	{name: "leave a secret in the argument list", in: "cmd/rtx", fn: "hideSecret", do: in("inline", drop("overwrite(value)"))},
	{name: "go on for one more than was asked for", in: "cmd/rtx", fn: "limit.reached", do: replace("n >= _max", "n > _max")},
	{name: "take a refused key for something else", in: "internal/advice", fn: "Names.refusal", do: never("f.Code == 4001 || __")},
	{name: "break a line of JSON in two", in: "cmd/rtx", fn: "jsonLine.addRaw", do: never("bytes.ContainsAny(__)")},
	{name: "forget what a slow browser missed", in: "examples/gateway", fn: "hub.send", tests: browserTests,
		do: drop("b.missed++")},
	{name: "hide from a browser that it was away", in: "examples/gateway", fn: "hub.ServeHTTP", tests: browserTests,
		do: never("had != last")},
}

// Without the test that needs Chromium.
var browserTests = []tests{{pkg: "examples/gateway", run: "Browser"}}
