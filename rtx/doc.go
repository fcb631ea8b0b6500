// Package rtx is the client of RealtimeX, a hosted publish/subscribe service in the family of Pusher Channels. Events arrive
// typed, on Go channels:
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
//		case order, ok := <-orders.C:
//			for gap := range orders.Gaps() { // missed before this order, or before the end
//				log.Printf("missed: %+v", gap)
//			}
//			if !ok {
//				return orders.Err()
//			}
//			handle(order)
//		case <-orders.Lost: // missed, and no order has come since
//			for gap := range orders.Gaps() {
//				log.Printf("missed: %+v", gap)
//			}
//		case <-ticker.C:
//			flush()
//		}
//	}
//
// # Words
//
//   - An event has a name and a payload, which is JSON. It comes on a channel: public, or, by the prefix of its name,
//     "private-" or "presence-". Those two need a signature from your own backend: see [WithAuth] and package auth.
//   - A channel is held while a stream or a room is open on it, or after Subscribe until Unsubscribe. What is held is
//     subscribed on the service, and again after every lost connection; what nothing holds is left.
//   - A channel is confirmed once the service has answered the subscription. From then on everything that is published on
//     it arrives, until the connection is lost. What came before is not promised.
//   - A stream is open from On until it ends. Its C is closed then; what is buffered stays readable, and Err says why.
//   - A gap is what a stream missed. A recovered connection is one to which the service sent what it missed: no gap.
//
// # What is promised
//
// Nothing is lost in silence. Whatever a stream did not get is a [Gap] on it: what did not fit its buffer, a payload that
// is no T, a time without a connection. A gap has its place among the values, and wakes up a stream on which nothing else
// happens ([Stream.Lost]). Counts are exact where they can be known. A select loop asks for gaps in both places, as above:
// without the first a gap is told after the value that follows it, and without the second one on a quiet stream may never
// be told. Use [Stream.All] to have every gap in its exact place without thinking about it:
//
//	for order, gap := range orders.All() {
//		if gap != nil {
//			log.Printf("missed: %+v", *gap)
//			continue
//		}
//		handle(order)
//	}
//
// Take both variables: with each gap comes a zero value, which "for order := range orders.All()" takes for an order.
//
// An event arrives at most once per stream, in the service's order, across all channels and events of that stream.
//
// A consumer that stops reading delays nobody: its own stream drops by its policy ([Overflow]), and all others, the
// heartbeat and the states go on.
//
// # Goroutines
//
// A connected client has two: one keeps the connection, one reads it. Streams have none, and neither has a context given
// to On. (A stream under [Grow] has one while it holds more than its buffer; authorising has up to its cap while it
// lasts.) [Client.Close] returns once none is left. User code that runs on the reader's goroutine holds everything up
// while it runs, and must not call Close: decoders (UnmarshalJSON, [EventUnmarshaler]), the functions of [Event] and
// [Partition]. A payload that is slow to decode is better taken as json.RawMessage and decoded by the consumer.
//
// # Reconnecting
//
// Connect makes one attempt and says why it failed; after a first success the client reconnects until Close, with full
// jitter under a bound that grows from 250 ms to 30 s ([WithBackoff]). Streams and channels stay valid. A link is taken for
// dead when nothing was received for the service's ping interval and timeout together, and at once after the machine has
// slept past that. [Client.States] tells every step.
//
// "Connected" means that the socket id is known: the service's connection_established names it, or, where that does not
// come within a second, the answer to CONNECT does.
//
// # Names
//
// The service's own events have names that begin with "realtimex:" or "realtimex_internal:", and four that begin with "presence:".
// It sends them by themselves, or wrapped like a publisher's event. A service that does not check lets a publisher send a wrapped
// one, so those count less. A wrapped connection_established, pong or error never counts. A wrapped confirmation counts for a
// channel with a request outstanding: whoever gets a forged one is in the channel. A wrapped refusal counts until the service has
// answered by itself, and never ends a channel that is confirmed. A wrapped member_added or member_removed counts: nothing tells it from a forged one. What does not
// count is in Stats.Ignored; a stream that is bound to such a name receives it all the same.
//
// # JSON
//
// Payloads are decoded and encoded with the semantics of encoding/json, whatever their type is. Types of nothing but the usual
// kinds, tags and methods are decoded by its second version, which is several times as fast: which one a stream has is settled
// when it opens. What differs: with the second version errors have its types, and what was decoded of a payload that is no T is
// thrown away. Half of a surrogate pair becomes U+FFFD in payloads and names. A payload nested deeper than [WithMaxDepth] allows
// is refused, whatever the type is. [WithJSON] sets another codec. Binary attachments reach a []byte field; raw views see them as
// base64 strings.
package rtx
