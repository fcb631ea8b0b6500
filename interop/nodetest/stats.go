package nodetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Stats is what the server has seen since it started.
type Stats struct {
	Version           int                     `json:"version"`            // rises with every change
	Connections       int                     `json:"connections"`        // accepted and live, in the default namespace
	EngineConnections int                     `json:"engine_connections"` // Engine.IO sessions, those before CONNECT included
	TotalConnections  int                     `json:"total_connections"`  // ever accepted
	Refused           int                     `json:"refused"`            // turned away for their key
	Channels          map[string]ChannelStats `json:"channels"`
	Sockets           []Connection            `json:"sockets"` // live and ended, in the order of their CONNECT
	ClientEvents      []ClientEvent           `json:"client_events"`
	ClientEventTotal  int                     `json:"client_event_total"`
}

// ChannelStats counts over all connections, the ended ones included in Subscribes.
type ChannelStats struct {
	Subscribers int `json:"subscribers"` // now
	Subscribes  int `json:"subscribes"`  // requests, refused ones included
}

// Connection is one accepted connection. Two may share a socket id: one that recovered, and the one
// that it recovered.
type Connection struct {
	SocketID     string          `json:"socket_id"`
	Connected    bool            `json:"connected"`
	Recovered    bool            `json:"recovered"`
	Transport    string          `json:"transport"`       // "websocket" or "polling"
	ConnectedAt  int64           `json:"connected_at"`    // Unix milliseconds
	EndedAt      int64           `json:"disconnected_at"` // Unix milliseconds; 0 while connected
	Reason       string          `json:"reason"`          // socket.io's, once ended
	Payload      json.RawMessage `json:"payload"`         // of CONNECT, without pid and offset
	Pings        int             `json:"pings"`           // realtimex:ping events
	Subscribes   map[string]int  `json:"subscribes"`      // requests by channel, refused ones included
	Unsubscribes map[string]int  `json:"unsubscribes"`
	Subscribed   []string        `json:"subscribed"` // now
	Auths        []Auth          `json:"auths"`      // each signature seen, in order
}

// Auth tells what became of a signature, not the signature.
type Auth struct {
	Channel string `json:"channel"`
	Given   bool   `json:"given"`
	Valid   bool   `json:"valid"`
	Stale   bool   `json:"stale"` // made for another socket id that this server has given
}

// ClientEvent is what a client sent to a channel, relayed or not.
type ClientEvent struct {
	SocketID string          `json:"socket_id"`
	Channel  string          `json:"channel"`
	Event    string          `json:"event"`
	Data     json.RawMessage `json:"data"`
	Relayed  bool            `json:"relayed"`
}

// Live gives the connections that are open.
func (s Stats) Live() []Connection {
	var live []Connection
	for _, c := range s.Sockets {
		if c.Connected {
			live = append(live, c)
		}
	}
	return live
}

// SubscribedOnce is an error unless there is exactly one live connection, and on it each of the
// channels is subscribed, was asked for exactly once, and nothing else is subscribed.
func (s Stats) SubscribedOnce(channels ...string) error {
	live := s.Live()
	if len(live) != 1 || s.EngineConnections != 1 {
		return fmt.Errorf("%d live connections on %d links, want one", len(live), s.EngineConnections)
	}
	c := live[0]
	subscribed := make(map[string]bool, len(c.Subscribed))
	for _, channel := range c.Subscribed {
		subscribed[channel] = true
	}
	var errs []error
	for _, channel := range channels {
		if !subscribed[channel] {
			errs = append(errs, fmt.Errorf("%s is not subscribed", channel))
		} else if n := c.Subscribes[channel]; n != 1 {
			errs = append(errs, fmt.Errorf("%s was asked for %d times", channel, n))
		}
	}
	if len(errs) == 0 && len(subscribed) != len(channels) {
		errs = append(errs, fmt.Errorf("%d channels subscribed, want %d", len(subscribed), len(channels)))
	}
	return errors.Join(errs...)
}

// Stats asks the server what it has seen.
func (s *Server) Stats() Stats {
	s.t.Helper()
	var out Stats
	s.request(http.MethodGet, "/control/stats", nil, &out)
	return out
}

// WaitFor returns the first stats for which done holds, and fails the test with what when that
// takes too long. The server answers when something has changed: nothing is polled by the clock.
func (s *Server) WaitFor(what string, done func(Stats) bool) Stats {
	s.t.Helper()
	deadline := time.Now().Add(startTimeout)
	for stats := s.Stats(); ; {
		if done(stats) {
			return stats
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("waited in vain for: %s; the server says %s", what, stats.brief())
		}
		var next Stats
		s.request(http.MethodGet, fmt.Sprintf("/control/stats?after=%d", stats.Version), nil, &next)
		stats = next
	}
}

func (s Stats) brief() string {
	return fmt.Sprintf("%d of %d connections live on %d links, %d refused, %d channels, %d client events",
		s.Connections, s.TotalConnections, s.EngineConnections, s.Refused, len(s.Channels), s.ClientEventTotal)
}

// WaitSubscribed waits until n connections are subscribed to the channel.
func (s *Server) WaitSubscribed(channel string, n int) Stats {
	s.t.Helper()
	return s.WaitFor(fmt.Sprintf("%d subscribers of %s", n, channel), func(st Stats) bool {
		return st.Channels[channel].Subscribers == n
	})
}

// WaitConnections waits until n connections are live.
func (s *Server) WaitConnections(n int) Stats {
	s.t.Helper()
	return s.WaitFor(fmt.Sprintf("%d live connections", n), func(st Stats) bool { return st.Connections == n })
}
