package watermill

import (
	"errors"
	"fmt"
	"maps"
	"sync"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/realtimex/realtimex-go/rtx"
)

// A Publisher is a message.Publisher of Watermill that sends client events. NewPublisher makes one. All
// its methods may be called concurrently.
type Publisher struct {
	client *rtx.Client

	mu     sync.Mutex
	holds  map[string]*rtx.Hold
	closed bool
}

var _ message.Publisher = (*Publisher)(nil)

// NewPublisher returns a Publisher of the client, which the caller connects, and closes after it. The
// client needs an authorizer, because only private and presence channels have client events.
func NewPublisher(client *rtx.Client) (*Publisher, error) {
	if client == nil {
		return nil, errors.New("watermill: NewPublisher: the client is nil")
	}
	return &Publisher{client: client, holds: make(map[string]*rtx.Hold)}, nil
}

// Publish sends messages as client events with the name PublisherEvent, in order. It subscribes to the
// topic's channel first, as the service asks for it, and keeps it until Close. A nil error says that
// the messages were written to the connection. It returns what rtx.Channel.Trigger and Subscribe
// return, or ErrClosed; the messages before the one that failed are sent.
func (p *Publisher) Publish(topic string, messages ...*message.Message) error {
	for _, m := range messages {
		channel := p.client.Channel(topic)
		if err := p.hold(m, channel); err != nil {
			return fmt.Errorf("watermill: publish to %s: %w", topic, err)
		}
		e := envelope{UUID: m.UUID, Metadata: maps.Clone(m.Metadata), Payload: m.Payload}
		if err := channel.Trigger(m.Context(), PublisherEvent, e); err != nil {
			return fmt.Errorf("watermill: publish to %s: %w", topic, err)
		}
	}
	return nil
}

// hold keeps the channel subscribed.
func (p *Publisher) hold(m *message.Message, channel *rtx.Channel) error {
	p.mu.Lock()
	hold, closed := p.holds[channel.Name()], p.closed
	p.mu.Unlock()
	switch {
	case closed:
		return ErrClosed
	case hold != nil && hold.Err() == nil:
		return nil
	}
	hold, err := channel.Subscribe(m.Context())
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if old := p.holds[channel.Name()]; p.closed || old != nil && old.Err() == nil {
		hold.Release()
		if p.closed {
			return ErrClosed
		}
		return nil
	}
	p.holds[channel.Name()] = hold
	return nil
}

// Close gives the channels back. The client goes on.
func (p *Publisher) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, hold := range p.holds {
		hold.Release()
	}
	clear(p.holds)
	return nil
}
