package testserver

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/realtimex/realtimex-go/rtx/auth"
)

// channel is one channel that somebody is on: its subscribers and, on presence channels, its
// members.
type channel struct {
	subscribers map[*Conn]struct{}
	confirmed   map[*Conn]struct{}
	members     map[string]*present
	order       []string // keys of members, oldest first
}

// present is a member with the connections that it is there by; the nil connection stands for
// Server.Join.
type present struct {
	member member
	by     map[*Conn]struct{}
}

// member is a member as the wire has it.
type member struct {
	key    string // the user id as text
	number bool   // it is written as a number
	info   json.RawMessage
}

// id is the user id as the wire has it.
func (m member) id() json.RawMessage {
	if m.number {
		return json.RawMessage(m.key)
	}
	return encode(m.key)
}

// parseMember reads channel data: {"user_id","user_info"}, or user data of any shape with a user_id
// among it. It returns the fault if it is neither.
func parseMember(channelData string, numeric bool) (member, string) {
	if !json.Valid([]byte(channelData)) {
		return member{}, "channel_data is not JSON"
	}
	var fields map[string]json.RawMessage
	json.Unmarshal([]byte(channelData), &fields) // other JSON than an object has no user_id
	key, ok := userID(fields["user_id"])
	if !ok {
		return member{}, "channel_data has no user_id"
	}
	info, ok := fields["user_info"]
	if !ok {
		delete(fields, "user_id")
		info = encode(fields)
	}
	if string(info) == "null" {
		info = json.RawMessage("{}")
	}
	return member{key: key, number: numeric && isNumber(key), info: info}, ""
}

// userID reads a user id, which may be a string or a number.
func userID(raw json.RawMessage) (string, bool) {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return "", false
	}
	switch v := v.(type) {
	case string:
		return v, v != ""
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	}
	return "", false
}

func isNumber(s string) bool {
	_, err := strconv.ParseUint(s, 10, 50)
	return err == nil
}

