package transport

import (
	"errors"
	"io"
	"net"
	"slices"
)

// An End says how a session ended, and what that means for the next one.
type End struct {
	// PeerKnows reports whether the server certainly knows that this connection has ended. It does
	// if the server ended it, or has answered our end, with a close frame, an Engine.IO close
	// packet or a DISCONNECT, or by closing or resetting the connection. Over polling a connection
	// says nothing, and neither does a server that does not know the session. If it is false, the server
	// may hold the connection until its own heartbeat fails. It is false when the server did not
	// answer our end within the close timeout, because nobody can know whether it received that.
	PeerKnows bool

	// KeepsSession reports whether the server may have kept the session, and the next connection
	// can resume it. It is false after a DISCONNECT of either side. It is false after a packet that
	// could not be read, because the server would send that packet again.
	KeepsSession bool

	// Err is why the session ended, as Recv returns it. It is nil before the end.
	Err error
}

func (s *session) Ended() End {
	cause := s.cause.Load()
	if cause == nil {
		return End{}
	}
	return End{
		PeerKnows:    s.heard.Load() || s.endedByPeer(),
		KeepsSession: !s.left.Load() && !forGood(*cause) && !again(*cause),
		Err:          *cause,
	}
}

// endedByPeer reports whether the connection shows that the server ended it. The connections of
// polling show nothing: a session does not end with them.
func (s *session) endedByPeer() bool {
	if s.poll == nil {
		return s.link.endedByPeer()
	}
	w := s.upgraded()
	return w != nil && (w.heard.Load() || w.link.endedByPeer())
}

// again reports whether the session ended because of a packet that the server would send again on a
// resumed session.
func again(cause error) bool {
	var bad *ProtocolError
	return errors.As(cause, &bad) || errors.Is(cause, ErrFrameTooBig) || errors.Is(cause, ErrBacklog)
}

// byPeer reports whether an error of the connection says that the other side ended it, if nobody
// here closed it. A write can be the first to get it. In memory (net.Pipe) that is
// io.ErrClosedPipe.
func byPeer(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.ErrClosedPipe) ||
		slices.ContainsFunc(resets, func(reset error) bool { return errors.Is(err, reset) })
}

// byUs reports whether an error says only that the connection was closed on this side.
func byUs(err error) bool { return errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe) }
