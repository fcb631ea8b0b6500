package rtx

import (
	"context"
	"strings"
)

// A Source says where the events of a stream come from. It is a [*Channel], a [*Group], or a
// [*Client]. A Client stands for all channels that something else holds; it holds none itself.
type Source interface {
	// open attaches b to the source. It must be called without the client's lock. If it fails, b is
	// attached to nothing.
	open(b *binding) error
	owner() *Client
	label() string
	size() int // how many channels it has; without the client's lock
}

// On opens a stream of the events with that name. T chooses what a value is:
//
//   - a payload type, decoded from JSON: On[Order];
//   - Message[T]: the same with channel, event, time and id;
//   - []byte or json.RawMessage: the payload as it came. All streams share one copy, which must not
//     be changed;
//   - a type whose pointer is an EventUnmarshaler.
//
// A pointer to one of these works too, except to the raw ones, and a Message can hold any of them.
// Payloads are decoded on the reading goroutine, one after the other. So a slow UnmarshalJSON, or a
// payload of megabytes, delays everything else. To avoid that, take the raw payload and decode it
// in the workers. Attachments of binary events are base64 strings in the payload, so they can be
// decoded into a field of type []byte.
//
// The event "*" stands for every event of the source except the service's internal ones. To receive
// an internal event, use its full name, such as "realtimex_internal:subscription_succeeded". Values
// come in the order of the service, over all channels of the source.
//
// The stream holds its channels: they are subscribed now, or as soon as there is a connection. Use
// [Stream.Ready] to wait for that. The stream ends with ctx. On does not block and returns no
// error. It may be called at any time, also before Connect. If the stream can't be opened, it has
// ended already, Err says why, and there is no traffic. That is so for a bad option or channel
// name, an empty event, a T that can't hold any JSON (such as a func), a missing authorizer, a
// closed client and an ended ctx.
func On[T any](ctx context.Context, src Source, event string, opts ...StreamOption) *Stream[T] {
	if err := checkBound(event); err != nil {
		return failed[T](event, err)
	}
	view := func(c codec) (decoder[T], error) { return viewOf[T]("On", c) }
	return onNames(ctx, src, []string{event}, view, opts)
}

// checkBound checks an event name that a stream is to be bound to.
func checkBound(event string) error {
	if event == anyEvent {
		return nil
	}
	return checkEventName(event)
}

// onNames opens a stream with one queue.
func onNames[T any](ctx context.Context, src Source, names []string, view func(codec) (decoder[T], error), opts []StreamOption) *Stream[T] {
	cfg, c, err := prepare(ctx, src, names, opts)
	if err != nil {
		return failed[T](cfg.name, err)
	}
	decode, err := view(c.cfg.codec)
	if err != nil {
		return failed[T](cfg.name, err)
	}
	s := &queueSink[T]{decode: stamped(decode, cfg.arrived), losses: c.losses(cfg.name)}
	if err := openQueue(&s.q, cfg, src); err != nil {
		return failed[T](cfg.name, err)
	}
	b := c.newBinding(s, names)
	watchDepth(c.trace, &s.q, b.number(), b.name())
	b.start(ctx, src)
	return newStream(&s.q, b)
}

// prepare checks the arguments that all kinds of streams have in common.
func prepare(ctx context.Context, src Source, names []string, opts []StreamOption) (streamConfig, *Client, error) {
	cfg, err := newStreamConfig(opts)
	if !cfg.named {
		cfg.name = strings.Join(names, "|")
	}
	if err != nil {
		return cfg, nil, err
	}
	if err := sourceFault(src); err != nil {
		return cfg, nil, err
	}
	if err := checkContext(ctx); err != nil {
		return cfg, nil, err
	}
	c := src.owner()
	if ctx.Err() != nil {
		return cfg, nil, context.Cause(ctx)
	}
	if l := src.label(); l != "" && !cfg.named {
		cfg.name = l + "/" + cfg.name
	}
	return cfg, c, nil
}

// start puts the binding on its source. If that fails, the stream ends with the reason.
func (b *binding) start(ctx context.Context, src Source) {
	if err := src.open(b); err != nil {
		b.ended, b.settled, b.exit().cause = true, true, err
		b.sink.finish(err, true)
		return
	}
	b.endWith(ctx)
}

func (ch *Channel) owner() *Client { return ch.c }
func (ch *Channel) label() string  { return ch.name }
func (ch *Channel) size() int      { return 1 }
func (ch *Channel) open(b *binding) error {
	c := ch.c
	c.mu.Lock()
	defer c.decideAndUnlock()
	if err := ch.usableLocked(); err != nil {
		return err
	}
	c.bindings.add(b)
	b.attachLocked(c.subscriptionLocked(ch))
	return nil
}

func (c *Client) owner() *Client { return c }
func (c *Client) label() string  { return "" }
func (c *Client) size() int      { return int(c.held.Load()) }
func (c *Client) open(b *binding) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return c.endErrLocked()
	}
	c.bindings.add(b)
	a := c.newAttachment(b, nil, 0)
	b.places.put(a)
	c.routes.attach(a)
	return nil
}

// sourceFault returns why src can't be the source of a stream, or nil.
func sourceFault(src Source) error {
	switch s := src.(type) {
	case *Channel:
		_, err := s.client()
		return err
	case *Group:
		switch {
		case s == nil:
			return errNilGroup
		case s.err != nil:
			return s.err
		case s.owner() == nil:
			return errEmptyGroup
		}
	case *Client:
		if !s.made() {
			return errNoClient
		}
	case nil:
		return errNoSource
	}
	return nil
}
