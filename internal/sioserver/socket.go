package sioserver

import (
	"slices"
	"strconv"
	"sync/atomic"

	"github.com/realtimex/realtimex-go/internal/engineio"
)

// Socket is one client in one namespace. Its methods may be called concurrently.
type Socket struct {
	ID        string // known once it has joined
	Payload   []byte // of its CONNECT: a JSON object, or nil
	Recovered bool   // it took up a lost connection, with its id and rooms

	client    *client
	namespace *Namespace
	pid       string
	data      atomic.Pointer[any]
	answered  atomic.Bool // CONNECT has its answer
	joined    atomic.Bool
	left      atomic.Bool
}

// Gone reports whether the socket or its session has ended. Disconnect may be called before Connect
// has returned, so a handler that has just taken note of a socket looks here, and finds that there
// is nothing to take note of.
func (s *Socket) Gone() bool {
	select {
	case <-s.client.session.done:
		return true
	default:
		return s.left.Load()
	}
}

// Session is the session that the socket is on.
func (s *Socket) Session() *Session { return s.client.session }

// Emit queues an event for the socket. args are JSON values, and name is a plain string. It never
// blocks. On a server with recovery it travels by the rooms, as in the reference server: a socket
// whose rooms are gone gets nothing.
func (s *Socket) Emit(name string, args ...[]byte) { s.EmitBinary(name, args, nil) }

// EmitBinary is Emit with attachments, which placeholders in args stand for.
func (s *Socket) EmitBinary(name string, args [][]byte, buffers [][]byte) {
	data := eventData(name, args)
	if s.namespace.recovery > 0 {
		s.namespace.adapter.broadcast(s.namespace, s.ID, nil, data, buffers)
		return
	}
	s.send(encodeEvent(s.namespace.name, data, buffers))
}

// Ack answers the event that had this id. args is JSON, comma-separated; placeholders in it stand
// for the buffers.
func (s *Socket) Ack(id uint64, args []byte, buffers [][]byte) {
	p := engineio.SocketPacket{
		Type:        engineio.Ack,
		Namespace:   s.namespace.name,
		ID:          id,
		HasID:       true,
		Data:        slices.Concat([]byte{'['}, args, []byte{']'}),
		Buffers:     buffers,
		Attachments: len(buffers),
	}
	if len(buffers) > 0 {
		p.Type = engineio.BinaryAck
	}
	s.send(packetFrames(p))
}

// SetData notes what belongs to the layer above. Recovery keeps it.
func (s *Socket) SetData(data any) { s.data.Store(&data) }

// Data is what SetData noted last, on a recovered socket before it was lost, or nil.
func (s *Socket) Data() any {
	if p := s.data.Load(); p != nil {
		return *p
	}
	return nil
}

// Join puts the socket into a room.
func (s *Socket) Join(room string) { s.namespace.adapter.join(s, room) }

// Leave takes the socket out of a room.
func (s *Socket) Leave(room string) { s.namespace.adapter.leave(s, room) }

// Rooms returns the rooms that the socket's id is in, but for the one that is named by the id.
func (s *Socket) Rooms() []string {
	return slices.DeleteFunc(s.namespace.adapter.roomsOf(s.ID), func(r string) bool { return r == s.ID })
}

// LoseRooms takes the socket's id out of every room, the one named by the id included, as the
// reference server does to a connection that was taken up over a half-open link when the old one
// times out. With recovery on the socket is deaf from then on.
func (s *Socket) LoseRooms() { s.namespace.adapter.loseRooms(s.ID) }

// Disconnect tells the client that it has left the namespace. The session goes on.
func (s *Socket) Disconnect() {
	s.client.session.Send(appendPacket(engineio.Disconnect, s.namespace.name, nil))
	s.leave(ServerLeft)
}

func (s *Socket) leave(reason Reason) {
	if s.client.remove(s) {
		s.ended(reason)
	}
}

// ended clears up after the socket, once.
func (s *Socket) ended(reason Reason) {
	if !s.left.CompareAndSwap(false, true) || !s.joined.Load() {
		return
	}
	if s.namespace.recovery > 0 && reason != ClientLeft && reason != ServerLeft && reason != ParseError {
		s.namespace.adapter.keep(s)
	}
	s.namespace.adapter.remove(s)
	if s.namespace.handler.Disconnect != nil {
		s.namespace.handler.Disconnect(s, reason)
	}
}

// send queues the frames of one packet without others between them.
func (s *Socket) send(frames []frame) { s.client.session.enqueue(frames...) }

// eventData is the JSON of an event: ["name",args…].
func eventData(name string, args [][]byte) []byte {
	size := len(name) + 4
	for _, a := range args {
		size += len(a) + 1
	}
	data := append(make([]byte, 0, size), '[')
	data = strconv.AppendQuote(data, name)
	for _, a := range args {
		data = append(append(data, ','), a...)
	}
	return append(data, ']')
}

func encodeEvent(namespace string, data []byte, buffers [][]byte) []frame {
	p := engineio.SocketPacket{
		Type:        engineio.Event,
		Namespace:   namespace,
		Data:        data,
		Buffers:     buffers,
		Attachments: len(buffers),
	}
	if len(buffers) > 0 {
		p.Type = engineio.BinaryEvent
	}
	return packetFrames(p)
}

func packetFrames(p engineio.SocketPacket) []frame {
	frames := make([]frame, 0, 1+len(p.Buffers))
	head := make([]byte, 0, len(p.Data)+len(p.Namespace)+24)
	frames = append(frames, frame{data: engineio.AppendSocket(append(head, '4'), p)})
	for _, b := range p.Buffers {
		frames = append(frames, frame{data: b, binary: true})
	}
	return frames
}
