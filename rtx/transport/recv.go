package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"unicode/utf8"

	"github.com/coder/websocket"

	"github.com/realtimex/realtimex-go/internal/engineio"
)

// smallBuffer is the read buffer of an idle session, in bytes.
const smallBuffer = 512

func (s *session) Recv() (Packet, error) {
	if len(s.backlog) > 0 {
		s.replay()
		return s.packet, nil
	}
	err := s.receive()
	return s.packet, err
}

// replay takes the first packet of the backlog.
func (s *session) replay() {
	s.packet, s.backlog[0] = s.backlog[0], Packet{}
	if s.backlog = s.backlog[1:]; len(s.backlog) == 0 {
		s.backlog = nil
	}
}

// receive reads up to the next packet that Recv returns.
func (s *session) receive() error {
	for {
		ok, err := s.next()
		if err != nil {
			return s.fail(err)
		}
		if !ok {
			continue
		}
		switch s.packet.Type {
		case engineio.Event, engineio.Ack, engineio.BinaryEvent, engineio.BinaryAck:
			return nil
		case engineio.Disconnect:
			s.left.Store(true)
			s.heard.Store(true)
			err = ErrServerDisconnect
		default: // CONNECT and CONNECT_ERROR answer our CONNECT, once
			err = &ProtocolError{Fault: "second " + s.packet.Type.String() + " packet"}
		}
		s.packet = Packet{}
		return s.fail(err)
	}
}

// next reads one frame into s.packet, and reports whether it completes one of
// the default namespace; those of others are passed over, since the client has
// joined none, as the reference client does.
//
// The packet stands in the session, and not in the frames of the functions that
// wait below this one, so that the stack of an idle reader stays at 4 KiB.
func (s *session) next() (ok bool, err error) {
	s.packet = Packet{}
	frame, binary, err := s.readFrame()
	if err != nil {
		return false, err
	}
	if !binary && len(frame) > 3 && string(frame[:3]) == "42[" && !s.assembler.Due() {
		// A text event of the default namespace, without an ack id: nearly all there is.
		s.packet.Type, s.packet.Namespace, s.packet.Data = engineio.Event, "/", frame[2:]
		s.link.whole()
		return true, nil
	}
	return s.decode(frame, binary)
}

// decode takes a frame that is not of the most frequent kind.
func (s *session) decode(frame []byte, binary bool) (ok bool, err error) {
	var p Packet
	if binary {
		p, ok, err = s.assembler.AddBinary(frame)
		s.arrived(ok)
	} else {
		p, ok, err = s.text(frame)
	}
	if err != nil {
		var codec *engineio.Error
		if errors.As(err, &codec) {
			err = &ProtocolError{Err: err}
		}
		return false, err
	}
	s.packet = p
	return ok && p.Namespace == "/", nil
}

// arrived notes progress: any packet that is not there for nothing, but before
// CONNECT is answered only one that Recv will return or that answers it.
func (s *session) arrived(wanted bool) {
	if wanted || !s.info.ConnectedAt.IsZero() {
		s.link.whole()
	}
}

// text takes an Engine.IO packet.
func (s *session) text(frame []byte) (p Packet, ok bool, err error) {
	packet, err := engineio.DecodePacket(frame)
	if err != nil {
		return Packet{}, false, err
	}
	switch packet.Type {
	case engineio.Message:
		p, ok, err = s.message(packet.Data)
		s.arrived(ok && p.Namespace == "/")
		return p, ok, err
	case engineio.Ping:
		s.arrived(false)
		s.pinged()
	case engineio.Close:
		s.heard.Store(true)
		return Packet{}, false, ErrServerClose
	case engineio.Open, engineio.Upgrade:
		return Packet{}, false, &ProtocolError{Fault: "unexpected " + packet.Type.String() + " packet"}
	case engineio.Pong, engineio.Noop: // say nothing to a client on a WebSocket, and harm nothing
	}
	return Packet{}, false, nil
}

// message takes a Socket.IO packet. The payload of a text event is left to
// whoever scans it anyway; it is the hot path.
func (s *session) message(b []byte) (p Packet, ok bool, err error) {
	p, err = engineio.DecodeHeader(b, s.assembler.Limits)
	if err != nil {
		return Packet{}, false, err
	}
	switch {
	case p.Type != engineio.Event:
		err = engineio.CheckData(p, s.assembler.Limits)
	case len(p.Data) == 0:
		err = &engineio.Error{Kind: engineio.ErrNoPayload}
	}
	if err != nil {
		return Packet{}, false, err
	}
	return s.assembler.Add(p)
}

// pinged notes that a pong is owed. However many pings come before it is
// written, it is one. Pings are also the moment to let go of a read buffer that
// the last interval had no use for.
func (s *session) pinged() {
	select {
	case s.pings <- struct{}{}:
	default:
	}
	if cap(s.buf) > smallBuffer && s.longest <= cap(s.buf)/4 {
		s.buf = nil
	}
	s.longest = 0
	s.link.settle()
}

// readFrame reads one frame into the session's buffer, where it stays until the
// next call.
//
// The context is one that can't be cancelled: any other costs eight allocations
// a frame. Reading ends with the link.
func (s *session) readFrame() (frame []byte, binary bool, err error) {
	kind, r, err := s.conn.Reader(context.Background())
	if err != nil {
		return nil, false, s.readError(err)
	}
	buf := s.buf[:0]
	s.link.progress.message(s.config.ReadLimit)
	for {
		if len(buf) == cap(buf) {
			buf = s.grow(buf)
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			s.link.progress.message(0)
			break
		}
		if errors.Is(err, websocket.ErrMessageTooBig) {
			return nil, false, frameTooBig(buf, s.config.ReadLimit)
		}
		if err != nil {
			return nil, false, s.readError(err)
		}
	}
	s.buf = buf
	s.longest = max(s.longest, len(buf))
	if kind == websocket.MessageBinary {
		return buf, true, nil
	}
	if !utf8.Valid(buf) { // the WebSocket library leaves this to us
		return nil, false, &ProtocolError{Err: &engineio.Error{Kind: engineio.ErrUTF8}}
	}
	return buf, false, nil
}

// grow doubles the buffer, up to what shows that a frame exceeds the limit.
func (s *session) grow(buf []byte) []byte {
	size := min(max(2*cap(buf), smallBuffer), int(s.config.ReadLimit)+2)
	bigger := make([]byte, len(buf), size)
	copy(bigger, buf)
	return bigger
}

// readError turns what the WebSocket library says into what this package
// promises.
func (s *session) readError(err error) error {
	var closed websocket.CloseError
	switch fault := s.link.fault(); {
	case errors.As(err, &closed):
		s.heard.Store(true)
		return &CloseError{Code: int(closed.Code), Reason: s.secrets.text(closed.Reason)}
	case fault != nil:
		return &LostError{Err: s.secrets.error(fault)}
	case errors.Is(err, net.ErrClosed), errors.Is(err, context.DeadlineExceeded):
		return &LostError{Err: s.secrets.error(err)} // a pong of the WebSocket's own could not be written
	}
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	return &ProtocolError{Fault: "bad WebSocket frame", Err: s.secrets.error(err)}
}
