package transport

import (
	"context"
	"errors"
)

// close is the end of a session over polling, or that was. A session has no connection that could
// be closed, so the server is told by a POST with a close packet. Only if that is answered is it
// known that the server has noticed the end. A connection that breaks says nothing, because the
// server keeps the session; nor does a server that does not know the session, because it may be
// another one than the one that has it.
func (p *polling) close(cause error) {
	s := p.s
	ctx, cancel := context.WithTimeout(context.Background(), s.config.CloseTimeout) //nolint:forbidigo // a session is closed whoever has given up
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = s.link.Close() })
	defer stop()

	p.upgrading.stop()
	sole := false
	select {
	case s.sending <- struct{}{}: // kept: nobody sends after a close packet
		sole = true
	case <-ctx.Done(): // another's POST does not get through
	}
	if w := p.up.Load(); w != nil {
		stop() // the WebSocket has its own limit
		w.Close(cause)
	} else if sole {
		p.leave(cause)
	}
	_ = s.link.Close()
	p.client.CloseIdleConnections()
}

// leave tells the server of the end, at most once. The caller is the only sender.
func (p *polling) leave(cause error) {
	if p.told || p.sid == "" || !worthTelling(cause) {
		return
	}
	p.told = true
	body := []byte("1")
	if forGood(cause) {
		body = []byte("41\x1e1")
	}
	ctx, cancel := context.WithTimeout(p.ctx, p.s.config.CloseTimeout)
	defer cancel()
	if p.exchange(ctx, &postBody{data: body}) == nil {
		p.s.heard.Store(true)
	}
}

// worthTelling reports whether the server may still have the session, and may be reached. A request
// that was lost does not mean that the next one will be.
func worthTelling(cause error) bool {
	var dead *DeadLinkError
	return !errors.Is(cause, ErrServerClose) && !errors.Is(cause, ErrSessionUnknown) &&
		!errors.Is(cause, ErrWriteTimeout) && !errors.As(cause, &dead)
}
