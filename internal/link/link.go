// Package link joins rtx and rtx/presence: what a room must be told of its channel is no part of the public API.
package link

import "log/slog"

// A Tracker follows the members of one presence channel. Confirmed, Event, Down and Resumed come in the order of the wire, never
// two at once; End comes once, last, from any goroutine. None may block.
type Tracker interface {
	// Confirmed: the channel is subscribed. payload is the confirmation's, channelData what the client said of itself.
	// Both are good during the call only.
	Confirmed(payload, channelData []byte)
	// Event: an internal event of the channel other than the confirmation. payload is good during the call only.
	Event(name string, payload []byte)
	// Down: the connection was lost.
	Down()
	// Resumed: the service restored the lost session. What was missed follows as events, and then a confirmation.
	Resumed()
	// End: the channel was refused or left, or the client ended; err is nil for Drain.
	End(err error)
}

// A Watch is one room's hold on a channel.
type Watch struct {
	Tracker   Tracker                        // the channel's, shared by its rooms; told of the subscription's outcome
	Release   func()                         // gives the hold up; idempotent
	Unmarshal func(data []byte, v any) error // the client's decoder
	Log       *slog.Logger
}

// Open opens a watch on channel, a *rtx.Channel, whose tracker is made by make if it has none yet.
// It is set by package rtx.
var Open func(channel any, make func() Tracker) (Watch, error)
