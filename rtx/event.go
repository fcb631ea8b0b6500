package rtx

import (
	"bytes"
	"context"
	"time"
)

// An event is one inbound event on its way through the reader. It is reused for the next one, so a
// sink must copy what it keeps. channel and name stay valid.
type event struct {
	channel string
	name    string
	payload []byte // aliases the frame; empty if it is known not to be JSON
	at      time.Time
	offset  []byte // aliases the frame; empty if the event has none

	raw    []byte // the shared copy, made for the first sink that wants one
	id     string // offset as a string, made for the first sink that wants it
	judged bool
	fault  error // valid if judged

	later *[]rouser // queues whose readers are woken later; nil if they are woken at once
}

// drop forgets the frame, and what was made of it.
func (e *event) drop() {
	e.payload, e.offset, e.raw, e.id, e.fault = nil, nil, nil, "", nil
}

// A rouser is a queue.
type rouser interface{ Rouse() }

// messageID returns the service's id of the event.
func (e *event) messageID() string {
	if e.id == "" && len(e.offset) > 0 {
		e.id = string(e.offset)
	}
	return e.id
}

// judge returns what is wrong with the payload whatever it is decoded into: errBroken, ErrTooDeep
// or nil. It looks only once.
func (e *event) judge(maxDepth int) error {
	if !e.judged {
		e.judged, e.fault = true, judge(e.payload, maxDepth)
	}
	return e.fault
}

// shared returns a copy of the payload that all raw views of this event share. They must not change
// it.
func (e *event) shared() []byte {
	if e.raw == nil {
		e.raw = bytes.Clone(e.payload)
	}
	return e.raw
}

// A sink takes the events of one stream. Its methods never block. take is only called by the
// reader; the others may be called by any goroutine.
type sink interface {
	take(e *event) verdict
	lose(g Gap)
	finish(err error, discard bool)
	spilling() bool                    // values of a Grow stream are still on their way to C
	drained(ctx context.Context) error // waits until they have arrived
	name() string                      // the stream's name
	stats(add func(StreamStats))
}

// A verdict says what a sink did with an event.
type verdict uint8

const (
	taken     verdict = iota // delivered, or counted as a loss
	malformed                // the payload is not JSON; the frame may have been cut wrongly
	ended                    // the sink has ended
)
