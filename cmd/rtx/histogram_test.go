package main

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// Each time is in a bucket that ends at most 1.6% after it, and the buckets are in order, without a
// hole.
func TestHistogramBuckets(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		d := time.Duration(random.Uint64() >> (1 + random.UintN(63)))
		if up := upTo(bucketOf(d)); up < d || float64(up-d) > float64(d)*0.016 {
			t.Fatalf("%d is in the bucket up to %d", d, up)
		}
	}
	for i := range histogramSize - 1 {
		if i > 0 && upTo(i) <= upTo(i-1) {
			t.Fatalf("bucket %d ends at %d, and the one before at %d", i, upTo(i), upTo(i-1))
		}
		if bucketOf(upTo(i)) != i || bucketOf(upTo(i)+1) != i+1 && upTo(i) < math.MaxInt64 {
			t.Fatalf("bucket %d ends at %d, which is in %d, and the next is in %d", i, upTo(i), bucketOf(upTo(i)), bucketOf(upTo(i)+1))
		}
	}
	if last := bucketOf(math.MaxInt64); last >= histogramSize {
		t.Errorf("the last bucket is %d", last)
	}
	if bucketOf(-time.Second) != 0 {
		t.Error("a time before zero")
	}
}

func TestHistogramQuantiles(t *testing.T) {
	var h histogram
	if h.quantile(0.5) != 0 || h.max() != 0 || len(h.spans()) != 0 {
		t.Error("of nothing")
	}
	for ms := range 1000 {
		h.add(time.Duration(ms+1) * time.Millisecond)
	}
	for q, want := range map[float64]time.Duration{0.5: 500 * time.Millisecond, 0.99: 990 * time.Millisecond, 0.999: 999 * time.Millisecond, 1: time.Second} {
		if got := h.quantile(q); got < want || float64(got) > float64(want)*1.016 {
			t.Errorf("%v: %v, want %v", q, got, want)
		}
	}
	if h.max() != time.Second {
		t.Errorf("max %v", h.max())
	}
	var counts []uint64
	for _, s := range h.spans() {
		counts = append(counts, s.count)
	}
	if want := []uint64{1, 1, 2, 4, 8, 16, 32, 65, 133, 262, 476}; !slices.Equal(counts, want) && sum(counts) != 1000 {
		t.Errorf("%d, want %d", counts, want)
	}
}

func sum(all []uint64) (n uint64) {
	for _, one := range all {
		n += one
	}
	return n
}
