// Package rtx is a client for RealtimeX, a hosted publish/subscribe service of the Pusher Channels
// family. It delivers events as typed values, to select loops, range loops, worker pools and
// pipelines:
//
//	client, err := rtx.Dial(ctx, "YOUR_API_KEY")
//	if err != nil {
//		return err
//	}
//	defer client.Close()
//
//	orders := rtx.On[Order](ctx, client.Channel("orders"), "order-created")
//	for {
//		select {
//		case <-orders.Wake: // something has come, or the stream has ended
//			for order, gap := range orders.Pending() {
//				if gap != nil {
//					reload(gap) // something was missed, here
//					continue
//				}
//				handle(order)
//			}
//			if orders.Ended() {
//				return orders.Err()
//			}
//		case <-ticker.C:
//			flush()
//		}
//	}
//
// # Terms
//
//   - An event has a name and a payload. The payload is JSON. Every event belongs to a channel.
//   - A channel is public, private or a presence channel. Its name says which: private channels
//     begin with "private-", presence channels with "presence-". These two need a signature from
//     your own backend: see [WithAuth] and package auth.
//   - A channel is held while a stream or a room is open on it, or while a [Hold] of it is not
//     released. The client subscribes to every held channel, and subscribes again after every lost
//     connection. It unsubscribes from a channel that nothing holds any more.
//   - A channel is confirmed, or subscribed, once the service has answered the subscription. From
//     then on everything that is published on it arrives, until the connection is lost. Earlier
//     events are not promised.
//   - A stream is open from On until it ends. Then its C is closed; buffered values stay readable,
//     and Err says why it ended.
//   - A gap says that a stream missed something. A connection is recovered if the service sends
//     what was missed while it was down; then there is no gap.
//
// # What is promised
//
// Nothing is lost in silence. A stream gets a [Gap] for whatever it missed: a value that did not
// fit its buffer, a payload that is not a T, a time without a connection. A gap has its place among
// the values. It wakes the reader also when no further value comes. Counts are exact where they can
// be known.
//
// The loop above receives every gap in its exact place. It must do two things. It must take both
// variables of [Stream.Pending]: each gap comes with a zero value, and "for order := range
// orders.Pending()" would handle that as an order. And it must ask [Stream.Ended], because Wake
// stays ready after the end.
//
// [Stream.C] is a Go channel of the values alone. Use it if several goroutines share the stream, or
// if the place of a gap does not matter. A loop over C must ask for gaps in two places. Without the
// first one, a gap comes only after the value that follows it. Without the second one, a gap on a
// quiet stream may never come.
//
//	for {
//		select {
//		case order, ok := <-orders.C:
//			for gap := range orders.Gaps() {
//				reload(gap) // something was missed, here or shortly before
//			}
//			if !ok {
//				return orders.Err() // without ok this loop would spin on zero values
//			}
//			handle(order)
//		case <-orders.Lost:
//			for gap := range orders.Gaps() {
//				reload(gap) // something was missed, and no order has come since
//			}
//		case <-ticker.C:
//			flush()
//		}
//	}
//
// A goroutine that does nothing else can range over [Stream.All]. It waits for values and gaps, and
// the loop ends when the stream does:
//
//	for order, gap := range orders.All() {
//		if gap != nil {
//			reload(gap)
//			continue
//		}
//		handle(order)
//	}
//	return orders.Err()
//
// Package mirror keeps state true that is loaded once and then changed by events: it loads the
// state again after every gap.
//
// A stream receives each event at most once, in the order of the service, across all its channels
// and events.
//
// A slow consumer does not delay anybody else. If it stops reading, its own stream drops values by
// its policy ([WithOverflow]); other streams, the heartbeat and the states continue.
//
// # Goroutines
//
// A connected client has two goroutines: one manages the connection, one reads from it. A stream
// has none, and the context given to On needs none. There are four exceptions: a stream with the
// policy [Grow] has a goroutine while it holds more than its buffer; authorization requests have
// goroutines of their own while they last, up to a limit; the roster of a presence channel has one
// while it is read, if it is larger than 64 KiB; and a connection that began with polling has one more
// while it is upgraded to a WebSocket, 10 seconds at most. [Client.Close] returns once all of them have
// ended. Beside these, net/http has two goroutines for each of its connections, which polling uses:
// one or two, and none that outlives the client's.
//
// Some user code runs on the reading goroutine: decoders (UnmarshalJSON, [EventUnmarshaler]) and
// the functions given to [CaseOf], [Partition] and [WithConflate]. Nothing else is received while
// it runs, and it must not call Close. If a payload is slow to decode, take it as json.RawMessage
// and decode it in the consumer.
//
// [WithTrace] has functions called for what the client does, for metrics and spans. [Trace] says on
// which goroutine each runs.
//
// # Reconnecting
//
// Connect makes one attempt and returns why it failed. After the first success the client
// reconnects by itself until Close. Each delay is random between 0 and a bound that grows from 250
// ms to 30 s ([WithBackoff]). Streams and channels stay valid. A connection is considered dead when
// nothing was received for the service's ping interval plus its ping timeout, or as soon as the
// machine wakes from a sleep that was longer than that. [Client.States] reports every step.
//
// A connection is a WebSocket. Where the network lets none through, it is HTTP long-polling:
// [WithTransports] has the rules, and [Client.Transport] and [StateChange] say which it is.
//
// "Connected" means that the socket id is known. The service sends it in connection_established. If
// that does not come within a second, the id in the answer to CONNECT is used.
//
// # Names
//
// The service reserves the event names that begin with "realtimex:" or "realtimex_internal:", and
// four that begin with "presence:". It sends these events either directly, or wrapped in the form
// that a publisher's events have. A service that does not check names lets any publisher send a
// wrapped one, so wrapped ones are trusted less:
//
//   - A wrapped connection_established, pong or error is never accepted.
//   - A wrapped confirmation is accepted for a channel with a request outstanding, unless the
//     service has confirmed that channel directly.
//   - A wrapped refusal is accepted until the service has answered directly. It never ends a
//     channel that is confirmed.
//   - A wrapped member_added or member_removed is accepted, because a forged one can't be told from
//     a real one.
//
// Stats.Ignored counts what is not accepted. A stream that is bound to such a name receives the
// event all the same.
//
// # JSON
//
// Payloads are decoded and encoded with the semantics of encoding/json. A type that consists only
// of ordinary kinds, tags and methods is decoded by encoding/json's second version, which is
// several times as fast. The choice is made when the stream opens. There are two differences with
// the second version: errors have its types, and a payload that is not a T leaves nothing decoded
// behind. Half of a surrogate pair becomes U+FFFD in payloads and names. A payload that is nested
// deeper than [WithMaxDepth] allows is refused for every type. [WithJSON] sets another codec.
// Binary attachments can be decoded into a []byte field; raw views see them as base64 strings.
package rtx
