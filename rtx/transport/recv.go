package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"unicode/utf8"

	"github.com/coder/websocket"

	"github.com/realtimex/realtimex-go/internal/engineio"
)

// smallBuffer is the read buffer of an idle session, in bytes.
const smallBuffer = 1 << 10

func (s *session) Recv() (Packet, error) {
	if len(s.backlog) > 0 {
		p := s.backlog[0]
		s.backlog[0] = Packet{}
		if s.backlog = s.backlog[1:]; len(s.backlog) == 0 {
			s.backlog = nil
		}
		return p, nil
	}
	for {
		p, ok, err := s.next()
		if err != nil {
			return Packet{}, s.fail(err)
		}
		if !ok {
			continue
		}
		switch p.Type {
		case engineio.Event, engineio.Ack, engineio.BinaryEvent, engineio.BinaryAck:
			return p, nil
		case engineio.Disconnect:
			return Packet{}, s.fail(ErrServerDisconnect)
		default: // CONNECT and CONNECT_ERROR answer our CONNECT, once
			return Packet{}, s.fail(&ProtocolError{Fault: "second " + p.Type.String() + " packet"})
		}
	}
}

// next reads one frame. It returns a packet if the frame completes one of the
// default namespace; those of others are passed over, since the client has
// joined none, as the reference client does.
func (s *session) next() (p Packet, ok bool, err error) {
	frame, binary, err := s.readFrame()
	if err != nil {
		return Packet{}, false, err
	}
	switch {
	case binary:
		p, ok, err = s.assembler.AddBinary(frame)
	case len(frame) > 3 && string(frame[:3]) == "42[" && !s.assembler.Due():
		// A text event of the default namespace, without an ack id: nearly all there is.
		return Packet{Type: engineio.Event, Namespace: "/", Data: frame[2:]}, true, nil
	default:
		p, ok, err = s.text(frame)
	}
	if err != nil {
		var codec *engineio.Error
		if errors.As(err, &codec) {
			err = &ProtocolError{Err: err}
		}
		return Packet{}, false, err
	}
	return p, ok && p.Namespace == "/", nil
}

// text takes an Engine.IO packet.
func (s *session) text(frame []byte) (p Packet, ok bool, err error) {
	packet, err := engineio.DecodePacket(frame)
	if err != nil {
		return Packet{}, false, err
	}
	switch packet.Type {
	case engineio.Message:
		return s.message(packet.Data)
	case engineio.Ping:
		s.pinged()
	case engineio.Close:
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
	for {
		if len(buf) == cap(buf) {
			buf = s.grow(buf)
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			break
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
		return &CloseError{Code: int(closed.Code), Reason: s.secrets.serverText(closed.Reason)}
	case errors.Is(err, websocket.ErrMessageTooBig):
		return fmt.Errorf("%w of %d bytes", ErrFrameTooBig, s.config.ReadLimit)
	case fault != nil:
		return &LostError{Err: fault}
	case errors.Is(err, net.ErrClosed), errors.Is(err, context.DeadlineExceeded):
		return &LostError{Err: err} // a pong of the WebSocket's own could not be written
	}
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	return &ProtocolError{Fault: "bad WebSocket frame", Err: err}
}
