package watermill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/realtimex/realtimex-go/rtx"
)

// ErrClosed means that the Subscriber or the Publisher was closed.
var ErrClosed = errors.New("watermill: closed")

// maxBuffer bounds SubscriberConfig.Buffer.
const maxBuffer = 1 << 20

// A SubscriberConfig says how a Subscriber receives. The zero value is good.
type SubscriberConfig struct {
	// Event is the name of the events to receive. Default: "*", all of the channel.
	Event string

	// Buffer is how many events of a topic may wait, up to 1,048,576. One that does not fit drops the
	// oldest, which is a gap. Default: 8192.
	Buffer int
}

// A Subscriber is a message.Subscriber of Watermill, and a message.SubscribeInitializer. NewSubscriber
// makes one. All its methods may be called concurrently.
type Subscriber struct {
	client *rtx.Client
	cfg    SubscriberConfig

	mu     sync.Mutex
	topics map[string]*topic
	closed bool
	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	wait   sync.WaitGroup
}

var (
	_ message.Subscriber           = (*Subscriber)(nil)
	_ message.SubscribeInitializer = (*Subscriber)(nil)
)

// NewSubscriber returns a Subscriber of the client, which the caller connects, and closes after it. It
// returns an error for a nil client or a bad Buffer.
func NewSubscriber(client *rtx.Client, cfg SubscriberConfig) (*Subscriber, error) {
	switch {
	case client == nil:
		return nil, errors.New("watermill: NewSubscriber: the client is nil")
	case cfg.Buffer < 0 || cfg.Buffer > maxBuffer:
		return nil, fmt.Errorf("watermill: SubscriberConfig.Buffer: must be at most %d", maxBuffer)
	}
	if cfg.Buffer == 0 {
		cfg.Buffer = 8192
	}
	if cfg.Event == "" {
		cfg.Event = "*"
	}
	s := &Subscriber{client: client, cfg: cfg, topics: make(map[string]*topic)}
	s.ctx, s.cancel = context.WithCancel(context.Background()) //nolint:forbidigo // it ends by Close
	return s, nil
}

// SubscribeInitialize subscribes to the topic's channel and waits until the service has confirmed it.
// What is published from then on waits for Subscribe.
func (s *Subscriber) SubscribeInitialize(topic string) error {
	_, err := s.open(s.ctx, topic)
	return err
}

// Subscribe returns a channel of the topic's messages, in the order of the service. It waits until the
// service has confirmed the subscription, and returns why it did not, the cause of ctx, or ErrClosed.
// The next message comes after the last one was acknowledged; one that is refused (Nack) comes again.
// The channel is closed after the end of ctx, Close, and the end of the topic, for example because the
// service has refused it.
func (s *Subscriber) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	t, err := s.open(ctx, topic)
	if err != nil {
		return nil, err
	}
	sub := &subscription{ctx: ctx, out: make(chan *message.Message)}
	select {
	case t.join <- sub:
		return sub.out, nil
	case <-t.ended:
		return nil, fmt.Errorf("watermill: %s: %w", topic, t.stream.Err())
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-s.ctx.Done():
		return nil, ErrClosed
	}
}

// open returns the topic, which is confirmed.
func (s *Subscriber) open(ctx context.Context, name string) (*topic, error) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil, ErrClosed
	}
	t := s.topics[name]
	if t != nil && t.stream.Ended() {
		t = nil // it was refused, and may be tried again
	}
	if t == nil {
		t = &topic{
			name: name, join: make(chan *subscription), ended: make(chan struct{}), closing: s.ctx.Done(),
			stream: rtx.On[rtx.Message[json.RawMessage]](s.ctx, s.client.Channel(name), s.cfg.Event,
				rtx.WithBuffer(s.cfg.Buffer), rtx.WithName("watermill")),
		}
		s.topics[name] = t
		s.wait.Go(t.run)
	}
	s.mu.Unlock()
	if err := t.stream.Ready(ctx); err != nil {
		if s.ctx.Err() != nil {
			return nil, ErrClosed
		}
		return nil, fmt.Errorf("watermill: %s: %w", name, err)
	}
	return t, nil
}

// Close ends all subscriptions and returns when their channels are closed. Messages that are not
// acknowledged are given up. The client goes on.
func (s *Subscriber) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	s.wait.Wait()
	return nil
}
