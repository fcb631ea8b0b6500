package watermill_test

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/tests"

	"github.com/realtimex/realtimex-go/bridge/watermill"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtxtest"
)

func connect(t testing.TB, srv *rtxtest.Server) *rtx.Client {
	t.Helper()
	client, err := rtx.Dial(context.Background(), srv.Key(), rtx.WithURL(srv.URL()), rtx.WithAuthEndpoint(srv.AuthEndpoint()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// Watermill's own suite. A channel of RealtimeX has no past, as GoChannel of Watermill has none, so
// the features are those of GoChannel:
//
//   - ConsumerGroups: false. The service sends every event to every connection, and keeps no position.
//     Without it TestConsumerGroups is left out.
//   - Persistent: false. What nobody is subscribed to is gone. TestContinueAfterSubscribeClose is left
//     out, which reads with a new Subscriber what an earlier one has left.
//   - NewSubscriberReceivesOldMessages: false, for the same reason, with the test of that name.
//   - ExactlyOnceDelivery: true. An event comes once to a Subscriber, and again only after a Nack. The
//     suite then leaves TestConcurrentClose out, which publishes while nobody is subscribed.
//   - RequireSingleInstance: true. A second Subscriber gets copies, and does not share the work.
//   - The buffer has room for all that one test publishes, because a channel does not wait for a slow
//     subscriber. TestOverflowIsAMessage has one that is too small.
//   - RestartServiceCommand: none. TestReconnect asks for persistence across a restart of the broker.
//     TestGapsAreMessages restarts the service instead: what was lost is told.
func TestPubSub(t *testing.T) {
	srv := rtxtest.NewServer(t, rtxtest.WithRecovery(time.Minute))
	features := tests.Features{
		ExactlyOnceDelivery: true, GuaranteedOrder: true, RequireSingleInstance: true,
		// Client events need a private channel.
		GenerateTopicFunc: func(tctx tests.TestContext) string { return "private-" + tctx.TestID.String() },
	}
	tests.TestPubSub(t, features, func(t *testing.T) (message.Publisher, message.Subscriber) {
		publisher, err := watermill.NewPublisher(connect(t, srv))
		if err != nil {
			t.Fatal(err)
		}
		subscriber, err := watermill.NewSubscriber(connect(t, srv), watermill.SubscriberConfig{Buffer: 1 << 15})
		if err != nil {
			t.Fatal(err)
		}
		return publisher, subscriber
	}, nil)
}

// next returns the next message, acknowledged.
func next(t *testing.T, messages <-chan *message.Message) *message.Message {
	t.Helper()
	select {
	case m, ok := <-messages:
		if !ok {
			t.Fatal("the subscription has ended")
		}
		m.Ack()
		return m
	case <-time.After(20 * time.Second):
		t.Fatal("no message")
	}
	return nil
}

func TestGapsAreMessages(t *testing.T) {
	srv := rtxtest.NewServer(t, rtxtest.WithRecovery(time.Minute))
	subscriber, err := watermill.NewSubscriber(connect(t, srv), watermill.SubscriberConfig{})
	if err != nil {
		t.Fatal(err)
	}
	defer subscriber.Close()
	messages, err := subscriber.Subscribe(t.Context(), "orders")
	if err != nil {
		t.Fatal(err)
	}
	id := srv.Publish("orders", "created", json.RawMessage(`{"n":1}`))
	m := next(t, messages)
	if m.UUID != id || string(m.Payload) != `{"n":1}` || watermill.IsGap(m) || m.Metadata.Get(watermill.MetadataChannel) != "orders" ||
		m.Metadata.Get(watermill.MetadataEvent) != "created" || m.Metadata.Get(watermill.MetadataID) != id {
		t.Errorf("got %q, %s, %v", m.UUID, m.Payload, m.Metadata)
	}
	srv.Restart()
	m = next(t, messages)
	if !watermill.IsGap(m) || m.Metadata.Get(watermill.MetadataGapReconnected) != "true" || len(m.Payload) != 0 ||
		m.Metadata.Get(watermill.MetadataGapSince) == "" || m.Metadata.Get(watermill.MetadataGapUntil) == "" {
		t.Errorf("got %s, %v, want a gap", m.Payload, m.Metadata)
	}
	srv.Publish("orders", "created", 2)
	if m = next(t, messages); string(m.Payload) != "2" {
		t.Errorf("got %s after the gap", m.Payload)
	}
}

// What is over the buffer is a gap with an exact count.
func TestOverflowIsAMessage(t *testing.T) {
	srv := rtxtest.NewServer(t)
	client := connect(t, srv)
	subscriber, err := watermill.NewSubscriber(client, watermill.SubscriberConfig{Buffer: 4, Event: "created"})
	if err != nil {
		t.Fatal(err)
	}
	defer subscriber.Close()
	if err := subscriber.SubscribeInitialize("orders"); err != nil {
		t.Fatal(err)
	}
	for n := range 10 {
		srv.Publish("orders", "created", n)
	}
	srv.Publish("orders", "other", 0)
	if _, err := client.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	messages, err := subscriber.Subscribe(t.Context(), "orders")
	if err != nil {
		t.Fatal(err)
	}
	values, dropped := 0, 0
	for last := ""; last != "9"; {
		m := next(t, messages)
		if watermill.IsGap(m) {
			n, err := strconv.Atoi(m.Metadata.Get(watermill.MetadataGapDropped))
			if err != nil {
				t.Fatal(err)
			}
			dropped += n
			continue
		}
		values++
		if last = string(m.Payload); last == "0" && m.Metadata.Get(watermill.MetadataEvent) == "other" {
			t.Error("an event of another name came")
		}
	}
	if values+dropped != 10 || dropped < 5 {
		t.Errorf("%d values and %d dropped, want 10 together", values, dropped)
	}
}

func TestRefusals(t *testing.T) {
	if _, err := watermill.NewSubscriber(nil, watermill.SubscriberConfig{}); err == nil {
		t.Error("a nil client was taken")
	}
	if _, err := watermill.NewPublisher(nil); err == nil {
		t.Error("a nil client was taken")
	}
	srv := rtxtest.NewServer(t)
	if _, err := watermill.NewSubscriber(connect(t, srv), watermill.SubscriberConfig{Buffer: 1<<20 + 1}); err == nil {
		t.Error("a buffer over the limit was taken")
	}
	srv.Deny("orders", "no", 4003)
	subscriber, err := watermill.NewSubscriber(connect(t, srv), watermill.SubscriberConfig{})
	if err != nil {
		t.Fatal(err)
	}
	defer subscriber.Close()
	if _, err := subscriber.Subscribe(t.Context(), "orders"); err == nil {
		t.Error("a channel was subscribed to that the service refuses")
	}
	srv.Allow("orders")
	if _, err := subscriber.Subscribe(t.Context(), "orders"); err != nil {
		t.Errorf("the channel is allowed now: %v", err)
	}
	publisher, err := watermill.NewPublisher(connect(t, srv))
	if err != nil {
		t.Fatal(err)
	}
	if err := publisher.Publish("orders", message.NewMessage("1", nil)); err == nil {
		t.Error("a client event was sent to a public channel")
	}
}

// The metadata of a publisher come along, but for those that say that something is missing.
func TestNoPublisherTellsAGap(t *testing.T) {
	srv := rtxtest.NewServer(t)
	publisher, err := watermill.NewPublisher(connect(t, srv))
	if err != nil {
		t.Fatal(err)
	}
	defer publisher.Close()
	subscriber, err := watermill.NewSubscriber(connect(t, srv), watermill.SubscriberConfig{})
	if err != nil {
		t.Fatal(err)
	}
	defer subscriber.Close()
	messages, err := subscriber.Subscribe(t.Context(), "private-orders")
	if err != nil {
		t.Fatal(err)
	}
	sent := message.NewMessage("one", []byte("not JSON"))
	sent.Metadata.Set("mine", "yes")
	sent.Metadata.Set(watermill.MetadataGap, "forged")
	if err := publisher.Publish("private-orders", sent); err != nil {
		t.Fatal(err)
	}
	if m := next(t, messages); m.UUID != "one" || string(m.Payload) != "not JSON" || m.Metadata.Get("mine") != "yes" || watermill.IsGap(m) {
		t.Errorf("got %q, %s, %v", m.UUID, m.Payload, m.Metadata)
	}
}

// What a subscription has and has not acknowledged when it ends goes to the next one.
func TestUnacknowledgedGoesToTheNext(t *testing.T) {
	srv := rtxtest.NewServer(t)
	subscriber, err := watermill.NewSubscriber(connect(t, srv), watermill.SubscriberConfig{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	messages, err := subscriber.Subscribe(ctx, "orders")
	if err != nil {
		t.Fatal(err)
	}
	srv.Publish("orders", "created", 1)
	srv.Publish("orders", "created", 2)
	if m := <-messages; string(m.Payload) != "1" {
		t.Fatalf("got %s", m.Payload)
	}
	cancel()
	if m, open := <-messages; open {
		t.Fatalf("got %s after the end", m.Payload)
	}
	if messages, err = subscriber.Subscribe(t.Context(), "orders"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1", "2"} {
		if m := next(t, messages); string(m.Payload) != want {
			t.Errorf("got %s, want %s", m.Payload, want)
		}
	}
	if err := subscriber.Close(); err != nil {
		t.Error(err)
	}
	if _, open := <-messages; open {
		t.Error("a message after Close")
	}
	if _, err := subscriber.Subscribe(t.Context(), "orders"); !errors.Is(err, watermill.ErrClosed) {
		t.Errorf("subscribed after Close: %v", err)
	}
}
