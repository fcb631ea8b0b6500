package rtx

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/realtimex/realtimex-go/internal/core"
	"github.com/realtimex/realtimex-go/rtx/transport"
)

// Trigger sends a client event to the other subscribers of the channel. The channel must be private
// or a presence channel, and something must hold it. The event's name must begin with "client-".
// The client must be connected. Trigger waits until the channel is confirmed, and writes on the
// calling goroutine.
//
// A nil error means only that the event was written to the socket: the service sends no receipt.
// Before any byte is sent it can return [ErrEventName], [ErrPublicChannel], [ErrNotSubscribed],
// [ErrNotConnected], [ErrTooLarge], [ErrClosed], a [*SubscribeError] if the channel is refused
// meanwhile, the error of encoding data, or an error that wraps the cause of ctx if ctx ended, such
// as a [*WaitError]. Once writing has begun, the end of ctx does not stop it. If the connection
// breaks during writing, Trigger also returns ErrNotConnected; the event may or may not have
// arrived then. The service may also drop what was written just before Client.Close. To avoid that,
// call [Client.Ping] after the last Trigger: its answer means that the service has read the event.
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
	generation := s.Generation()
	c.mu.Unlock()

	if err := tooLarge(packet, sess.Info()); err != nil {
		return err
	}
	if err := c.await(ctx, s, generation, sess); err != nil {
		return err
	}
	if err := sess.Send(ctx, packet); err != nil {
		return sendError(ctx, err)
	}
	c.stats.sent.Add(1)
	if t := c.trace; t != nil {
		t.sent.now(t, SentInfo{Channel: ch.name, Event: event, Size: len(payload)})
	}
	return nil
}

// sendError turns a session's error about a failed write into one of the library's public errors.
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
