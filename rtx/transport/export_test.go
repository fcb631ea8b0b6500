package transport

import "time"

// SetWallClock replaces the wall clock that sleep is found by. Call it before Connect.
func SetWallClock(s *Supervisor, now func() time.Time) { s.now = now }

// BufferSize is the capacity of the session's read buffer. Call it on the goroutine that calls Recv.
func BufferSize(s Session) int { return cap(s.(*session).buf) }

// The verdicts of Retryable.
const (
	Soon   = soon
	Slowly = slowly
	Never  = never
)

var Retryable = retryable

const (
	MaxBacklogBytes   = maxBacklogBytes
	MaxBacklogPackets = maxBacklogPackets
)

const MinRate = minRate

const MaxHidden = maxHidden
