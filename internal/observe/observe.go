// Package observe is what package rtx tells package presence of a channel.
package observe

import (
	"context"
	"log/slog"
)

// A Kind says what a [Fact] is.
type Kind uint8

const (
	Confirmed Kind = iota + 1 // the channel is subscribed: Payload is the confirmation's, ChannelData what the client said of itself
	Event                     // an internal event of the channel other than the confirmation: Name and Payload
	Stale                     // the connection was lost, or the service took the channel away
	Kept                      // the service restored the lost session. What was missed follows as events, then a confirmation
	Ended                     // the channel was refused or left, or the client ended, by Err; nil for Drain. It comes once, last
)

// A Fact is one thing that happened to a channel. Payload and ChannelData are good during the call
// only.
type Fact struct {
	Kind                 Kind
	Name                 string
	Payload, ChannelData []byte
	Err                  error

	// Read stands for the Payload of a large confirmation, and keeps Size bytes until it has
	// returned. It takes too long for the reading goroutine, so whoever calls it uses Apart. It
	// passes the payload to use; not if the connection has ended, or ends for what it read. It must
	// be called once. A nil use gives the confirmation up.
	Read func(use func(payload []byte))
	Size int

	// Apart runs work on a goroutine that the client waits for before it connects again, and in
	// Close. It is set for a Confirmed and an Event, which come from the reading goroutine.
	Apart func(work func())
}

// LargeConfirmation is the size in bytes of the packet from which on a confirmation has Read. The
// rooms of a smaller one take some 2 ms of the reading goroutine at most. Tests lower it.
var LargeConfirmation = 64 << 10

// An Observer takes the facts of one channel. All but Ended come in the order of the wire, never
// two at once; Ended comes from any goroutine. Take must not block.
type Observer interface {
	Take(Fact)
	// Figures gives those of each room, without waiting for Take. Any goroutine calls it, without a
	// lock.
	Figures(add func(Figures))
}

// Figures are a room's at one moment.
type Figures struct {
	ID        uint64 // that of its Watch
	Depth     int    // changes that wait to be taken
	Capacity  int
	Delivered uint64 // changes taken
	Malformed uint64 // infos that could not be decoded
}

// A Watch is an observer's hold on a channel.
type Watch struct {
	ID        uint64                          // of the room, among the client's rooms and streams
	Observer  Observer                        // the channel's: all who observe it share one
	Release   func()                          // gives the hold up; idempotent
	Waited    func(ctx context.Context) error // what a wait for the channel says that ctx has ended
	Missing   func() error                    // a *rtx.NotReadyError if the channel is not confirmed now
	Unmarshal func(data []byte, v any) error  // the client's decoder
	Refresh   func()                          // asks for the confirmation once more, if the channel is confirmed
	Log       *slog.Logger
}
