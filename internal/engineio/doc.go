// Package engineio reads and writes the packets of Engine.IO v4 and of Socket.IO v5, the two
// protocols under RealtimeX.
//
// Everything here is a function over bytes: no I/O, no goroutine, no clock. Both directions are
// complete, so a client and a server can be built on it. Apart from [Assembler], which holds one
// half-received packet, nothing keeps state, and every function may be called concurrently.
//
// # What is on the wire
//
// A WebSocket text frame is one Engine.IO packet: a digit for its type ('0' open to '6' noop) and
// its data. A WebSocket binary frame is a message without that digit. In HTTP long-polling several
// packets share a body, joined by the byte 0x1e, and a binary one is 'b' and base64.
//
// The data of an Engine.IO message is one Socket.IO packet: a digit for its type, then, each if it
// is there, the number of attachments and '-', the namespace and ',', the ack id, and JSON. A
// packet of a binary type is followed by its attachments, one binary frame each; in the JSON,
// {"_placeholder":true,"num":N} stands where attachment N belongs.
//
// # What is refused
//
// The peer is not trusted. Each length that it sends has a limit ([Limits] and the constants beside
// it), nesting is followed without recursion, time is linear in the input, and a fault gives an
// [*Error], which names it without quoting the input: a frame can hold tokens and personal data,
// and errors end in logs.
//
// The parsers of the JavaScript packages engine.io-parser and socket.io-parser are the reference,
// and a correct peer sees no difference. This package is stricter where theirs takes what no
// encoder writes: packets without their payload ("2"), an event named by a number, attachment
// counts such as "1e1", ack ids past 2^53-1, one attachment used twice, base64 with foreign
// characters. The tests run the reference's own answers and give the reason beside each departure.
package engineio
