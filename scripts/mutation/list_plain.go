package main

// The short way of decoding.
var plainMutations = []mutation{
	{name: "take the last of two members", in: "internal/plain", fn: "structs.decode", do: never("seen&(1<<at) != 0")},
	{name: "pass over a member whose name is in another case", in: "internal/plain", fn: "structs.name", do: replace("!d.mayFold(name)", "true")},
	{name: "fold ASCII alone", in: "internal/plain", fn: "structs.mayFold", do: dropCase("c >= 0x80")},
	{name: "take names that fold alike for two fields", in: "internal/plain", fn: "structs.add", do: replace("!simple(name) || d.folded[low]", "!simple(name)")},
	{name: "decode a field that is a string of its value", in: "internal/plain", by: "TestNoDecoder|TestAgrees", fn: "structs.add", do: replace(`options != ""`, "false")},
	{name: "keep a part of the payload in a string", in: "internal/plain", fn: "state.text", do: replace("len(b) < 2 || len(b) > maxText", "false")},
	{name: "take another string with the same hash", in: "internal/plain", fn: "state.text", do: replace("*known != string(b)", `*known == ""`)},
	{name: "round twice", in: "internal/plain", fn: "float64Step", do: replace("whole+fraction >= len(powers)", "fraction >= len(powers)")},
	{name: "take a zero before other digits", in: "internal/plain", fn: "float64Step", do: never("whole == 0 || __")},
	{name: "take more digits than fit", in: "internal/plain", fn: "state.digits", do: replace("size > 19", "size > 20")},
	{name: "take what does not fit into a small integer", in: "internal/plain", fn: "intStep", do: replace("v.OverflowInt(n)", "false")},
	{name: "take an array of another length", in: "internal/plain", fn: "arrayStep", do: replace("ok && !more", "ok")},
	{name: "leave an element of a growing slice for later", in: "internal/plain", fn: "hasForeign", do: never("t == number || ownMethods(t)")},
	{name: "decode a number that is a text", in: "internal/plain", fn: "foreign", do: replace("t == number || ownMethods(t)", "ownMethods(t)")},
	{name: "take text behind the payload", in: "internal/plain", fn: "Decoder.Decode", do: replace("!s.space()", "true")},
	{name: "call a method before the rest is known to be right", in: "internal/plain", fn: "Decoder.Decode", do: replace("ok && d.full(b[f.start:f.end], f.v.Addr().Interface()) == nil", "d.full(b[f.start:f.end], f.v.Addr().Interface()) == nil && ok")},
	{name: "nest without a limit", in: "internal/plain", fn: "state.enter", do: replace("s.depth > maxNesting", "false"),
		equivalent: "the limit is the distance to the full decoder's, which is 10,000; what lies between both decode alike. It bounds the stack only."},
	{name: "take text that is not UTF-8 in a string", in: "internal/engineio", fn: "endOfString", tests: []tests{{pkg: "internal/plain"}}, do: replace("utf8.Valid(b[i+1:j])", "(utf8.Valid(b[i+1:j]) || true)")},
	{name: "pass over an escape in a long text", in: "internal/engineio", fn: "skipRun", do: never(`bytes.IndexByte(run, '\\') >= 0`)},
	{name: "try the short way every time", in: "rtx", by: "TestShortcut", fn: "shortcut.unmarshal", do: never("s.skip > 0")},
	{name: "show what the short way had decoded", in: "rtx", by: "TestShortcut", fn: "shortcut.unmarshal", do: drop("dst.SetZero()")},
	{name: "take the short way with a decoder of the user's own", in: "rtx", by: "TestNoShortcutWithJSON", fn: "codec.shortcut", do: replace("c.own != nil", "false")},
}
