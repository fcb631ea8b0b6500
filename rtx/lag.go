package rtx

import (
	"time"

	"github.com/realtimex/realtimex-go/internal/stream"
)

// A LagHistogram counts the values that were taken from a stream, by their lag. The lag of a value
// is the time from its ReceivedAt until it was taken: see [WithLag].
type LagHistogram struct {
	Count uint64  // values
	Sum   float64 // of their lags, in seconds, as systems for metrics count it

	// Counts has the number of values of each bucket, and is one longer than [LagBounds]. Bucket i
	// has the lags above bound i-1, up to and including bound i. The last one has the lags above all
	// bounds. The counts are not cumulative; their sum is Count.
	Counts []uint64
}

// LagBounds returns the upper bounds of the buckets of every [LagHistogram]: 50 µs, and twice as
// much each, up to 26.2144 s. There are 20 of them. They never change. The caller may keep the slice.
func LagBounds() []time.Duration {
	bounds := make([]time.Duration, stream.LagBuckets)
	for i := range bounds {
		bounds[i] = stream.LagUnit << i
	}
	return bounds
}
