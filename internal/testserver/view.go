package testserver

import (
	"encoding/json"
	"slices"
	"time"
)

// A ConnView is what the server knows of one connection.
type ConnView struct {
	SocketID  string
	Transport string // "polling" or "websocket"
	Recovered bool
	Since     time.Time
	Received  int64    // bytes of packets from the client
	Sent      int64    // bytes of packets to it
	Channels  []string // in the order in which they were subscribed
}

// A ChannelView is what the server knows of one channel.
type ChannelView struct {
	Name        string
	Subscribers []string // socket ids, in the order of their CONNECT
	Confirmed   int      // how many of them have been told
	Members     []MemberView
}

// A MemberView is one member of a presence channel.
type MemberView struct {
	UserID string
	Info   json.RawMessage
	Joined bool     // by Join, at least
	By     []string // socket ids of the connections that it is there by
}

// View returns the connections and the channels as they are at one moment, in the order in which
// they began. Of each at most limit are returned, and all are counted.
func (s *Server) View(limit int) (conns []ConnView, channels []ChannelView, stats Stats) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns[:min(limit, len(s.conns))] {
		session := c.socket.Session()
		received, sent := session.Traffic()
		conns = append(conns, ConnView{
			SocketID: c.id, Transport: session.Transport(), Recovered: c.recovered, Since: c.since,
			Received: received, Sent: sent, Channels: c.channels.keys(),
		})
	}
	for _, name := range s.channels.keys() {
		if len(channels) == limit {
			break
		}
		channels = append(channels, s.viewChannel(name))
	}
	return conns, channels, s.statsLocked()
}

// ViewChannel returns one channel; one that nobody is on is empty.
func (s *Server) ViewChannel(name string) ChannelView {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.viewChannel(name)
}

// viewChannel is ViewChannel with s.mu held.
func (s *Server) viewChannel(name string) ChannelView {
	v := ChannelView{Name: name}
	ch, ok := s.channels.get(name)
	if !ok {
		return v
	}
	v.Subscribers, v.Confirmed = s.idsOf(ch.subscribers), len(ch.confirmed)
	for _, key := range ch.order {
		p := ch.members[key]
		_, joined := p.by[nil]
		v.Members = append(v.Members, MemberView{UserID: key, Info: slices.Clone(p.member.info), Joined: joined, By: s.idsOf(p.by)})
	}
	return v
}

// idsOf lists the socket ids of a set of connections in the order of their CONNECT. s.mu is held.
func (s *Server) idsOf(set map[*Conn]struct{}) (ids []string) {
	for c := range set {
		if c != nil {
			ids = append(ids, c.id)
		}
	}
	if len(ids) > 1 {
		place := make(map[string]int, len(s.conns))
		for i, c := range s.conns {
			place[c.id] = i
		}
		slices.SortFunc(ids, func(a, b string) int { return place[a] - place[b] })
	}
	return ids
}
