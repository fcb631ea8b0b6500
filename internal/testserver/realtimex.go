package testserver

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/realtimex/realtimex-go/internal/engineio"
	"github.com/realtimex/realtimex-go/internal/sioserver"
)

// The names of the service's own events.
const (
	eventEstablished = "realtimex:connection_established"
	eventSubscribe   = "realtimex:subscribe"
	eventUnsubscribe = "realtimex:unsubscribe"
	eventPing        = "realtimex:ping"
	eventPong        = "realtimex:pong"
	eventServer      = "server-event"
	eventClient      = "client-event"
	eventSucceeded   = "realtimex_internal:subscription_succeeded"
	eventError       = "realtimex_internal:subscription_error"
)

// The codes of refusals.
const (
	codeBadKey     = 4001
	codeBadName    = 4000
	codeNotAllowed = 4003
)

const maxChannelName = 200

// room keeps channels apart from the rooms that are named by socket ids.
func room(channel string) string { return "channel:" + channel }

func isPresence(channel string) bool { return strings.HasPrefix(channel, "presence-") }

func isGuarded(channel string) bool {
	return strings.HasPrefix(channel, "private-") || isPresence(channel)
}

// keyCheck is the Value of a session: whether its request had the right API key.
type keyCheck bool

func (s *Server) admitRequest(r *http.Request) (sioserver.Admission, *sioserver.HTTPError) {
	right := r.URL.Query().Get("api_key") == s.cfg.key
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Handshakes++
	defer s.touch()
	switch {
	case s.faults.refuse > 0:
		s.faults.refuse--
		refusal := s.faults.refusal
		s.observe(Activity{Kind: ActivityRefused, Reason: "handshake refused", Code: refusal.Status})
		return sioserver.Admission{}, &refusal
	case !right && s.cfg.badKey == RefuseHTTP:
		s.stats.RefusedKeys++
		s.observe(Activity{Kind: ActivityRefused, Reason: "Invalid API key", Code: codeBadKey})
		return sioserver.Admission{}, &sioserver.HTTPError{
			Status:  http.StatusUnauthorized,
			Code:    codeBadKey,
			Message: "Invalid API key",
		}
	}
	return sioserver.Admission{Value: keyCheck(right), Silent: s.faults.takeHang(StepOpen)}, nil
}

func (s *Server) admitSocket(socket *sioserver.Socket) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.touch()
	if right := socket.Session().Value.(keyCheck); !bool(right) && s.cfg.badKey == RefuseConnect {
		s.stats.RefusedKeys++
		s.observe(Activity{Kind: ActivityRefused, Reason: "Invalid API key", Code: codeBadKey})
		return &sioserver.Refusal{Message: "Invalid API key", Data: json.RawMessage(`{"code":4001}`)}
	}
	if s.faults.noConnect > 0 {
		s.faults.noConnect--
		d := s.faults.connection
		s.observe(Activity{Kind: ActivityRefused, Reason: d.text, Code: d.code})
		refusal := &sioserver.Refusal{Message: d.text}
		if d.code != 0 {
			refusal.Data = object(field{"code", d.code})
		}
		return refusal
	}
	if s.faults.takeHang(StepConnect) {
		return sioserver.ErrHold
	}
	return nil
}

func (s *Server) connected(socket *sioserver.Socket) {
	if right := socket.Session().Value.(keyCheck); !right {
		s.mu.Lock()
		s.stats.RefusedKeys++
		s.touch()
		s.mu.Unlock()
		socket.Disconnect()
		socket.Session().Close()
		return
	}
	c := &Conn{server: s, socket: socket, id: socket.ID, recovered: socket.Recovered, since: time.Now()}
	s.mu.Lock()
	defer s.mu.Unlock()
	if socket.Gone() {
		return
	}
	c.channels, c.members = new(ordered[struct{}]), new(ordered[member])
	s.conns = append(s.conns, c)
	s.bySocket[socket] = c
	s.stats.Connects++
	s.observe(Activity{Kind: ActivityConnected, SocketID: c.id, Recovered: c.recovered, Transport: socket.Session().Transport()})
	if socket.Recovered {
		s.stats.Recoveries++
		s.restore(c)
	}
	socket.SetData(c.members)
	s.touch()
	s.log().Info("connected", "socket_id", c.id, "transport", socket.Session().Transport(), "recovered", c.recovered)
	if s.cfg.noEstablished {
		return
	}
	hello := payload{"socket_id": c.id}.encode()
	if s.cfg.established == 0 {
		socket.Emit(eventEstablished, hello)
		return
	}
	c.greeting = time.AfterFunc(s.cfg.established, func() { socket.Emit(eventEstablished, hello) })
}

