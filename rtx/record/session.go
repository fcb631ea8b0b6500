package record

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/realtimex/realtimex-go/internal/engineio"
	"github.com/realtimex/realtimex-go/rtx/transport"
)

// A session records what another one brings and sends.
type session struct {
	transport.Session
	r     *Recorder
	conn  int
	ended atomic.Bool
}

func (s *session) Recv() (transport.Packet, error) {
	p, err := s.Session.Recv()
	if err == nil && !s.ended.Load() {
		s.r.append(s.conn, func(hidden *standIns) Entry { return received(p, hidden) })
	}
	return p, err
}

// Send records the packets before they are sent: their answers come after them then.
func (s *session) Send(ctx context.Context, packets ...[]byte) error {
	for _, p := range packets {
		if !s.ended.Load() {
			s.r.append(s.conn, func(hidden *standIns) Entry { return sent(p, hidden) })
		}
	}
	return s.Session.Send(ctx, packets...)
}

func (s *session) Close(reason error) {
	s.Session.Close(reason)
	if !s.ended.Swap(true) {
		end := s.Ended()
		s.r.append(s.conn, func(hidden *standIns) Entry { return ending(end, hidden) })
	}
}

func (s *session) Hide(secrets ...string) {
	s.r.mu.Lock()
	for _, text := range secrets {
		s.r.hidden.hide(text)
	}
	s.r.mu.Unlock()
	s.Session.Hide(secrets...)
}

// Transport returns what carries the session now, if the session says so.
func (s *session) Transport() transport.Kind {
	if t, ok := s.Session.(interface{ Transport() transport.Kind }); ok {
		return t.Transport()
	}
	return s.Info().Transport
}

func received(p transport.Packet, hidden *standIns) Entry {
	e := Entry{Kind: KindReceived, Type: p.Type}
	if p.HasID {
		e.ID = &p.ID
	}
	for _, b := range p.Buffers {
		e.Buffers = append(e.Buffers, []byte(hidden.replace(string(b))))
	}
	e.packet(p.Data, hidden)
	return e
}

func sent(packet []byte, hidden *standIns) Entry {
	e := Entry{Kind: KindSent, Type: transport.PacketEvent}
	p, err := engineio.DecodeHeader(packet, engineio.Limits{Bytes: MaxLine})
	if err != nil || p.Type != engineio.Event && p.Type != engineio.Ack {
		e.Text = hidden.replace(strings.ToValidUTF8(string(packet), "�"))
		return e
	}
	e.Type = transport.PacketType(p.Type)
	if p.HasID {
		e.ID = &p.ID
	}
	e.packet(p.Data, hidden)
	return e
}

// packet sets the data of a packet, without its secrets.
func (e *Entry) packet(data []byte, hidden *standIns) {
	learn(data, hidden)
	text := hidden.replace(string(data))
	if len(text) > 0 && text[0] == '[' && json.Valid([]byte(text)) {
		e.Data = json.RawMessage(text)
		return
	}
	e.Text = text
}

// own are the events of the service and of the client. Their arguments are no publisher's.
var own = [][]byte{[]byte(`["realtimex:`), []byte(`["realtimex_internal:`)}

// learn adds the ids and signatures that an event of the protocol has in places that are known,
// whether or not the client has hidden them.
func learn(data []byte, hidden *standIns) {
	if !slices.ContainsFunc(own, func(head []byte) bool { return bytes.HasPrefix(data, head) }) {
		return
	}
	_, args, err := engineio.SplitEvent(data, engineio.Limits{Bytes: MaxLine})
	if err != nil {
		return
	}
	arg, _ := engineio.NextArg(args)
	var fields struct {
		SocketID any `json:"socket_id"`
		Auth     any `json:"auth"`
	}
	if json.Unmarshal(arg, &fields) != nil {
		return
	}
	if id, ok := fields.SocketID.(string); ok {
		hidden.add("socket", id)
	}
	if auth, ok := fields.Auth.(string); ok {
		hidden.hide(auth)
	}
}
