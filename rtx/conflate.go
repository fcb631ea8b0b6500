package rtx

import "github.com/realtimex/realtimex-go/internal/stream"

// WithConflate makes a stream keep the newest value of each key only, for readers that want to know
// how things are and not how they became so. A value replaces the one that waits under its key. The
// values come in the order in which their keys first came. The function is given the stream's
// values, so its argument is the T of the stream:
//
//	rtx.On[Price](ctx, ch, "price", rtx.WithConflate(func(p Price) string { return p.Symbol }))
//
// The stream has room for as many keys as [WithBuffer] says, and each takes the memory of one
// value, however far the reader is behind. A value of a further key is handled as [WithOverflow]
// says. [Grow] has room for further keys while their values have no more bytes than its bound.
//
// A replaced value is no loss, so there is no gap. [StreamStats].Superseded counts it. Gaps keep
// their places: a value that comes after a gap takes the place after it, and the older value under
// its key is gone.
//
// Such a stream has no C. Read it by Wake and Pending, or by All; to look at fixed times, range
// over Pending at each tick of a ticker. key runs on the reading goroutine and must be quick. If it
// panics, or if the key is not equal to itself (a NaN), that is a gap, as for a payload that is not
// a T. A [Partition] conflates each of its streams by itself.
func WithConflate[T any, K comparable](key func(T) K) StreamOption {
	return streamOption(func(c *streamConfig) error {
		if key == nil {
			return badOption("WithConflate", "key is nil")
		}
		c.index = func() stream.Index[T] { return stream.By(key) }
		return nil
	})
}
