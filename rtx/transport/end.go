package transport

import (
	"errors"
	"io"
	"net"
	"slices"
)

// An End tells what the end of a session means for the one after it.
type End struct {
	// PeerKnows: the server is certain to know that this connection has ended, because the end came from it, or because it
	// answered ours: a close frame, an Engine.IO close packet, a DISCONNECT, or the connection closed or reset. Without
	// this it may go on holding the connection until its own heartbeat tells it. An end of ours that was not answered
	// within the close timeout is not known, since nobody can tell that it arrived.
	PeerKnows bool

	// KeepsSession: the server may keep the session for the next connection to take up, and taking it up can work. Not
	// after a DISCONNECT of either side, and not after a packet that could not be taken, since it would come again.
	KeepsSession bool

	// Err is why the session ended, as Recv returns it. Nil while it has not.
	Err error
}

func (s *session) Ended() End {
	cause := s.cause.Load()
	if cause == nil {
		return End{}
	}
	return End{
		PeerKnows:    s.heard.Load() || s.link.endedByPeer(),
		KeepsSession: !s.left.Load() && !forGood(*cause) && !again(*cause),
		Err:          *cause,
	}
}

// again reports whether a packet ended the session that the server would send anew to whoever resumes.
func again(cause error) bool {
	var bad *ProtocolError
	return errors.As(cause, &bad) || errors.Is(cause, ErrFrameTooBig) || errors.Is(cause, ErrBacklog)
}

// byPeer reports whether an error of a connection that nobody here has closed says that the other side ended it. A write
// can be the first to meet such an end. In memory (net.Pipe) it is io.ErrClosedPipe there.
func byPeer(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.ErrClosedPipe) ||
		slices.ContainsFunc(resets, func(reset error) bool { return errors.Is(err, reset) })
}

// byUs reports whether an error says only that the connection was closed on this side.
func byUs(err error) bool { return errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe) }
