package stream

import "errors"

// ErrOverflow is the error of a stream that ended because its reader fell too
// far behind: under the policy EndStream by one value, under Grow by more bytes
// than its bound.
var ErrOverflow = errors.New("rtx: stream overflow: its reader fell behind; read faster, give it a larger buffer by WithBuffer, or another policy by WithOverflow")

// A Policy says what becomes of a value that does not fit into the buffer. None
// makes anybody but the queue's own reader wait, and each counts what is lost in
// a Gap. A positive one is [Grow], and is the bound in bytes.
type Policy int64

// The policies that need no bound. These are the numbers of package rtx, too.
const (
	DropOldest Policy = 0  // make room by throwing the oldest value away
	DropNewest Policy = -1 // throw the new value away
	EndStream  Policy = -2 // end the queue with ErrOverflow
)

// Grow keeps values that do not fit into the buffer in a queue behind it, which
// holds up to maxBytes, at least 1, of payloads as they came from the wire. A
// payload counts for one byte at least.
//
// Past the bound the queue ends with ErrOverflow: everything that was accepted
// stays readable, and a last Gap counts the value that did not fit.
func Grow(maxBytes int64) Policy { return Policy(maxBytes) }
