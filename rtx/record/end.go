package record

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

// ending is the entry of a connection that has ended.
func ending(end transport.End, hidden *standIns) Entry {
	e := Entry{Kind: KindEnded, How: howOf(end.Err), PeerKnows: end.PeerKnows, KeepsSession: end.KeepsSession}
	if closed, ok := errors.AsType[*transport.CloseError](end.Err); ok {
		e.Code, e.Message = closed.Code, hidden.replace(closed.Reason)
	}
	if dead, ok := errors.AsType[*transport.DeadLinkError](end.Err); ok {
		e.Silence = max(dead.Silence, 0)
	}
	if e.How == HowClient && end.Err != nil {
		e.Message = hidden.replace(end.Err.Error())
	}
	return e
}

// failure is the entry of an attempt that failed.
func failure(err error, hidden *standIns) Entry {
	if refused, ok := errors.AsType[*transport.ConnectError](err); ok {
		return Entry{Kind: KindRefused, Code: refused.Code, Message: hidden.replace(refused.Message)}
	}
	e := Entry{Kind: KindFailed, How: howOf(err)}
	if h, ok := errors.AsType[*transport.HandshakeError](err); ok {
		e.Transport, e.Step, e.Status, e.RetryAfter = h.Transport, h.Step, h.Status, max(h.RetryAfter, 0)
		e.Code, e.Message = h.Code, hidden.replace(h.Message)
		switch {
		case h.Step == "dial":
			e.How = HowUnreachable
		case h.Err == nil:
			e.How = "" // the status says it
		}
	}
	if closed, ok := errors.AsType[*transport.CloseError](err); ok {
		e.Code, e.Message = closed.Code, hidden.replace(closed.Reason)
	}
	return e
}

// howOf says how a connection ended by the reason of its end. Wrapped ones come before those that
// wrap them.
func howOf(err error) How {
	var (
		closed  *transport.CloseError
		dead    *transport.DeadLinkError
		lost    *transport.LostError
		bad     *transport.ProtocolError
		timeout net.Error
	)
	switch {
	case errors.As(err, &closed):
		return HowClose
	case errors.As(err, &dead):
		return HowSilence
	case errors.Is(err, transport.ErrWriteTimeout):
		return HowStalled
	case errors.Is(err, transport.ErrServerDisconnect):
		return HowDisconnect
	case errors.Is(err, transport.ErrServerClose):
		return HowEngineClose
	case errors.As(err, &bad), errors.Is(err, transport.ErrFrameTooBig), errors.Is(err, transport.ErrBacklog):
		return HowProtocol
	case errors.Is(err, transport.ErrClosed):
		return HowProgram
	case errors.Is(err, transport.ErrReconnect):
		return HowReconnect
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.ErrClosedPipe):
		return HowFIN
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return HowReset
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return HowTimeout
	case errors.As(err, &lost):
		return HowLost
	}
	return HowClient
}
