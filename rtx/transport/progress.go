package transport

import (
	"sync/atomic"
	"time"
)

// minRate is how fast a message that is under way has to come, in bytes a second, to count as a sign of life. A slower one
// is a drip: a server or a middlebox that has lost its way. TLS hands out nothing before a record is whole, 16 KiB at most.
const minRate = 100

// progress tells when the server last got on with something: with a whole packet, or with enough of one. Bytes alone are
// no progress: they may belong to a frame that never ends, or to WebSocket pings of a proxy that has lost its server.
//
// The goroutine that reads makes progress, any may ask for it.
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

// within has p expect something each d: a packet, or as much of one as comes in d at the minimal rate.
func (p *progress) within(d time.Duration) { p.chip = max(int64(d.Seconds()*minRate), 1) }

// mark notes progress at a time. Many packets come with one read of the socket, and have one time.
func (p *progress) mark(at time.Time) {
	p.part = 0
	if at == p.last {
		return
	}
	p.last = at
	p.mono.Store(int64(at.Sub(p.base)))
	p.wall.Store(at.UnixNano())
}

// message begins a message of at most so many bytes, so that one without an end makes no progress for ever. 0: none is
// under way.
func (p *progress) message(limit int64) { p.left, p.part = limit, 0 }

// bytes counts n bytes from the socket, which came at a time. Those of the WebSocket's own frames within a message are
// among them.
func (p *progress) bytes(n int, at time.Time) {
	n = int(min(int64(n), p.left))
	p.left -= int64(n)
	if p.part += int64(n); p.chip > 0 && p.part >= p.chip {
		p.mark(at)
	}
}

// at is by the wall clock, without a monotonic reading.
func (p *progress) at() time.Time { return time.Unix(0, p.wall.Load()) }

// silence is by the monotonic clock.
func (p *progress) silence() time.Duration { return time.Since(p.base) - time.Duration(p.mono.Load()) }
