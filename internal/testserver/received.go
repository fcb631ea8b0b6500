package testserver

import (
	"encoding/json"
	"log/slog"
	"slices"
	"time"
)

// Kind is what a client asked for.
type Kind int

// The kinds of what clients send.
const (
	KindSubscribe Kind = iota + 1
	KindUnsubscribe
	KindClientEvent
	KindPing  // realtimex:ping
	KindOther // any other event
)

func (k Kind) String() string {
	names := [...]string{"", "subscribe", "unsubscribe", "client event", "ping", "other"}
	if k < 1 || int(k) >= len(names) {
		return "unknown"
	}
	return names[k]
}

// LogValue is String for slog.
func (k Kind) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalText is String for encoding/json and others.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// Received is one event that a client sent. Signatures are not kept, only what became of them.
type Received struct {
	Kind        Kind
	SocketID    string
	Channel     string
	Event       string          // of a client event, the client's; else the Socket.IO event
	Data        json.RawMessage // a client event's data; of KindOther, all arguments
	HasAuth     bool            // of KindSubscribe: it had a signature
	ValidAuth   bool            // the signature was right
	ChannelData string          // of KindSubscribe on a presence channel
	Refused     string          // why a subscription was refused; "" if it was not
	Relayed     bool            // of a client event: the server passed it on
	At          time.Time
}

// What a server remembers of what clients sent is bounded by count and by bytes of data; the older
// half goes first.
const (
	maxReceived      = 1 << 17
	maxReceivedBytes = 64 << 20
)

// Received returns what clients have sent, oldest first. The server remembers the last 65,536 at
// least, or less if that is more than 32 MiB of data.
func (s *Server) Received() []Received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.received)
}

// ReceivedOn returns what clients have sent of one kind on one channel, oldest first.
func (s *Server) ReceivedOn(kind Kind, channel string) []Received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.receivedOnLocked(kind, channel)
}

// receivedOnLocked is ReceivedOn with s.mu held.
func (s *Server) receivedOnLocked(kind Kind, channel string) (found []Received) {
	for _, r := range s.received {
		if r.Kind == kind && r.Channel == channel {
			found = append(found, r)
		}
	}
	return found
}

// record remembers r. s.mu is held.
func (s *Server) record(r Received) {
	size := len(r.Data) + len(r.ChannelData)
	for len(s.received) > 0 && (len(s.received) >= maxReceived || s.receivedBytes+size > maxReceivedBytes) {
		half := (len(s.received) + 1) / 2
		for _, old := range s.received[:half] {
			s.receivedBytes -= len(old.Data) + len(old.ChannelData)
		}
		s.received = slices.Delete(s.received, 0, half)
	}
	s.received = append(s.received, r)
	s.receivedBytes += size
	s.stats.Received++
}

// Stats counts what has happened since the server started. Restarts don't reset it.
type Stats struct {
	Connections     int `json:"connections"` // up now
	Channels        int `json:"channels"`    // with a subscriber or a member now
	Handshakes      int `json:"handshakes"`  // requests for a session, refused ones included
	Connects        int `json:"connects"`    // CONNECTs that succeeded
	Recoveries      int `json:"recoveries"`  // of these, recovered
	Disconnects     int `json:"disconnects"`
	RefusedKeys     int `json:"refused_keys"`
	Subscriptions   int `json:"subscriptions"`
	Refused         int `json:"refused_subscriptions"`
	Unsubscriptions int `json:"unsubscriptions"`
	Published       int `json:"published"`
	Delivered       int `json:"delivered"`     // what was published, times the connections that it went to
	ClientEvents    int `json:"client_events"` // relayed
	Received        int `json:"received"`      // events from clients
	Lost            int `json:"lost"`          // by LoseNext
}

// Stats returns the counts.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.statsLocked()
}

func (s *Server) statsLocked() Stats {
	st := s.stats
	st.Connections, st.Channels = len(s.conns), s.channels.len()
	return st
}
