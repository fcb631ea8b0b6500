package testserver

import (
	"net/http"
	"slices"
)

// ActiveFaults is what still goes wrong because a fault asked for it. Its zero value is a server
// without faults.
type ActiveFaults struct {
	Down              bool     `json:"down"` // by Stop
	Refuse            int      `json:"refuse_next"`
	RefuseConnect     int      `json:"refuse_connect_next"`
	Hang              int      `json:"hang_next"` // at all steps together
	Lose              int      `json:"lose_next"`
	Held              bool     `json:"hold_confirmations"`
	Waiting           int      `json:"confirmations_waiting"` // that are held
	Denied            []string `json:"denied_channels"`       // sorted
	LatencyMS         int64    `json:"latency_ms"`
	BytesPerSecond    int      `json:"bytes_per_second"`
	WebSocketsBlocked bool     `json:"block_websockets"`
	HeartbeatsOff     bool     `json:"heartbeats_off"`
	AuthFail          int      `json:"auth_fail_next"`
}

// ActiveFaults returns what still goes wrong.
func (s *Server) ActiveFaults() ActiveFaults {
	s.network.mu.Lock()
	a := ActiveFaults{
		Down:           s.network.down,
		LatencyMS:      s.network.profile.Latency.Milliseconds(),
		BytesPerSecond: s.network.profile.BytesPerSecond,
	}
	s.network.mu.Unlock()
	a.WebSocketsBlocked, a.HeartbeatsOff = s.sio.Blocked(), s.sio.Quiet()
	s.auth.mu.Lock()
	a.AuthFail = max(s.auth.failNext, 0)
	s.auth.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	f := &s.faults
	a.Refuse, a.RefuseConnect, a.Lose = max(f.refuse, 0), max(f.noConnect, 0), max(f.lose, 0)
	for _, n := range f.hang {
		a.Hang += max(n, 0)
	}
	a.Held, a.Waiting = f.held, len(f.waiting)
	for channel := range f.denied {
		a.Denied = append(a.Denied, channel)
	}
	slices.Sort(a.Denied)
	return a
}

// ReleaseConfirmations ends HoldConfirmations, as the function that it returns does, and returns how
// many confirmations were held.
func (s *Server) ReleaseConfirmations() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.touch()
	return s.faults.release()
}

// ClearFaults ends every fault that goes on: denials, held confirmations, a slow link, a Stop, and
// whatever counts down. Held confirmations are sent. Connections that are half-open or gone stay so.
func (s *Server) ClearFaults() {
	s.ReleaseConfirmations()
	s.ReorderPresence(false)
	s.RefuseNextWith(0, http.StatusServiceUnavailable)
	s.SetLink(Link{})
	s.SetHeartbeats(true)
	s.BlockWebSockets(false)
	s.auth.set(func() {
		clear(s.auth.denied)
		s.auth.denyNext, s.auth.failNext, s.auth.badNext, s.auth.hangNext, s.auth.delay = 0, 0, 0, 0, 0
	})
	s.mu.Lock()
	deferred := s.faults.deferred
	s.faults = faults{}
	s.faults.deferred = deferred
	s.touch()
	s.mu.Unlock()
	s.network.setUp()
}

// ForgetReceived forgets what clients have sent and what the auth backend was asked, for a server
// that serves one test after another. The counts of Stats go on.
func (s *Server) ForgetReceived() {
	s.mu.Lock()
	s.received, s.receivedBytes = nil, 0
	s.mu.Unlock()
	s.auth.set(func() { s.auth.requests = nil })
}

// RemoveJoined removes every member that Join added and nobody else keeps there.
func (s *Server) RemoveJoined() {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.touch()
	for _, name := range s.channels.keys() {
		if ch, ok := s.channels.get(name); ok {
			for _, key := range slices.Clone(ch.order) {
				s.goAway(nil, name, key)
			}
		}
	}
}
