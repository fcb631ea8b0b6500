package rtx

import (
	"context"
	"strings"

	"github.com/realtimex/realtimex-go/internal/stream"
)

// A Source is where a stream's events come from: a [*Channel], a [*Group], or a [*Client] for the events of every channel
// that something else holds.
type Source interface {
	// open puts b on the source. It is called without the client's lock, and fails without having put it anywhere.
	open(b *binding) error
	owner() *Client
	label() string
}

// On opens a stream of the events of that name. T chooses the view:
//
//   - a payload type, decoded from JSON: On[Order];
//   - [Message][T]: the same with channel, event and time;
//   - []byte or json.RawMessage: the payload as it came, one copy that all streams share and nobody may change;
//   - a type whose pointer is an [EventUnmarshaler].
//
// A pointer to any of these but the raw ones will do too, and a Message can hold any. Payloads are decoded on the
// connection's reader, one after the other: a slow UnmarshalJSON, or a payload of megabytes, holds everything up, and a raw
// view that is decoded in the workers does not. Attachments of binary events are base64 strings in the payload, so they
// reach a field of type []byte.
//
// Event "*" is every event of the source but the service's internal ones, which are bound by their full names, such as
// "realtimex_internal:subscription_succeeded". Values come in the service's order, over all channels of the source.
//
// The stream holds its channels: they are subscribed if they are not yet, now or once there is a connection; Ready waits
// for it. It ends with ctx. A bad option, a bad name, an empty event, a T that can't hold any JSON (a func), a missing
// authorizer, a closed client or an ended ctx gives a stream that has ended, with Err, and causes no traffic. On does not
// block; it may be called at any time, before Connect too.
func On[T any](ctx context.Context, src Source, event string, opts ...StreamOption) *Stream[T] {
	if err := checkBound(event); err != nil {
		return failed[T](event, err)
	}
	view := func(c codec) (decoder[T], error) { return viewOf[T]("On", c) }
	return onNames(ctx, src, []string{event}, view, opts)
}

// checkBound checks a name that a stream is to be bound to.
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
	q := stream.New[T](cfg.queue(src))
	b := c.newBinding(&queueSink[T]{q: q, decode: decode, losses: c.losses(cfg.name)}, names)
	b.start(ctx, src)
	return newStream(q, cfg.name, b)
}

// prepare checks what every kind of stream needs.
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

// start puts the binding on its source; if that fails, the stream has ended with the reason.
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
func (ch *Channel) open(b *binding) error {
	c := ch.c
	c.mu.Lock()
	defer c.decideAndUnlock()
	if err := ch.usable(); err != nil {
		return err
	}
	c.bindings.add(b)
	b.attach(c.subscription(ch))
	return nil
}

func (c *Client) owner() *Client { return c }
func (c *Client) label() string  { return "" }
func (c *Client) open(b *binding) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return c.endErrLocked()
	}
	c.bindings.add(b)
	a := &attachment{b: b, epoch: c.machine.Epoch()}
	b.places.put(a)
	c.routes.attach(a)
	return nil
}
