package testserver

import (
	"bytes"
	"encoding/json"
)

// What follows makes a service that no real one is known to be. It is for the doubts of those who
// write a client: what it does with answers of any size, and with those that are too large to be
// borne.

// ForgeRoster puts the fields of a JSON object, such as {"members":[…]} or
// {"presence":{"ids":[…],"hash":{…},"count":3}}, into every confirmation of the channel from now on
// in place of its roster: of any size and depth, and as wrong as it is. Nil ends that. What is no
// object fails the test. A roster goes out once for each of its names (WithPresenceNames), and
// counts for WithQueueLimit each time.
func (s *Server) ForgeRoster(channel string, roster json.RawMessage) {
	s.tb.Helper()
	trimmed := bytes.TrimSpace(roster)
	if roster != nil && (len(trimmed) < 2 || trimmed[0] != '{' || trimmed[len(trimmed)-1] != '}') {
		s.tb.Errorf("rtxtest: ForgeRoster: want a JSON object")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if roster == nil {
		delete(s.faults.rosters, channel)
		return
	}
	if s.faults.rosters == nil {
		s.faults.rosters = make(map[string]splice)
	}
	s.faults.rosters[channel] = splice(bytes.Clone(trimmed[1 : len(trimmed)-1]))
}

// PadOffsets makes every offset n bytes longer from now on, on a server WithRecovery: the client's
// next CONNECT grows by as much. Both are taken back whole, within WithMaxPayload. 0 ends that.
func (s *Server) PadOffsets(n int) { s.root.PadOffsets(n) }
