package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"unicode/utf8"

	"github.com/coder/websocket"

	"github.com/realtimex/realtimex-go/internal/engineio"
)

func (s *session) Recv() (Packet, error) {
	var err error
	s.given = false
	if len(s.backlog) > 0 {
		s.replay()
	} else {
		err = s.receive()
	}
	l := s.link
	if w := s.upgraded(); w != nil {
		l = w.link
	}
	p := public(&s.packet)
	p.More = len(s.backlog) > 0 || l.ahead
	p.Kept = s.given
	return p, err
}

// replay takes the first packet of the backlog.
func (s *session) replay() {
	s.packet, s.backlog[0] = s.backlog[0], engineio.SocketPacket{}
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
		s.packet = engineio.SocketPacket{}
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
	s.packet = engineio.SocketPacket{}
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

// decode reads a frame that is not a text event of the default namespace.
func (s *session) decode(frame []byte, binary bool) (ok bool, err error) {
	var p engineio.SocketPacket
	if binary {
		event := s.assembler.Pending()
		if p, ok, err = s.assembler.AddBinary(frame); errors.Is(err, engineio.ErrTooLarge) {
			return false, s.tooBig(attachedTo(event))
		}
		s.arrived(ok)
	} else if p, ok, err = s.text(frame); errors.Is(err, engineio.ErrManyAttachments) {
		e := s.tooBig(frame)
		e.Attachments = true
		return false, e
	}
	if err != nil {
		if _, ok := errors.AsType[*engineio.Error](err); ok {
			err = &ProtocolError{Err: err}
		}
		return false, err
	}
	s.packet = p
	return ok && p.Namespace == "/", nil
}

// arrived records progress by a packet. Before CONNECT is answered, only the answer counts, and a
// packet that Recv will return.
func (s *session) arrived(wanted bool) {
	if wanted || !s.info.ConnectedAt.IsZero() {
		s.link.whole()
	}
}

// text reads an Engine.IO packet.
func (s *session) text(frame []byte) (p engineio.SocketPacket, ok bool, err error) {
	packet, err := engineio.DecodePacket(frame)
	if err != nil {
		return engineio.SocketPacket{}, false, err
	}
	switch packet.Type {
	case engineio.Message:
		p, ok, err = s.message(packet.Data)
		if p.Type != engineio.Disconnect { // an end that is read late is no sign of life
			s.arrived(ok && p.Namespace == "/")
		}
		return p, ok, err
	case engineio.Ping:
		s.arrived(false)
		s.pinged()
	case engineio.Close:
		s.heard.Store(true)
		return engineio.SocketPacket{}, false, ErrServerClose
	case engineio.Open, engineio.Upgrade:
		return engineio.SocketPacket{}, false, &ProtocolError{Fault: "unexpected " + packet.Type.String() + " packet"}
	case engineio.Pong, engineio.Noop: // say nothing to a client on a WebSocket, and harm nothing
	}
	return engineio.SocketPacket{}, false, nil
}

// message reads a Socket.IO packet. It does not check the JSON of a text event, because its reader
// does, and this is the hot path.
func (s *session) message(b []byte) (p engineio.SocketPacket, ok bool, err error) {
	p, err = engineio.DecodeHeader(b, s.assembler.Limits)
	if err != nil {
		return engineio.SocketPacket{}, false, err
	}
	switch {
	case p.Type != engineio.Event:
		err = engineio.CheckData(p, s.assembler.Limits)
		if errors.Is(err, engineio.ErrPlaceholder) {
			err = nil // costs its event alone: whoever puts the attachments in finds it
		}
	case len(p.Data) == 0:
		err = &engineio.Error{Kind: engineio.ErrNoPayload}
	}
	if err != nil {
		return engineio.SocketPacket{}, false, err
	}
	return s.assembler.Add(p)
}

// pinged records that a pong must be sent. Several pings before it need one pong. A ping is also
// when a read buffer is released that was not needed since the last one.
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

// readFrame reads one message, which is valid until the next call. After an error it returns that
// error again, because what comes next may be the rest of a message.
func (s *session) readFrame() (frame []byte, binary bool, err error) {
	if s.poll != nil {
		return s.poll.readFrame()
	}
	if s.unread != nil {
		return nil, false, s.unread
	}
	frame, ok, err := s.link.frame(s.config.ReadLimit)
	if err != nil {
		err = s.readError(err)
	} else if !ok {
		frame, binary, err = s.readOther()
	}
	if err == nil && !binary && !utf8.Valid(frame) { // the WebSocket library leaves this to us
		err = &ProtocolError{Err: &engineio.Error{Kind: engineio.ErrUTF8}}
	}
	if err != nil {
		s.unread = err
		return nil, false, err
	}
	return frame, binary, nil
}

// readOther reads one message by the WebSocket library.
//
// The context is one that can't be cancelled: any other costs eight allocations
// a frame. Reading ends with the link.
func (s *session) readOther() (frame []byte, binary bool, err error) {
	kind, r, err := s.conn.Reader(context.Background()) //nolint:forbidigo // reading ends with the link
	if err != nil {
		return nil, false, s.readError(err)
	}
	return s.readMessage(kind, r)
}

// readMessage reads the rest of the message that has begun to come, into the session's buffer. It is
// apart from readOther, where an idle reader may wait, so that the stack there stays small.
func (s *session) readMessage(kind websocket.MessageType, r io.Reader) (frame []byte, binary bool, err error) {
	buf := s.buf[:0]
	s.link.progress.message(s.config.ReadLimit)
	for {
		if len(buf) == cap(buf) {
			buf = s.grow(buf)
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err == io.EOF && s.link.complete() {
			s.link.progress.message(0)
			break
		}
		if errors.Is(err, websocket.ErrMessageTooBig) {
			if kind == websocket.MessageBinary { // a publisher's bytes: they may look like an event
				buf = attachedTo(s.assembler.Pending())
			}
			e := s.tooBig(buf)
			e.Size = s.link.length.Load()
			return nil, false, e
		}
		if err != nil {
			return nil, false, s.readError(err)
		}
	}
	s.given = len(buf) >= largeFrame
	if s.given {
		s.buf = nil // it is the reader's
	} else {
		s.buf = buf
	}
	s.longest = max(s.longest, len(buf))
	return buf, kind == websocket.MessageBinary, nil
}

// largeFrame is the length from which on a frame has a buffer of its own, in bytes.
const largeFrame = 1 << 20

// grow doubles the buffer, up to the size that shows that a frame exceeds the limit. Of a large frame
// so much has come that the rest is believed to come, so there is room for all of it at once.
func (s *session) grow(buf []byte) []byte {
	size := max(2*cap(buf), smallBuffer)
	if len(buf) >= largeFrame {
		const between = 4<<10 + 1 // what the WebSocket library has in its own buffer, and its end
		rest := int(min(s.link.remains.Load(), s.config.ReadLimit))
		size = max(len(buf)+rest+between, cap(buf)+cap(buf)/4)
	}
	size = min(size, int(s.config.ReadLimit)+2)
	bigger := make([]byte, len(buf), size)
	copy(bigger, buf)
	return bigger
}

// readError turns an error of the WebSocket library into one that this package documents.
func (s *session) readError(err error) error {
	var closed websocket.CloseError
	switch fault := s.link.fault(); {
	case errors.As(err, &closed):
		s.heard.Store(true)
		return &CloseError{Code: int(closed.Code), Reason: s.secrets.text(closed.Reason)}
	case fault != nil:
		return &LostError{Err: s.secrets.error(fault)}
	case errors.Is(err, net.ErrClosed), errors.Is(err, context.DeadlineExceeded):
		// A pong of the WebSocket itself could not be written.
		return &LostError{Err: s.secrets.error(err)}
	}
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	return &ProtocolError{Fault: "bad WebSocket frame", Err: s.secrets.error(err)}
}

// attachedTo returns the beginning of the packet that an attachment belongs to, given the packet's
// JSON. It returns nil if there is no such packet.
func attachedTo(event []byte) []byte {
	if event == nil {
		return nil
	}
	return append([]byte("45-"), event[:min(len(event), maxFrameHead)]...)
}

// tooBig returns the error for a message that is too large, with its beginning.
func (s *session) tooBig(head []byte) *FrameError {
	return &FrameError{Limit: s.config.ReadLimit, Head: slices.Clone(head[:min(len(head), maxFrameHead)])}
}
