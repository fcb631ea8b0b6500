package transport

import (
	"sync/atomic"
	"time"
)

// minRate is how fast a message must arrive, in bytes a second, to count as progress. Something
// slower is a server or a middlebox with a fault. TLS delivers nothing before a record is complete,
// which is 16 KiB at most.
const minRate = 100

// progress records when the server last made progress: with a whole packet, or with a large enough
// part of one. Bytes alone are not progress. They may belong to a frame that never ends, or to
// WebSocket pings of a proxy that has lost its server.
//
// The reading goroutine writes it, and any goroutine may ask for it.
type progress struct {
	base time.Time // what mono counts from
	last time.Time // the last mark
	mono atomic.Int64
	wall atomic.Int64

	left int64 // bytes that may still belong to the message under way; 0 while none is
	part int64 // bytes of it that no mark has counted
	chip int64 // so many of them count as much as a whole packet
}

// begin starts p at the present time.
func (p *progress) begin() {
	p.base = time.Now()
	p.mark(p.base)
}

// within sets how much of a packet is progress: what arrives in d at the minimal rate.
func (p *progress) within(d time.Duration) { p.chip = max(int64(d.Seconds()*minRate), 1) }

// mark records progress at a time. Packets that one read of the socket delivers have the same time.
func (p *progress) mark(at time.Time) {
	p.part = 0
	if at == p.last {
		return
	}
	p.last = at
	p.mono.Store(int64(at.Sub(p.base)))
	p.wall.Store(at.UnixNano())
}

// message begins a message of at most limit bytes, so that a message without an end does not count
// as progress for ever. With 0 there is no message.
func (p *progress) message(limit int64) { p.left, p.part = limit, 0 }

// bytes counts n bytes that came from the socket at a time. They include the WebSocket's own frames
// within a message.
func (p *progress) bytes(n int, at time.Time) {
	n = int(min(int64(n), p.left))
	p.left -= int64(n)
	if p.part += int64(n); p.chip > 0 && p.part >= p.chip {
		p.mark(at)
	}
}

// at returns the time of the last progress by the wall clock, without a monotonic reading.
func (p *progress) at() time.Time { return time.Unix(0, p.wall.Load()) }

// silence returns the time since the last progress by the monotonic clock.
func (p *progress) silence() time.Duration { return time.Since(p.base) - time.Duration(p.mono.Load()) }
