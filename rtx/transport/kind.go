package transport

import (
	"fmt"
	"slices"
)

// A Kind is what carries a session: a WebSocket, or HTTP long-polling. The values are the names
// that Engine.IO has for them.
type Kind string

// The kinds of transport that Engine.IO v4 has and this package speaks.
const (
	WebSocket Kind = "websocket"
	Polling   Kind = "polling"
)

// checkKinds returns what is wrong with a list of transports, or "" if nothing is.
func checkKinds(kinds []Kind) string {
	for i, k := range kinds {
		switch {
		case k != WebSocket && k != Polling:
			return fmt.Sprintf("has %.100q, which is neither %q nor %q", string(k), string(WebSocket), string(Polling))
		case slices.Contains(kinds[:i], k):
			return fmt.Sprintf("has %q twice", string(k))
		}
	}
	return ""
}