// restore gives a recovered connection its channels, which the server has kept, and its
// memberships, which ended with the old link. s.mu is held.
func (s *Server) restore(c *Conn) {
	for _, r := range c.socket.Rooms() {
		if name, ok := strings.CutPrefix(r, room("")); ok {
			s.enter(c, name)
		}
	}
	old, ok := c.socket.Data().(*ordered[member])
	if !ok {
		return
	}
	for _, name := range old.keys() {
		if c.channels.has(name) {
			m, _ := old.get(name)
			c.members.set(name, m)
			s.arrive(c, name, m)
		}
	}
}

func (s *Server) disconnected(socket *sioserver.Socket, reason sioserver.Reason) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.bySocket[socket]
	if c == nil {
		return
	}
	delete(s.bySocket, socket)
	i := slices.Index(s.conns, c)
	s.conns = slices.Delete(s.conns, i, i+1)
	c.gone = true
	if c.greeting != nil {
		c.greeting.Stop()
	}
	s.stats.Disconnects++
	s.observe(Activity{Kind: ActivityDisconnected, SocketID: c.id, Reason: string(reason)})
	// What recovery keeps is the memberships as they were; this connection's own copy ends now.
	members := c.members
	c.members = new(ordered[member])
	for _, name := range c.channels.keys() {
		s.depart(c, name, members)
	}
	s.touch()
	s.log().Info("disconnected", "socket_id", c.id, "reason", string(reason))
}

// event handles what a client sent.
func (s *Server) event(socket *sioserver.Socket, e sioserver.Event) {
	var name string
	if json.Unmarshal(e.Name, &name) != nil {
		return
	}
	arg, _ := engineio.NextArg(e.Args)
	var p request
	// What is not of this shape is an empty request, as it would be to a JavaScript server.
	json.Unmarshal(arg, &p)
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.bySocket[socket]
	if c == nil {
		return
	}
	r := Received{SocketID: c.id, Event: name, Channel: p.channel(), At: time.Now()}
	switch name {
	case eventSubscribe:
		r.Kind = KindSubscribe
		s.subscribe(c, p, &r)
	case eventUnsubscribe:
		r.Kind = KindUnsubscribe
		s.unsubscribe(c, p.channel())
	case eventClient:
		r.Kind = KindClientEvent
		r.Event, r.Data = p.Event, slices.Clone(p.Data)
		r.Relayed = s.relay(c, p, e.Buffers)
	case eventPing:
		r.Kind = KindPing
		if !s.cfg.noPong && !s.faults.noPong {
			socket.Emit(eventPong, []byte("{}"))
		}
	default:
		r.Kind = KindOther
		r.Data = slices.Concat([]byte{'['}, e.Args, []byte{']'})
	}
	s.record(r)
	s.touch()
}

// relay passes a client event on to the others on its channel. s.mu is held.
func (s *Server) relay(c *Conn, p request, buffers [][]byte) bool {
	channel := p.channel()
	if !isGuarded(channel) || !strings.HasPrefix(p.Event, "client-") || !c.channels.has(channel) {
		s.observeEvent(ActivityTriggered, c.id, channel, p.Event, p.Data, false, outcome{})
		return false
	}
	s.stats.ClientEvents++
	out := s.send(channel, p.Event, p.Data, buffers, c.id)
	s.observeEvent(ActivityTriggered, c.id, channel, p.Event, p.Data, true, out)
	return true
}

// outcome is what became of an event that was to be sent.
type outcome struct {
	id         string
	recipients int
	frame      []byte
	lost       bool
}

// observeEvent tells the observer of an event on a channel. s.mu is held.
func (s *Server) observeEvent(kind ActivityKind, socketID, channel, event string, data json.RawMessage, relayed bool, out outcome) {
	s.observe(Activity{
		Kind: kind, SocketID: socketID, Channel: channel, Event: event, ID: out.id, Data: data, Frame: out.frame,
		Recipients: out.recipients, Relayed: relayed, Lost: out.lost,
	})
}

// send queues an event for a channel's subscribers, and returns what became of it. s.mu is held.
func (s *Server) send(channel, event string, data json.RawMessage, buffers [][]byte, except ...string) (out outcome) {
	if s.faults.lose > 0 {
		s.faults.lose--
		s.stats.Lost++
		return outcome{lost: true}
	}
	out.id, out.recipients, out.frame = s.root.Broadcast(room(channel), eventServer, [][]byte{serverEvent(channel, event, data)}, buffers, except...)
	return out
}

// serverEvent is the payload of a server-event: {"channel":…,"event":…,"data":…}. A client event
// may come without data.
func serverEvent(channel, event string, data json.RawMessage) []byte {
	if data == nil {
		return object(field{"channel", channel}, field{"event", event})
	}
	return object(field{"channel", channel}, field{"event", event}, field{"data", data})
}
