package rtxotel

import (
	"errors"

	"github.com/realtimex/realtimex-go/rtx"
	"go.opentelemetry.io/otel/metric"
)

// streamInstruments observe the streams of all clients, by realtimex.stream.name.
type streamInstruments struct {
	depth, capacity       metric.Int64ObservableUpDownCounter
	delivered, superseded metric.Int64ObservableCounter
	lagValues             metric.Int64ObservableCounter
	lagTime               metric.Float64ObservableCounter
}

func (i *streamInstruments) instruments(m metric.Meter) error {
	var errs [6]error
	i.depth, errs[0] = m.Int64ObservableUpDownCounter("realtimex.stream.depth", metric.WithUnit("{message}"),
		metric.WithDescription("Number of values in the buffers of open streams."))
	i.capacity, errs[1] = m.Int64ObservableUpDownCounter("realtimex.stream.capacity", metric.WithUnit("{message}"),
		metric.WithDescription("Number of values that the buffers of open streams can have."))
	i.delivered, errs[2] = m.Int64ObservableCounter("realtimex.stream.delivered", metric.WithUnit("{message}"),
		metric.WithDescription("Number of values that were handed out to the readers of streams."))
	i.superseded, errs[3] = m.Int64ObservableCounter("realtimex.stream.superseded", metric.WithUnit("{message}"),
		metric.WithDescription("Number of values that a later value replaced on purpose."))
	i.lagValues, errs[4] = m.Int64ObservableCounter("realtimex.stream.lag.values", metric.WithUnit("{message}"),
		metric.WithDescription("Number of values taken from streams with WithLag, by the upper bound of their lag. Not cumulative over the bounds."))
	i.lagTime, errs[5] = m.Float64ObservableCounter("realtimex.stream.lag.time", metric.WithUnit("s"),
		metric.WithDescription("Sum of the lags of the values taken from streams with WithLag."))
	return errors.Join(errs[:]...)
}

func (i *streamInstruments) all() []metric.Observable {
	return []metric.Observable{i.depth, i.capacity, i.delivered, i.superseded, i.lagValues, i.lagTime}
}

// streamFigures are the counters of the streams of one name.
type streamFigures struct {
	delivered, superseded uint64
	lagCounts             []uint64 // nil if no stream has WithLag
	lagTime               float64
}

// streamLevels are what the open streams of one name have now.
type streamLevels struct{ depth, capacity int }

func (f *streamFigures) add(o *streamFigures) {
	f.delivered += o.delivered
	f.superseded += o.superseded
	f.lagTime += o.lagTime
	f.addLags(o.lagCounts)
}

func (f *streamFigures) addStats(s *rtx.StreamStats) {
	f.delivered += s.Delivered
	f.superseded += s.Superseded
	if s.Lag != nil {
		f.lagTime += s.Lag.Sum
		f.addLags(s.Lag.Counts)
	}
}

func (f *streamFigures) addLags(counts []uint64) {
	if counts == nil {
		return
	}
	if f.lagCounts == nil {
		f.lagCounts = make([]uint64, len(bounds))
	}
	for i := range min(len(counts), len(f.lagCounts)) {
		f.lagCounts[i] += counts[i]
	}
}

// addStreams adds the counters of each name.
func addStreams(to, from map[string]*streamFigures) {
	for name, f := range from {
		at(to, name).add(f)
	}
}

// at returns the entry of a name, and makes it if there is none.
func at[T any](m map[string]*T, name string) *T {
	f := m[name]
	if f == nil {
		f = new(T)
		m[name] = f
	}
	return f
}

// seen is what collections saw of one client's streams. A stream that has ended is not among
// [rtx.Client.StreamStats] any more, so its last figures are kept.
type seen struct {
	open  map[uint64]*rtx.StreamStats // by ID, as of the last look
	ended map[string]*streamFigures   // by name
}

// look takes the figures of the streams that are open now.
func (s *seen) look(t *Telemetry, all []rtx.StreamStats) {
	open := make(map[uint64]*rtx.StreamStats, len(all))
	for i := range all {
		open[all[i].ID] = &all[i]
		delete(s.open, all[i].ID)
	}
	s.endAll(t)
	s.open = open
}

// endAll counts the streams of the last look as ended.
func (s *seen) endAll(t *Telemetry) {
	if s.ended == nil {
		s.ended = make(map[string]*streamFigures)
	}
	for _, f := range s.open {
		at(s.ended, t.cfg.streamName(f.Name)).addStats(f)
	}
	s.open = nil
}

// addLive adds the figures of the open streams.
func (s *seen) addLive(t *Telemetry, sums map[string]*streamFigures, live map[string]*streamLevels) {
	for _, f := range s.open {
		name := t.cfg.streamName(f.Name)
		at(sums, name).addStats(f)
		l := at(live, name)
		l.depth += f.Depth
		l.capacity += f.Capacity
	}
}

// show observes the streams.
func (i *streamInstruments) show(o metric.Observer, t *Telemetry, sums map[string]*streamFigures, live map[string]*streamLevels) {
	for name, f := range sums {
		attrs := t.cfg.ofStream(name)
		set := metric.WithAttributes(attrs...)
		l := at(live, name)
		o.ObserveInt64(i.depth, int64(l.depth), set)
		o.ObserveInt64(i.capacity, int64(l.capacity), set)
		o.ObserveInt64(i.delivered, int64(f.delivered), set)
		o.ObserveInt64(i.superseded, int64(f.superseded), set)
		if f.lagCounts == nil {
			continue
		}
		o.ObserveFloat64(i.lagTime, f.lagTime, set)
		for n, bound := range bounds {
			o.ObserveInt64(i.lagValues, int64(f.lagCounts[n]), metric.WithAttributes(append(attrs, attrLagBound.String(bound))...))
		}
	}
}
