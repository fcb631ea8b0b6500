package transport

import (
	"fmt"
	"slices"
	"time"

	json "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/realtimex/realtimex-go/internal/engineio"
	"github.com/realtimex/realtimex-go/internal/redact"
)

const (
	// maxBacklogBytes limits the packets that are kept until CONNECT is answered. A server that
	// resumes a session sends the missed ones before its answer.
	maxBacklogBytes = 16 << 20

	// maxBacklogPackets limits their number, because a packet needs more memory than its bytes.
	maxBacklogPackets = 1 << 16

	// minMaxPayload is the smallest maxPayload that is enough: a subscription to a channel with a
	// name of 200 bytes fits, with its signature. A server that names none has no limit.
	minMaxPayload = 512

	// maxID limits the ids of the server. Those of socket.io have 20 bytes.
	maxID = 256

	// maxOffset limits the offset to resume from. Those of the reference's adapters have 20 to 30
	// bytes.
	maxOffset = 1 << 10
)

// handshake waits for the open packet, sends CONNECT, and waits for its answer. step is the step
// that failed. asking is called before CONNECT asks to resume a session.
func (s *session) handshake(r Resume, asking func()) (step string, err error) {
	open, err := s.readOpen()
	if err != nil {
		return "open", err
	}
	s.secrets.add(open.SID, r.PID, r.Offset)
	if s.poll != nil {
		s.poll.opened(open)
	}
	connect := connectPacket(r)
	if open.MaxPayload > 0 && int64(len(connect)) > open.MaxPayload {
		r = Resume{}
		connect = connectPacket(r)
	}
	if !r.IsZero() {
		asking()
	}
	if err := s.write(connect); err != nil {
		return "connect", err
	}
	answer, err := s.readConnect()
	if err != nil {
		return "connect", err
	}
	s.secrets.add(answer.SID, answer.PID)
	s.info = Info{
		Transport:    s.Transport(),
		SocketID:     answer.SID,
		PID:          answer.PID,
		Recovered:    !r.IsZero() && answer.PID == r.PID,
		PingInterval: open.PingInterval,
		PingTimeout:  open.PingTimeout,
		MaxPayload:   open.MaxPayload,
		ConnectedAt:  time.Now(),
	}
	s.link.progress.within(s.info.LinkTimeout())
	return "", nil
}

func (s *session) readOpen() (engineio.Handshake, error) {
	frame, binary, err := s.readFrame()
	if err != nil {
		return engineio.Handshake{}, err
	}
	if binary {
		return engineio.Handshake{}, &ProtocolError{Fault: "binary frame before the open packet"}
	}
	p, err := engineio.DecodePacket(frame)
	if err != nil {
		return engineio.Handshake{}, &ProtocolError{Err: err}
	}
	switch p.Type {
	case engineio.Open:
	case engineio.Close:
		return engineio.Handshake{}, ErrServerClose
	default:
		return engineio.Handshake{}, &ProtocolError{Fault: "got " + p.Type.String() + " instead of the open packet"}
	}
	h, err := engineio.DecodeHandshake(p.Data)
	if err != nil {
		return engineio.Handshake{}, &ProtocolError{Err: err}
	}
	if h.MaxPayload > 0 && h.MaxPayload < minMaxPayload {
		return engineio.Handshake{}, fmt.Errorf("%w: its maxPayload is %d bytes, and %d are needed", ErrMaxPayload, h.MaxPayload, minMaxPayload)
	}
	return h, nil
}

// connectPacket returns the CONNECT for the default namespace.
func connectPacket(r Resume) []byte {
	frame := []byte("40")
	if !r.IsZero() {
		frame = append(frame, `{"pid":`...)
		frame, _ = jsontext.AppendQuote(frame, r.PID) // it is UTF-8
		frame = append(frame, `,"offset":`...)
		frame, _ = jsontext.AppendQuote(frame, r.Offset)
		frame = append(frame, '}')
	}
	return frame
}

// connectAnswer is the server's answer to CONNECT.
type connectAnswer struct {
	SID string `json:"sid"`
	PID string `json:"pid"`
}

// readConnect waits for the answer to CONNECT. A server that resumes a session sends the missed
// events first; they are kept for Recv. Pings are answered here, because nobody else answers them
// yet.
func (s *session) readConnect() (connectAnswer, error) {
	size := 0
	for {
		ok, err := s.next()
		if err != nil {
			return connectAnswer{}, err
		}
		select {
		case <-s.pings:
			if err := s.Pong(); err != nil {
				return connectAnswer{}, err
			}
		default:
		}
		if !ok {
			continue
		}
		p := s.packet
		switch p.Type {
		case engineio.Connect:
			return decodeConnect(p.Data)
		case engineio.ConnectError:
			return connectAnswer{}, s.decodeRefusal(p.Data)
		case engineio.Disconnect:
			return connectAnswer{}, ErrServerDisconnect
		}
		if p.Buffers == nil {
			p.Data = slices.Clone(p.Data) // it lies in the read buffer
		}
		size += packetSize(p)
		if size > maxBacklogBytes || len(s.backlog) == maxBacklogPackets {
			return connectAnswer{}, ErrBacklog
		}
		s.backlog = append(s.backlog, p)
	}
}

func packetSize(p engineio.SocketPacket) int {
	n := len(p.Data)
	for _, b := range p.Buffers {
		n += len(b)
	}
	return n
}

func decodeConnect(data []byte) (connectAnswer, error) {
	var a connectAnswer
	switch err := json.Unmarshal(data, &a); {
	case err != nil:
		return a, &ProtocolError{Fault: "CONNECT answer is not what it should be"}
	case a.SID == "":
		return a, &ProtocolError{Fault: "CONNECT answer without a sid"}
	case len(a.SID) > maxID || redact.Printable(a.SID) != a.SID:
		return a, &ProtocolError{Fault: "CONNECT answer with a sid that is overlong or does not print"}
	case len(a.PID) > maxID:
		a.PID = "" // it would never be sent, and the session is good without it
	}
	return a, nil
}

// decodeRefusal reads `{"message":…,"data":{"code":N}}`. It is only certain that data is an object
// or a string.
func (s *session) decodeRefusal(data []byte) *ConnectError {
	var refusal struct {
		Message any `json:"message"`
		Data    any `json:"data"`
	}
	var text string
	if json.Unmarshal(data, &refusal) == nil {
		text, _ = refusal.Message.(string)
	} else {
		_ = json.Unmarshal(data, &text)
	}
	e := &ConnectError{Message: s.secrets.text(text), refusesKey: refusesKey(text)}
	if m, ok := refusal.Data.(map[string]any); ok {
		if code, ok := m["code"].(float64); ok && code > -1e9 && code < 1e9 {
			e.Code = int(code)
		}
	}
	return e
}
