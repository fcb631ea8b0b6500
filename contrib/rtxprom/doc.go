// Package rtxprom shows clients of package rtx to Prometheus: their connections, their losses and
// their streams. It reads the figures that the clients keep anyway, and only while it is scraped:
// nothing is added to the path of an event.
//
//	collector, err := rtxprom.New()
//	if err != nil {
//		return err
//	}
//	prometheus.MustRegister(collector)
//	if err := collector.Add("orders", client); err != nil {
//		return err
//	}
//	http.Handle("/metrics", promhttp.Handler())
//
// # Metrics
//
// Each has the label client, with the name given to [Collector.Add].
//
//   - rtx_connected, rtx_ready and rtx_ended are 0 or 1. A client is ready while it is connected
//     and every channel that it holds is confirmed.
//   - rtx_reconnects_total counts connections after the first.
//   - rtx_received_events_total, rtx_delivered_events_total, rtx_unclaimed_events_total,
//     rtx_unknown_events_total, rtx_ignored_events_total and rtx_sent_events_total count events.
//   - rtx_service_errors_total counts what the service complained of.
//   - rtx_refused_subscriptions_total counts subscriptions that failed, also those that are tried
//     again.
//   - rtx_missed_gaps_total, rtx_dropped_values_total and rtx_malformed_payloads_total count losses,
//     those of streams that have ended included: the first one gaps of unknown size by a lost
//     connection or channel, the others what was lost, exactly.
//   - rtx_channels, rtx_streams and rtx_rooms are what is held and open now.
//
// Those of streams have the label stream besides, which is empty unless [WithStreamLabel] is given.
// A series adds up the streams that have the same label.
//
//   - rtx_stream_buffered_values and rtx_stream_buffer_capacity_values are sums.
//   - rtx_stream_buffer_fullest_ratio is that of the fullest buffer, since a sum hides one slow
//     reader among many. It is above 1 where rtx.Grow keeps values behind a full buffer.
//   - rtx_stream_delivered_values_total, rtx_stream_dropped_values_total,
//     rtx_stream_malformed_payloads_total and rtx_stream_superseded_values_total. They never fall
//     when a stream ends. What a stream counted after the last scrape before its end is missing.
//   - rtx_stream_lag_seconds is a histogram of the time from when a value was received until a reader
//     took it, of the streams that measure it: see rtx.WithLag. Its 20 bounds begin at 50 µs
//     and double up to 26 s. Without such a stream it is not there.
//
// # Cardinality
//
// Names of channels, streams and events are in no label, unless a function of yours puts them
// there. Without it the number of series depends on the number of clients alone. With it there are
// at most 100 labels for each client ([WithMaxStreamLabels]). No label holds a key, a signature or
// a session's id.
//
// # Beside it
//
// The folder has a dashboard for Grafana (dashboard.json) and rules for alerts (alerts.yml).
// docs/operating.md says what each sign of trouble means and what to do.
package rtxprom
