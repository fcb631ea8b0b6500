package main

import (
	"fmt"
	"strings"
)

// Payload is what every message carries: a flat order, whose note fills the larger sizes.
type Payload struct {
	Seq      int     `json:"seq"`
	ID       string  `json:"id"`
	Symbol   string  `json:"symbol"`
	Side     string  `json:"side"`
	Price    float64 `json:"price"`
	Quantity int     `json:"quantity"`
	Note     string  `json:"note"`
	Tail     int     `json:"tail"` // Seq again, so that a payload that was cut or mixed up is seen
}

// sizes are the payloads' sizes in bytes of JSON.
var sizes = []int{150, 1 << 10, 16 << 10}

var (
	symbols = []string{"ACME", "GLOB", "INIT", "HOOL"}
	sides   = []string{"buy", "sell"}
	text    = strings.Repeat("The quick brown fox jumps over the lazy dog, and 42 more follow. ", 1+(16<<10)/64)
)

// payload makes message seq with exactly size bytes of JSON. Every decoder and encoder that takes
// part reads and writes these bytes alike: no escapes, and numbers that Go and JavaScript print the
// same.
func payload(seq, size int) []byte { return payloadWithID(fmt.Sprintf("ord_%08d", seq), seq, size) }

func payloadWithID(id string, seq, size int) []byte {
	p := Payload{
		Seq: seq, ID: id, Symbol: symbols[seq%4], Side: sides[seq%2],
		Price: float64(10_000+seq%977) / 100, Quantity: 1 + seq%19, Tail: seq,
	}
	room := size - len(encode(&p))
	if room < 0 {
		panic(fmt.Sprintf("bench: a payload can't have %d bytes, it is %d too long", size, -room))
	}
	p.Note = text[seq%64:][:room]
	return encode(&p)
}
