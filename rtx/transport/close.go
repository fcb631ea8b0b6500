package transport

import (
	"context"
	"errors"

	"github.com/coder/websocket"

	"github.com/realtimex/realtimex-go/internal/engineio"
)

// Close acts on the first reason for the end, which may be older than the given one.
//
// A second call must not wait on a mutex, or on sync.Once, which has one: in a synctest bubble that
// would stop the clock that the first call waits on.
func (s *session) Close(reason error) {
	if s.closing.Swap(true) {
		<-s.closed
		return
	}
	defer close(s.closed)
	if reason == nil {
		reason = ErrClosed
	}
	cause := s.fail(reason)
	close(s.ending)

	if s.poll != nil {
		s.poll.close(cause)
		return
	}
	if gone(cause) {
		s.link.yield()
		_ = s.link.Close()
		_ = s.conn.CloseNow()
		return
	}
	// Everything from here on ends at the latest when the link is cut.
	ctx, cancel := context.WithTimeout(context.Background(), s.config.CloseTimeout) //nolint:forbidigo // a session is closed whoever has given up
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = s.link.Close() })

	select {
	case s.sending <- struct{}{}: // kept: nobody sends after a close frame
		if forGood(cause) {
			_ = s.conn.Write(context.Background(), websocket.MessageText, []byte("41")) //nolint:forbidigo // the cut of the link ends it
		}
	case <-ctx.Done(): // another's frame does not get through
	}
	// This reads on until the server's close frame, unless the reader does.
	s.link.yield()
	err := s.conn.Close(closeCode(cause), "")
	if stop() && s.link.fault() == nil && answered(err) {
		s.heard.Store(true)
	}
}

// answered reports whether Close of the WebSocket library got a close frame, by what it returned on
// a connection without an error.
func answered(err error) bool { return err == nil || websocket.CloseStatus(err) != -1 }

// gone reports whether the connection has ended already, so that no close frame is needed.
func gone(cause error) bool {
	var (
		closed *CloseError // answered by the WebSocket library
		dead   *DeadLinkError
		lost   *LostError
	)
	return errors.Is(cause, ErrWriteTimeout) || errors.As(cause, &closed) || errors.As(cause, &dead) || errors.As(cause, &lost)
}

// forGood reports whether Close must send a DISCONNECT. After that the server forgets the session,
// and the next connection can't resume it. A close frame alone does not do that.
func forGood(cause error) bool { return errors.Is(cause, ErrClosed) }

// closeCode returns the code of the close frame.
func closeCode(cause error) websocket.StatusCode {
	var bad *ProtocolError
	switch {
	case errors.Is(cause, ErrFrameTooBig), errors.Is(cause, ErrBacklog):
		return websocket.StatusMessageTooBig
	case errors.Is(cause, engineio.ErrUTF8):
		return websocket.StatusInvalidFramePayloadData
	case errors.As(cause, &bad):
		return websocket.StatusProtocolError
	}
	return websocket.StatusNormalClosure
}
