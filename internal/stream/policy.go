package stream

import (
	"errors"
	"fmt"
)

// ErrOverflow is the error of a stream that ended because its reader fell too
// far behind: under the policy End by one value, under Grow by more bytes than
// its bound.
var ErrOverflow = errors.New("rtx: stream overflow: its reader fell behind; read faster, give it a larger Buffer, or choose another Overflow policy")

// A Policy says what becomes of a value that does not fit into a stream's
// buffer. None makes anybody but the stream's own reader wait, and each counts
// what is lost in a Gap. The zero value is DropOldest. Policies can be compared
// with ==.
type Policy struct {
	kind     policyKind
	maxBytes int64
}

type policyKind uint8

const (
	dropOldest policyKind = iota
	dropNewest
	end
	grow
)

var (
	// DropOldest makes room by throwing the oldest value in the buffer away:
	// the reader sees the latest values. It is the default.
	DropOldest = Policy{kind: dropOldest}

	// DropNewest throws the new value away: the reader sees an unbroken
	// sequence for as long as the buffer lasts, and then a gap.
	DropNewest = Policy{kind: dropNewest}

	// End ends the stream with ErrOverflow. What is in the buffer stays
	// readable; a last Gap counts the value that did not fit.
	End = Policy{kind: end}
)

// Grow keeps values that do not fit into the buffer in a queue behind it, which
// holds up to maxBytes, at least 1, of payloads as they came from the wire. A
// payload counts for one byte at least. What a value takes in memory, decoded,
// is the reader's own affair and comes on top.
//
// Past the bound the stream ends with ErrOverflow: everything that was accepted
// stays readable, and a last Gap counts the value that did not fit.
func Grow(maxBytes int64) Policy { return Policy{kind: grow, maxBytes: maxBytes} }

// Validate returns an error that names the fault if p is not usable: Grow with
// a bound below one byte.
func (p Policy) Validate() error {
	if p.kind == grow && p.maxBytes < 1 {
		return fmt.Errorf("overflow policy %v: the bound must be at least 1 byte", p)
	}
	return nil
}

// String returns p as it is written in Go: DropOldest, or Grow(1048576).
func (p Policy) String() string {
	switch p.kind {
	case dropNewest:
		return "DropNewest"
	case end:
		return "End"
	case grow:
		return fmt.Sprintf("Grow(%d)", p.maxBytes)
	default:
		return "DropOldest"
	}
}
