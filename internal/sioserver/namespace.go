package sioserver

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/realtimex/realtimex-go/internal/engineio"
)

// Handler is what a namespace does. The functions are called one at a time for a socket, and must
// not block.
type Handler struct {
	// Admit is asked before a socket joins; nil admits all. *Refusal refuses with its message and
	// data, and ErrHold leaves the client without an answer until Socket.Admit or Socket.Refuse.
	Admit func(s *Socket) error
	// Connect is called once a socket has joined and its client has been told.
	Connect func(s *Socket)
	// Event is called for each event of a joined socket.
	Event func(s *Socket, e Event)
	// Disconnect is called once for each joined socket, after it has left its rooms.
	Disconnect func(s *Socket, reason Reason)
}

// The reasons for which a socket leaves while its session goes on. Connections that ended so, or by
// a ParseError, are not recovered.
const (
	ClientLeft Reason = "client namespace disconnect"
	ServerLeft Reason = "server namespace disconnect"
)

// ErrHold is what Handler.Admit returns to leave a CONNECT without an answer for now.
var ErrHold = errors.New("sioserver: CONNECT held")

// Refusal is a refused CONNECT, sent as {"message":…} or, with Data, {"message":…,"data":…}.
type Refusal struct {
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data,omitempty"`
}

func (r *Refusal) Error() string { return "sioserver: refused: " + r.Message }

// Namespace is one namespace of a server. Its methods may be called concurrently.
type Namespace struct {
	name     string
	handler  Handler
	recovery time.Duration
	adapter  *adapter
}

// Broadcast queues an event for every socket in room, but for those that are in one of the rooms
// except, such as the one that each has by its id. args are JSON values, in which placeholders
// stand for the buffers, and name is a plain string. It never blocks. It returns the offset that
// the event has on the wire, "" without recovery, how many sockets it went to, and its text frame,
// which must not be changed.
func (n *Namespace) Broadcast(room, name string, args, buffers [][]byte, except ...string) (offset string, sockets int, text []byte) {
	return n.adapter.broadcast(n, room, except, eventData(name, args), buffers)
}

// Sockets returns the joined sockets in the order in which they joined.
func (n *Namespace) Sockets() []*Socket { return n.adapter.all() }

// Forget drops what recovery has kept, as the death of the server's process would.
func (n *Namespace) Forget() { n.adapter.forget() }

// PadOffsets makes every offset longer from now on, by so many bytes.
func (n *Namespace) PadOffsets(bytes int) { n.adapter.padOffsets(bytes) }

func (n *Namespace) connect(s *Socket) {
	if n.handler.Admit != nil {
		switch err := n.handler.Admit(s); {
		case errors.Is(err, ErrHold):
			return
		case err != nil:
			s.Refuse(err)
			return
		}
	}
	s.Admit()
}

// Admit lets the socket join. It is for a CONNECT that was held; of several answers to one CONNECT
// the first counts.
func (s *Socket) Admit() {
	if !s.answered.CompareAndSwap(false, true) {
		return
	}
	n := s.namespace
	n.adapter.admit(s)
	s.joined.Store(true)
	if s.Gone() { // it ended meanwhile, and nobody else clears up
		s.left.Store(true)
		s.client.remove(s)
		n.adapter.remove(s)
		return
	}
	if n.handler.Connect != nil {
		n.handler.Connect(s)
	}
}

// answer tells the client that it has joined. The caller knows the socket's ids.
func (s *Socket) answer() {
	data := fmt.Appendf(nil, `{"sid":%q}`, s.ID)
	if s.pid != "" {
		data = fmt.Appendf(nil, `{"sid":%q,"pid":%q}`, s.ID, s.pid)
	}
	s.client.session.Send(appendPacket(engineio.Connect, s.namespace.name, data))
}

// Refuse refuses a CONNECT that was held.
func (s *Socket) Refuse(err error) {
	if !s.answered.CompareAndSwap(false, true) {
		return
	}
	s.client.remove(s)
	refusal := new(Refusal)
	if !errors.As(err, &refusal) {
		refusal = &Refusal{Message: "refused"}
	}
	data, err := json.Marshal(refusal)
	if err != nil {
		data = []byte(`{"message":"refused"}`)
	}
	s.client.session.Send(appendPacket(engineio.ConnectError, s.namespace.name, data))
}

// wanted is the connection that the client asks to take up, by its pid and the offset of the last
// event that it has.
func (s *Socket) wanted() (pid, offset string) {
	var want struct{ Pid, Offset string }
	if json.Unmarshal(s.Payload, &want) != nil {
		return "", ""
	}
	return want.Pid, want.Offset
}
