package rtxtest

import (
	"encoding/json"

	"github.com/realtimex/realtimex-go/internal/testserver"
)

// A ClientEvent is an event that a client sent to a channel, as by Trigger of package rtx.
type ClientEvent struct {
	SocketID string // of the client's connection
	Channel  string
	Event    string          // the event's name
	Data     json.RawMessage // as the client sent it; nil if there was none

	// Relayed is true if the server passed the event on to the channel's other subscribers. It does
	// so if the channel is a private or presence channel, the sender is subscribed to it, and the
	// name begins with "client-".
	Relayed bool
}

// ClientEvents returns the events that clients have sent to a channel so far, oldest first. The
// server remembers at least the last 65,536 things that clients sent, or less if their data is over
// 32 MiB.
func (s *Server) ClientEvents(channel string) []ClientEvent {
	return clientEvents(s.inner.ReceivedOn(testserver.KindClientEvent, channel))
}

// WaitClientEvents waits until clients have sent at least n events to the channel, and returns all
// of them, oldest first. Events that were sent before the call count. It fails the test after the
// time of [WithWait].
func (s *Server) WaitClientEvents(channel string, n int) []ClientEvent {
	s.tb.Helper()
	return clientEvents(s.inner.WaitReceivedOn(testserver.KindClientEvent, channel, n))
}

func clientEvents(received []testserver.Received) (events []ClientEvent) {
	for _, r := range received {
		events = append(events, ClientEvent{r.SocketID, r.Channel, r.Event, r.Data, r.Relayed})
	}
	return events
}
