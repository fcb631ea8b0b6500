package sioserver

import (
	"encoding/base64"
	"encoding/hex"
	"io"
	"sync"
)

// ids makes ids from a source of randomness.
type ids struct {
	mu     sync.Mutex
	source io.Reader
}

func (g *ids) read(b []byte) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, err := io.ReadFull(g.source, b); err != nil {
		panic(err) // a source of randomness does not end
	}
}

// next returns 20 random characters, as the reference server's ids have.
func (g *ids) next() string {
	var b [15]byte
	g.read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// epoch returns what the offsets of one life of a server begin with.
func (g *ids) epoch() string {
	var b [6]byte
	g.read(b[:])
	return hex.EncodeToString(b[:]) + "."
}
