package testserver

import (
	"encoding/json"
	"errors"
	"strings"
)

// ErrReservedName is what publishing an event gives whose name the service keeps for its own: one
// that begins with "realtimex:" or "realtimex_internal:", or a presence event such as
// "presence:member_added". A client event can't have such a name: it begins with "client-", or is
// dropped. Server.Forge sends one all the same.
var ErrReservedName = errors.New("the name is the service's own, which no publisher may use")

func isReserved(event string) bool {
	if kind, ok := strings.CutPrefix(event, "presence:"); ok {
		switch kind {
		case "subscription_succeeded", "subscription_error", "member_added", "member_removed":
			return true
		}
	}
	return strings.HasPrefix(event, "realtimex:") || strings.HasPrefix(event, "realtimex_internal:")
}

// Forge is Publish for any name, the service's own among them, as a service would that does not
// check what its publishers send: what a client makes of it is the question. Conn.Emit forges an
// event outside of any channel.
func (s *Server) Forge(channel, event string, data any) (id string) {
	s.tb.Helper()
	encoded, err := marshal(data)
	if err != nil {
		s.tb.Errorf("rtxtest: Forge: %v", err)
		return ""
	}
	id, _ = s.publish(channel, event, json.RawMessage(encoded), nil)
	return id
}
