package rtx

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/realtimex/realtimex-go/internal/core"
	"github.com/realtimex/realtimex-go/rtx/transport"
)

// Trigger sends a client event to the others on the channel. It needs a private- or presence- channel that something
// holds, an event whose name begins with "client-", and a connection; it waits until the channel is confirmed, and writes
// on the caller's goroutine.
//
// Nil means that it was written to the socket, and no more: there is no receipt. Before any byte is sent it returns
// [ErrEventName], [ErrPublicChannel], [ErrNotSubscribed], [ErrNotConnected], [ErrTooLarge], a [*SubscribeError] if the
// channel is refused meanwhile, the error of encoding data, or the cause of ctx. A ctx that ends once writing has begun
// does not cut it short. A connection that breaks while writing gives ErrNotConnected too: then the event may or may not
// have arrived. A service may also drop what was written just before [Client.Close]; [Client.Ping] after the last Trigger
// returns once it has been taken.
func (ch *Channel) Trigger(ctx context.Context, event string, data any) error {
	c, err := ch.client()
	if err == nil {
		err = checkContext(ctx)
	}
	if err != nil {
		return err
	}
	if err := checkEventName(event); err != nil {
		return err
	}
	if !strings.HasPrefix(event, clientPrefix) {
		return fmt.Errorf("%w: %q does not begin with %q", ErrEventName, event, clientPrefix)
	}
	if ch.kind == public {
		return ErrPublicChannel
	}
	payload, err := c.cfg.marshal(data)
	if err != nil {
		return fmt.Errorf("rtx: encoding the data of %q: %w", event, err)
	}
	packet, err := clientEvent(ch.name, event, payload)
	if err != nil {
		return fmt.Errorf("rtx: encoding the data of %q: %w", event, err)
	}

	c.mu.Lock()
	s, sess := c.subs[ch.name], c.session
	switch {
	case c.ended:
		err = c.endErrLocked()
	case ch.err != nil:
		err = ch.err
	case s == nil || s.Holds() == 0:
		err = &ChannelError{Channel: ch.name, Err: ErrNotSubscribed}
	case sess == nil || c.machine.Conn() != core.Established:
		err = &ChannelError{Channel: ch.name, Err: ErrNotConnected}
	}
	if err != nil {
		c.mu.Unlock()
		return err
	}
	term := s.Term()
	c.mu.Unlock()

	if err := tooLarge(packet, sess.Info()); err != nil {
		return err
	}
	if err := c.await(ctx, s, term, sess); err != nil {
		return err
	}
	if err := sess.Send(ctx, packet); err != nil {
		return sendError(ctx, err)
	}
	c.stats.sent.Add(1)
	return nil
}

// sendError turns what a session says of a failed write into the library's terms.
func sendError(ctx context.Context, err error) error {
	var size *transport.SizeError
	switch {
	case errors.As(err, &size):
		return fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, size.Size, size.Max)
	case ctx.Err() != nil && errors.Is(err, context.Cause(ctx)):
		return err
	}
	return fmt.Errorf("%w: %w", ErrNotConnected, err)
}
