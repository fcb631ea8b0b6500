package testserver

import (
	"encoding/json"
	"time"
)

// ActivityKind is what happened on a server.
type ActivityKind string

// The kinds of what happens on a server.
const (
	ActivityConnected        ActivityKind = "connected"
	ActivityDisconnected     ActivityKind = "disconnected"
	ActivityRefused          ActivityKind = "refused" // a handshake or a CONNECT
	ActivitySubscribed       ActivityKind = "subscribed"
	ActivityUnsubscribed     ActivityKind = "unsubscribed"
	ActivityDenied           ActivityKind = "denied" // a subscription
	ActivityPublished        ActivityKind = "published"
	ActivityTriggered        ActivityKind = "triggered" // a client event
	ActivityMemberAdded      ActivityKind = "member_added"
	ActivityMemberRemoved    ActivityKind = "member_removed"
	ActivityAuthorized       ActivityKind = "authorized"        // the auth backend signed
	ActivityAuthorizeRefused ActivityKind = "authorize_refused" // the auth backend did not
)

// An Activity is one thing that happened on a server. Which fields are set depends on the kind.
type Activity struct {
	Kind     ActivityKind
	At       time.Time
	SocketID string // of the client that caused it; "" if none did
	Channel  string
	Event    string          // the event's name
	ID       string          // the event's id; "" without recovery
	Data     json.RawMessage // the event's data; nil if there was none
	Frame    []byte          // the event as the text frame that goes out; nil if none did
	UserID   string          // of a member

	Recipients int    // how many connections an event went to
	Relayed    bool   // a client event was passed on
	Lost       bool   // LoseNext took the event
	Recovered  bool   // the connection took up a lost one
	Transport  string // of a connection: "polling" or "websocket"
	Reason     string // of an end or a refusal
	Code       int    // of a refusal: the service's code, or the HTTP status of the auth backend
}

// WithObserver calls f for each thing that happens, in order. f is called with the server's locks
// held: it must not block, and must not call the server. It must not change what the Activity has.
// Default: none.
func WithObserver(f func(Activity)) Option {
	return func(c *config) error {
		if f == nil {
			return bad("WithObserver", "nil")
		}
		c.observer = f
		return nil
	}
}

// observe tells the observer, if there is one.
func (s *Server) observe(a Activity) {
	if s.cfg.observer == nil {
		return
	}
	a.At = time.Now()
	s.cfg.observer(a)
}
