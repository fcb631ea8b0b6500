package rtx

import (
	"bytes"
	"context"
	"time"
)

// An event is one inbound event on its way through the reader. It is reused for the next one: what a sink keeps of it,
// it copies. channel and name outlive it.
type event struct {
	channel string
	name    string
	payload []byte // aliases the frame; empty if it is known not to be JSON
	at      time.Time

	raw    []byte // the shared copy, made for the first sink that wants one
	judged bool
	fault  error // once judged
}

// judge says what is wrong with the payload, whatever it is decoded into: errBroken, ErrTooDeep, or nothing. It looks once.
func (e *event) judge(maxDepth int) error {
	if !e.judged {
		e.judged, e.fault = true, judge(e.payload, maxDepth)
	}
	return e.fault
}

// shared returns the payload as a copy that all raw views of this event share; they must not change it.
func (e *event) shared() []byte {
	if e.raw == nil {
		e.raw = bytes.Clone(e.payload)
	}
	return e.raw
}

// A sink takes the events of one stream. Its methods never block. take runs on the reader's goroutine alone; the others
// on any.
type sink interface {
	take(e *event) verdict
	lose(g Gap)
	finish(err error, discard bool)
	spilling() bool                    // values of a Grow stream are still on their way to C
	drained(ctx context.Context) error // waits until none is
	stats(add func(StreamStats))
}

// A verdict is what became of an event at a sink.
type verdict uint8

const (
	taken     verdict = iota // delivered, or counted as a loss
	malformed                // the payload is not JSON: the frame may have been cut in the wrong place
	ended                    // the sink has ended
)
