package stream

import "time"

// A Gap says that a stream did not get everything its source sent: how much is
// missing, as far as that can be known, from which channel, and why. It has a
// place among the values of the stream: all values taken before it were sent
// before the loss.
//
// Losses of one channel with no value between them come as one Gap, so several
// of the fields can be set at once.
type Gap struct {
	// Channel is the channel that the missing values belong to. It is empty
	// in one case: a stream of several channels that drops its oldest value
	// while a reader receives from C cannot always tell which of the two got
	// which value, and does not guess when they differ in their channel.
	Channel string

	// Dropped counts the values that did not fit into the stream's buffer. It
	// is exact.
	Dropped uint64

	// Malformed counts the payloads that could not be decoded. It is exact,
	// and Err holds the error of the latest.
	Malformed uint64

	// Reconnected is set if the connection was down for a time, during which
	// the server may have sent events that nobody kept. Their number cannot be
	// known.
	Reconnected bool

	// Ended is set if the channel left the stream, because it was refused or
	// unsubscribed, while the stream goes on with its other channels. Err says
	// why.
	Ended bool

	// Since and Until are the times, by the local clock, between which the
	// losses happened: equal for a single value, and the time without the
	// channel for a reconnection.
	Since, Until time.Time

	// Err is the latest error that made the gap, if an error did.
	Err error
}

// merge adds a later loss of the same channel.
func (g *Gap) merge(later Gap) {
	g.Dropped += later.Dropped
	g.Malformed += later.Malformed
	g.Reconnected = g.Reconnected || later.Reconnected
	g.Ended = g.Ended || later.Ended
	if later.Since.Before(g.Since) {
		g.Since = later.Since
	}
	if later.Until.After(g.Until) {
		g.Until = later.Until
	}
	if later.Err != nil {
		g.Err = later.Err
	}
}
