package rtxprom

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/realtimex/realtimex-go/rtx"
)

// lag adds up the lags of the streams of a group that measure them.
type lag struct {
	measured bool // by at least one so far
	counts   []uint64
	count    uint64
	sum      float64
}

var lagDesc = prometheus.NewDesc("rtx_stream_lag_seconds",
	"Time from when a value was received until a reader took it, of streams that measure it.", []string{"client", "stream"}, nil)

// lagBounds are the buckets' bounds in seconds.
var lagBounds = func() (seconds []float64) {
	for _, d := range rtx.LagBounds() {
		seconds = append(seconds, d.Seconds())
	}
	return seconds
}()

// add adds what a stream has counted since last, which is nil the first time.
func (l *lag) add(last, now *rtx.LagHistogram) {
	if !l.measured {
		l.measured, l.counts = true, make([]uint64, len(lagBounds)+1)
	}
	if last == nil {
		last = new(rtx.LagHistogram)
	}
	for i := range min(len(l.counts), len(now.Counts)) {
		var before uint64
		if i < len(last.Counts) {
			before = last.Counts[i]
		}
		if n := now.Counts[i]; n > before {
			l.counts[i] += n - before
			l.count += n - before
		}
	}
	l.sum += max(0, now.Sum-last.Sum)
}

// metric returns the histogram, whose buckets are cumulative.
func (l *lag) metric(client, stream string) prometheus.Metric {
	buckets := make(map[float64]uint64, len(lagBounds))
	var below uint64
	for i, bound := range lagBounds {
		below += l.counts[i]
		buckets[bound] = below
	}
	return prometheus.MustNewConstHistogram(lagDesc, l.count, l.sum, buckets, client, stream)
}
