// Package rtxotel tells OpenTelemetry what clients of package rtx do: spans and metrics by the
// semantic conventions for messaging, version 1.43.0 ([SchemaURL]), and metrics of its own for what
// the conventions have no name for.
//
//	telemetry, err := rtxotel.New()
//	client, err := rtx.Dial(ctx, "YOUR_API_KEY", telemetry.Trace())
//	observed, err := telemetry.Observe(client)
//
//	orders := rtx.On[rtx.Message[Order]](ctx, client.Channel("orders"), "created")
//	for m, gap := range orders.All() {
//		if gap != nil {
//			err = rtxotel.ProcessGap(ctx, telemetry, gap, reload)
//			continue
//		}
//		err = rtxotel.Process(ctx, telemetry, m, handle)
//	}
//
// The parts are independent. [Telemetry.Trace] gives the hooks of the client, [Telemetry.Observe]
// reads its figures when metrics are collected, and [Process], [ProcessBatch], [ProcessGap] and
// [Telemetry.Trigger] make spans. The messaging conventions are in development: a later version of
// this package may follow later ones, with other names.
//
// # Spans
//
//   - process, CONSUMER: from [Process], [Handler] and [ProcessBatch], while the handler runs. None
//     exists while a message is in a buffer.
//   - trigger, of the type send, PRODUCER or CLIENT: from [Telemetry.Trigger].
//   - gap, INTERNAL: from [ProcessGap] and [GapHandler]. A gap is no event of a span, because no span
//     is open between two messages. It is counted by realtimex.stream.gaps in any case.
//
// A span has messaging.system ("realtimex"), messaging.operation.name, messaging.operation.type,
// messaging.destination.name, messaging.destination.template, and as far as known
// messaging.message.id, messaging.client.id ([WithClientID]), server.address and server.port
// ([WithServer]), and messaging.realtimex.event.name, the event's name. The span of a batch has
// messaging.batch.message_count. A failed one has error.type. The name of a span is the operation and
// the template. The conventions' network.peer attributes, consumer groups and subscription names do
// not apply.
//
// # Who sent it
//
// The service has no headers, so the context of the producer's span is in the payload, if its type
// has room for it: [TraceContext] to embed, or [Traced] around it. A process span has a link to the
// producer's span. [WithProducerAsParent] makes that its parent. Baggage is carried only by
// [WithBaggage]. The context is in W3C's form, and does not depend on the global propagator.
//
// # Metrics of the conventions
//
//   - messaging.client.consumed.messages, observable counter, {message}: Stats.Delivered of the
//     observed clients, the events that at least one stream received, each counted once. The
//     operation is "receive", and no destination is told. What a stream drops from its buffer
//     afterwards is counted here, and in realtimex.client.dropped.
//   - messaging.client.sent.messages, counter, {message}: by hooks, the client events that were
//     written. Those whose writing failed are counted by [Telemetry.Trigger], with error.type.
//   - messaging.client.operation.duration, histogram, s: "connect" and "subscribe" by hooks, and
//     "trigger" (type send) by [Telemetry.Trigger]. An attempt to connect and a trigger can have
//     error.type. Channels that are not confirmed are in realtimex.client.subscribe.failures,
//     because a refusal may come without a request. A subscription is asked for and confirmed on one
//     connection, or it is not measured.
//   - messaging.process.duration, histogram, s: by [Process], once, and by [ProcessBatch], once for a
//     batch. It is the same as the span's duration.
//
// All have messaging.system, messaging.operation.name, and server.address and server.port if they
// are known. All but the first have messaging.destination.template, and messaging.destination.name
// if [WithDestination] says so.
//
// # Metrics of this package
//
// Recorded by the hooks:
//
//   - realtimex.client.authorize.duration, histogram, s: error.type
//   - realtimex.client.outage.duration, histogram, s: realtimex.recovery, as of [rtx.Recovery]
//   - realtimex.client.lost, counter, {connection}: error.type, which is absent after Close
//   - realtimex.client.subscribe.failures, counter, {failure}: error.type, realtimex.retry
//   - realtimex.stream.gaps, counter, {gap}: realtimex.gap.cause, as of [ProcessGap]
//   - realtimex.stream.slow, counter, {occurrence}: how often a buffer became nearly full
//
// Recorded by [Process] and [ProcessBatch]:
//
//   - realtimex.process.lag, histogram, s: from ReceivedAt to the start of the handler;
//     messaging.destination.template, and name as above
//
// Observed:
//
//   - realtimex.client.count, up-down counter, {client}: realtimex.client.state, which is idle,
//     connecting, connected or reconnecting
//   - realtimex.client.channels, .streams, .rooms, up-down counters, {channel}, {stream}, {room}
//   - realtimex.client.connects, .received, .unclaimed, .unknown, .ignored, .errors, .dropped,
//     .malformed, counters, {connection}, {event}, {error}, {message}: as of [rtx.Stats]
//   - realtimex.stream.depth, .capacity, up-down counters, {message}
//   - realtimex.stream.delivered, .superseded, counters, {message}
//   - realtimex.stream.lag.values, counter, {message}: realtimex.lag.bound
//   - realtimex.stream.lag.time, counter, s
//
// OpenTelemetry has no histogram that is observed. The lags of streams with [rtx.WithLag] are
// therefore counters: lag.values has one series for each bucket of [rtx.LagHistogram], with the upper
// bound in seconds or "inf" as realtimex.lag.bound. They are not cumulative, so the sum over the
// bounds is the number of values. The counters of streams lack what a stream did between the last
// collection and its end; those of clients are exact.
//
// All have messaging.client.id if [WithClientID] was given. Those that begin with realtimex.stream
// have realtimex.stream.name by [WithStreamName].
//
// # How many series
//
// The number of series does not grow with the number of channels, streams or clients. Channels are
// told apart by [WithDestination], streams by [WithStreamName], clients by [WithClientID], and only
// if you say so. By default a channel's template is "private-{name}", "presence-{name}" or "{name}".
// Only spans have the channel's name, the event's and the message's id.
//
// # Errors
//
// The value of error.type is the first of these: what [WithErrorType] returns; what the method
// ErrorType() string of an error in the chain returns; the name of the first of these errors that is
// in the chain: context.DeadlineExceeded, context.Canceled, rtx.ErrAuthRequired,
// rtx.ErrSubscribeTimeout, rtx.ErrTooLarge, rtx.ErrEventName, rtx.ErrChannelName,
// rtx.ErrPublicChannel, rtx.ErrNotSubscribed, rtx.ErrUnsubscribed, rtx.ErrNotConnected,
// rtx.ErrOverflow, rtx.ErrClosed; the type of the error, such as "*rtx.DialError". It is "panic" for a
// handler that did not return.
//
// # Secrets
//
// No attribute, name or description has an API key, a secret, a signature, a token, a socket id, or
// any part of a payload. The text of errors is not told, because a handler's error may have one of
// these in it: see [WithErrorText]. Names of channels and events are told as they are.
//
// # Cost
//
// Beside a plain loop whose handler takes a microsecond and a half, a loop with [Process] takes 1.8
// times as long with providers that do nothing, 2.2 times with metrics alone, 3.2 times with a span
// that is not sampled, and 19 times with one that is exported, which is what the SDK takes for a span
// made by hand (BenchmarkProcess; ratios of one run on two busy cores). A nil Telemetry costs nothing
// to be seen. No hook runs for each message that is received. Collecting takes a lock for each
// stream.
package rtxotel