// Join makes a member join a presence channel without a client, as if a connection of somebody
// else's had subscribed. A member that is there already stays as it is. On any other channel, or
// without an ID, it fails the test.
func (s *Server) Join(channel string, m auth.Member) {
	s.tb.Helper()
	if !isPresence(channel) || m.ID == "" {
		s.tb.Errorf("rtxtest: Join: want a presence channel and a member with an ID")
		return
	}
	info, err := marshal(m.Info)
	if err != nil {
		s.tb.Errorf("rtxtest: Join: %v", err)
		return
	}
	if m.Info == nil {
		info = []byte("{}")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.arrive(nil, channel, member{key: m.ID, number: s.cfg.numericIDs && isNumber(m.ID), info: info})
	s.touch()
}

// Leave makes a member that joined by Join leave. Connections of the same user keep it there.
func (s *Server) Leave(channel, userID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.goAway(nil, channel, userID)
	s.touch()
}

// Members returns the user ids that are on a presence channel, in the order of their joining.
func (s *Server) Members(channel string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ch, ok := s.channels.get(channel); ok {
		return slices.Clone(ch.order)
	}
	return nil
}

func (s *Server) channel(name string) *channel {
	ch, ok := s.channels.get(name)
	if !ok {
		ch = &channel{
			subscribers: make(map[*Conn]struct{}, 1),
			confirmed:   make(map[*Conn]struct{}, 1),
			members:     make(map[string]*present),
		}
		s.channels.set(name, ch)
	}
	return ch
}

// enter notes a subscription. s.mu is held.
func (s *Server) enter(c *Conn, name string) {
	c.channels.set(name, struct{}{})
	s.channel(name).subscribers[c] = struct{}{}
}

// depart notes the end of a subscription, and of the membership that came with it. s.mu is held.
func (s *Server) depart(c *Conn, name string, members *ordered[member]) {
	c.channels.delete(name)
	if ch, ok := s.channels.get(name); ok {
		delete(ch.subscribers, c)
		delete(ch.confirmed, c)
	}
	if m, ok := members.get(name); ok {
		s.goAway(c, name, m.key)
		c.members.delete(name)
	}
	s.sweep(name)
}

// sweep forgets a channel that nobody is on. s.mu is held.
func (s *Server) sweep(name string) {
	if ch, ok := s.channels.get(name); ok && len(ch.subscribers) == 0 && len(ch.members) == 0 {
		s.channels.delete(name)
	}
}

// arrive makes m present by c, and tells the others if it was not. s.mu is held.
func (s *Server) arrive(c *Conn, name string, m member) {
	ch := s.channel(name)
	if p := ch.members[m.key]; p != nil {
		p.by[c] = struct{}{}
		return
	}
	ch.members[m.key] = &present{member: m, by: map[*Conn]struct{}{c: {}}}
	ch.order = append(ch.order, m.key)
	s.observeMember(ActivityMemberAdded, c, name, m)
	s.announce(c, name, "member_added", m)
}

// goAway takes c from what keeps the member present, and tells the others if nothing is left. s.mu
// is held.
func (s *Server) goAway(c *Conn, name, key string) {
	ch, ok := s.channels.get(name)
	if !ok {
		return
	}
	p := ch.members[key]
	if p == nil {
		return
	}
	if _, by := p.by[c]; !by {
		return
	}
	delete(p.by, c)
	if len(p.by) > 0 {
		return
	}
	delete(ch.members, key)
	ch.order = slices.DeleteFunc(ch.order, func(k string) bool { return k == key })
	s.observeMember(ActivityMemberRemoved, c, name, p.member)
	s.announce(c, name, "member_removed", p.member)
	s.sweep(name)
}

// observeMember tells the observer of a member. s.mu is held.
func (s *Server) observeMember(kind ActivityKind, c *Conn, channel string, m member) {
	a := Activity{Kind: kind, Channel: channel, UserID: m.key, Data: m.info}
	if c != nil {
		a.SocketID = c.id
	}
	s.observe(a)
}

// announce tells a channel about a member, all but the member's own connection. s.mu is held.
func (s *Server) announce(c *Conn, name, kind string, m member) {
	var except []string
	if c != nil {
		except = []string{c.id}
	}
	tell := func() {
		for _, e := range s.presenceEvents(name, kind, s.memberFields(m)) {
			s.root.Broadcast(room(name), e.name, [][]byte{e.payload}, nil, except...)
		}
	}
	s.faults.presence(tell)
}

type emission struct {
	name    string
	payload []byte
}

// presenceEvents is one fact as the events that tell it, by the switches for names and delivery.
func (s *Server) presenceEvents(channel, kind string, fields []field) []emission {
	var names []string
	if s.cfg.names != PublicNames {
		names = append(names, "realtimex_internal:"+kind)
	}
	if s.cfg.names != InternalNames {
		names = append(names, "presence:"+kind)
	}
	var events []emission
	for _, name := range names {
		if s.cfg.delivery != PresenceWrapped {
			events = append(events, emission{name, object(append([]field{{"channel", channel}}, fields...)...)})
		}
		if s.cfg.delivery != PresenceTopLevel {
			events = append(events, emission{eventServer, serverEvent(channel, name, object(fields...))})
		}
	}
	return events
}

// confirmPresence tells a client that it is on a presence channel, and who else is. s.mu is held.
func (s *Server) confirmPresence(c *Conn, name string) {
	roster := s.rosterFields(name)
	switch s.cfg.confirmation {
	case ConfirmWithMembers:
		c.socket.Emit(eventSucceeded, object(append([]field{{"channel", name}}, roster...)...))
	case ConfirmBare:
		c.socket.Emit(eventSucceeded, object(field{"channel", name}))
	}
	for _, e := range s.presenceEvents(name, "subscription_succeeded", roster) {
		if e.name == eventSucceeded && s.cfg.confirmation == ConfirmWithMembers {
			continue // it has just been sent
		}
		c.socket.Emit(e.name, e.payload)
	}
}

// memberFields is a member in the configured shape.
func (s *Server) memberFields(m member) []field {
	if s.cfg.shape != ShapeFlat {
		return []field{{"user_id", m.id()}, {"user_info", m.info}}
	}
	var info map[string]json.RawMessage
	if json.Unmarshal(m.info, &info) != nil || info == nil {
		return []field{{"user_id", m.id()}, {"user_info", m.info}}
	}
	fields := []field{{"user_id", m.id()}}
	keys := make([]string, 0, len(info))
	for k := range info {
		if k != "user_id" {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	for _, k := range keys {
		fields = append(fields, field{k, info[k]})
	}
	return fields
}

// rosterFields is who is on a channel, in the configured shape.
func (s *Server) rosterFields(name string) []field {
	if forged, ok := s.faults.rosters[name]; ok {
		if len(forged) == 0 {
			return nil
		}
		return []field{{value: forged}}
	}
	ch := s.channel(name)
	switch s.cfg.shape {
	case ShapeHash:
		return []field{{"presence", hash(ch)}}
	case ShapeInitialState:
		return []field{{"initial_state", json.RawMessage(object(field{"presence", hash(ch)}))}}
	}
	list := []byte{'['}
	for i, key := range ch.order {
		if i > 0 {
			list = append(list, ',')
		}
		list = append(list, object(s.memberFields(ch.members[key].member)...)...)
	}
	return []field{{"initial_state", payload{}}, {"members", json.RawMessage(append(list, ']'))}}
}

// hash is a roster as Pusher has it: {"ids":[…],"hash":{id:info},"count":n}.
func hash(ch *channel) json.RawMessage {
	ids := make([]json.RawMessage, len(ch.order))
	infos := make([]field, len(ch.order))
	for i, key := range ch.order {
		m := ch.members[key].member
		ids[i] = m.id()
		infos[i] = field{key, m.info}
	}
	return object(
		field{"ids", ids},
		field{"hash", json.RawMessage(object(infos...))},
		field{"count", json.RawMessage(fmt.Append(nil, len(ids)))},
	)
}
