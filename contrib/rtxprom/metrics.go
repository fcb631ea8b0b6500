package rtxprom

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/realtimex/realtimex-go/rtx"
)

// A metric is one figure of a T: a client's view, or a group of streams.
type metric[T any] struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	read func(*T) float64
}

func (m metric[T]) of(value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(m.desc, m.kind, value, labels...)
}

// A view is what is known of a client at one moment.
type view struct {
	connected, ready, ended bool
	rtx.Stats
}

func look(c *rtx.Client) view {
	v := view{connected: c.State() == rtx.StateConnected, ready: c.Readiness() == nil, Stats: c.Stats()}
	select {
	case <-c.Done():
		v.ended = true
	default:
	}
	return v
}

func gauge(name, help string, read func(*view) float64) metric[view] {
	return metric[view]{prometheus.NewDesc(name, help, []string{"client"}, nil), prometheus.GaugeValue, read}
}

func counter(name, help string, read func(*view) uint64) metric[view] {
	return metric[view]{prometheus.NewDesc(name, help, []string{"client"}, nil), prometheus.CounterValue,
		func(v *view) float64 { return float64(read(v)) }}
}

func bit(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// clientMetrics are those of a client.
var clientMetrics = []metric[view]{
	gauge("rtx_connected", "Whether the client is connected.",
		func(v *view) float64 { return bit(v.connected) }),
	gauge("rtx_ready", "Whether the client is connected and every channel that it holds is confirmed.",
		func(v *view) float64 { return bit(v.ready) }),
	gauge("rtx_ended", "Whether the client has ended: it was closed, or refused for good.",
		func(v *view) float64 { return bit(v.ended) }),
	counter("rtx_reconnects_total", "Connections made after the first.",
		func(v *view) uint64 { return max(v.Connects, 1) - 1 }),
	counter("rtx_received_events_total", "Events received, the service's own included.",
		func(v *view) uint64 { return v.Received }),
	counter("rtx_delivered_events_total", "Events that at least one open stream received.",
		func(v *view) uint64 { return v.Delivered }),
	counter("rtx_unclaimed_events_total", "Events that no open stream took.",
		func(v *view) uint64 { return v.Unclaimed }),
	counter("rtx_unknown_events_total", "Events of an unknown form, which were ignored.",
		func(v *view) uint64 { return v.Unknown }),
	counter("rtx_ignored_events_total", "Events with a name that only the service may use, which did not come from it and were ignored.",
		func(v *view) uint64 { return v.Ignored }),
	counter("rtx_sent_events_total", "Events that the client sent to channels.",
		func(v *view) uint64 { return v.Sent }),
	counter("rtx_service_errors_total", "Errors that the service reported.",
		func(v *view) uint64 { return v.Errors }),
	counter("rtx_refused_subscriptions_total", "Subscriptions that failed, those that are tried again included.",
		func(v *view) uint64 { return v.Refused }),
	counter("rtx_missed_gaps_total", "Gaps by a lost connection or channel, counted once for each stream and channel.",
		func(v *view) uint64 { return v.Missed }),
	counter("rtx_dropped_values_total", "Values that did not fit the buffer of a stream, ended streams included.",
		func(v *view) uint64 { return v.Dropped }),
	counter("rtx_malformed_payloads_total", "Payloads that a stream could not decode, ended streams included.",
		func(v *view) uint64 { return v.Malformed }),
	gauge("rtx_channels", "Channels that are held.",
		func(v *view) float64 { return float64(v.Channels) }),
	gauge("rtx_streams", "Open streams. Those of one partition count as one.",
		func(v *view) float64 { return float64(v.Streams) }),
	gauge("rtx_rooms", "Open presence rooms.",
		func(v *view) float64 { return float64(v.Rooms) }),
}

func streamMetric(name, help string, kind prometheus.ValueType, read func(*group) float64) metric[group] {
	return metric[group]{prometheus.NewDesc(name, help, []string{"client", "stream"}, nil), kind, read}
}

// streamMetrics are those of the streams and rooms with one label.
var streamMetrics = []metric[group]{
	streamMetric("rtx_stream_buffered_values", "Values that wait for their readers.", prometheus.GaugeValue,
		func(g *group) float64 { return float64(g.depth) }),
	streamMetric("rtx_stream_buffer_capacity_values", "Values that the buffers can have.", prometheus.GaugeValue,
		func(g *group) float64 { return float64(g.capacity) }),
	streamMetric("rtx_stream_buffer_fullest_ratio", "How full the fullest buffer is. Above 1, values wait behind it.", prometheus.GaugeValue,
		func(g *group) float64 { return g.fullest }),
	streamMetric("rtx_stream_delivered_values_total", "Values handed out to readers.", prometheus.CounterValue,
		func(g *group) float64 { return float64(g.delivered) }),
	streamMetric("rtx_stream_dropped_values_total", "Values that did not fit the buffers.", prometheus.CounterValue,
		func(g *group) float64 { return float64(g.dropped) }),
	streamMetric("rtx_stream_malformed_payloads_total", "Payloads that could not be decoded.", prometheus.CounterValue,
		func(g *group) float64 { return float64(g.malformed) }),
	streamMetric("rtx_stream_superseded_values_total", "Values that a later one replaced on purpose.", prometheus.CounterValue,
		func(g *group) float64 { return float64(g.superseded) }),
}
