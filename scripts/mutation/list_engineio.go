package main

// Packets.
var engineioMutations = []mutation{
	{name: "take DEL in a namespace", in: "internal/engineio", fn: "namespace", do: never("c == 0x7f")},
	{name: "take a number with leading zeros", in: "internal/engineio", fn: "number", do: never("b[i] == '0'")},
	{name: "look for UTF-8 in the last bytes of a string only", in: "internal/engineio", fn: "skipString", do: drop("seen |= w")},
	{name: "go one level too deep", in: "internal/engineio", fn: "skipValue", do: replace("depth >= _max", "depth > _max")},
	{name: "forget what kind of container the 65th is", in: "internal/engineio", fn: "skipValue", do: drop("objects[depth>>6] &^= bit")},
	{name: "keep the caller's buffer as an attachment", in: "internal/engineio", fn: "Assembler.AddBinary", do: replace("append([]byte{}, b...)", "b")},
	{name: "keep the caller's buffer as the JSON", in: "internal/engineio", fn: "Assembler.Add", do: drop("p.Data = slices.Clone(_)")},
	{name: "count no bytes of attachments", in: "internal/engineio", fn: "Assembler.AddBinary", do: never("a.size > _")},
	{name: "use an attachment twice", in: "internal/engineio", fn: "openObject.attachment", do: never("used[n]")},
	{name: "take an escaped reserved name", in: "internal/engineio", fn: "reserved", do: never("bytes.IndexByte(__) >= 0")},
	{name: "take a body of any number of packets", in: "internal/engineio", fn: "DecodePayload", do: never("n > maxPackets")},
	{name: "take line breaks in base64", in: "internal/engineio", fn: "decodeBase64", do: never("bytes.ContainsAny(__)")},
	{name: "take the first of two members of a name", in: "internal/engineio", fn: "Member",
		do: replace("spells(_k, _n)", "(!ok && spells(_k, _n))")},
	{name: "take a handshake with a negative maxPayload", in: "internal/engineio", fn: "DecodeHandshake", do: never("wire.MaxPayload < 0")},
}
