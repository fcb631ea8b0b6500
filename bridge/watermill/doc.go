// Package watermill makes RealtimeX a Pub/Sub of Watermill (github.com/ThreeDotsLabs/watermill), so
// that events go wherever one of its publishers does: Kafka, Redis Streams, SQL, Google Pub/Sub.
//
//	subscriber, err := watermill.NewSubscriber(client, watermill.SubscriberConfig{})
//	router.AddHandler("orders", "orders", subscriber, "orders", sqlPublisher, handle)
//
// A topic is a channel. A message has the payload of an event, and as its UUID the service's id of
// the event. Its metadata say the rest: see [MetadataChannel] and the others.
//
// # Gaps
//
// Where events may be missing there is a message with the metadata [MetadataGap] and no payload, in
// its place. It has to be acknowledged as any other. [IsGap] tells it.
//
// # What the service can't do
//
// A channel has no past: what was published before a topic is subscribed to, or after the process has
// ended, is gone. So a subscriber has none of Watermill's consumer groups and no persistence. While a
// Subscriber is open, it keeps messages that are not acknowledged, in memory, and hands out one at a
// time for each topic. All subscriptions of one Subscriber to a topic share its messages. For a copy of
// its own, make another Subscriber.
//
// A stream on a bus that keeps events, and several replicas, are what package bridge/nats is for.
//
// # Sending
//
// A [Publisher] sends client events, which only private and presence channels have. The service does
// not send them back to the connection that they came from, so a Publisher and a Subscriber of the
// same topic need different clients.
package watermill
