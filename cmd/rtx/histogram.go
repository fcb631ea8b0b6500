package main

import (
	"math"
	"math/bits"
	"sync/atomic"
	"time"
)

// A histogram counts times, each within 1.6% of what it was. Its memory does not grow. add may be
// called concurrently.
type histogram struct {
	counts [histogramSize]atomic.Uint64
	n      atomic.Uint64
	most   atomic.Int64 // nanoseconds
}

// Up to 127 ns each value has a bucket; from there on each power of two has 64.
const (
	subBits       = 6
	subBuckets    = 1 << subBits
	histogramSize = (62-subBits)*subBuckets + 2*subBuckets
)

// bucketOf is the bucket of a time; one before zero counts as zero.
func bucketOf(d time.Duration) int {
	v := uint64(max(d, 0))
	shift := max(0, bits.Len64(v)-subBits-1)
	return shift*subBuckets + int(v>>shift)
}

// upTo is the longest time of a bucket.
func upTo(bucket int) time.Duration {
	if bucket < 2*subBuckets {
		return time.Duration(bucket)
	}
	shift := bucket/subBuckets - 1
	return time.Duration(uint64(bucket-shift*subBuckets+1)<<shift - 1)
}

func (h *histogram) add(d time.Duration) {
	h.counts[bucketOf(d)].Add(1)
	h.n.Add(1)
	for {
		most := h.most.Load()
		if int64(d) <= most || h.most.CompareAndSwap(most, int64(d)) {
			return
		}
	}
}

func (h *histogram) max() time.Duration { return time.Duration(h.most.Load()) }

// quantile is the time that a share q of all is not longer than: 0.5 is the median. It is 0 if there
// is none.
func (h *histogram) quantile(q float64) time.Duration {
	n := h.n.Load()
	rank, seen := uint64(math.Ceil(q*float64(n))), uint64(0)
	for i := range h.counts {
		if seen += h.counts[i].Load(); seen >= max(rank, 1) && n > 0 {
			return min(upTo(i), h.max())
		}
	}
	return h.max()
}

// A span is how many times were not longer than a bound, and longer than the bound before it.
type span struct {
	upTo  time.Duration
	count uint64
}

// spans sums up by powers of two of microseconds, from the first with a time to the last.
func (h *histogram) spans() (all []span) {
	now := span{upTo: time.Microsecond}
	for i := bucketOf(0); i <= bucketOf(h.max()); i++ {
		for upTo(i) > now.upTo {
			if len(all) > 0 || now.count > 0 {
				all = append(all, now)
			}
			now = span{upTo: now.upTo * 2}
		}
		now.count += h.counts[i].Load()
	}
	if now.count > 0 {
		all = append(all, now)
	}
	return all
}
