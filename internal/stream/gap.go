package stream

import "time"

// A Gap says what a queue did not get. It has a place among the values: all
// values taken before it were sent before the loss. Losses of one channel with
// no value between them come as one Gap.
//
// It is rtx.Gap, which documents the fields, under a name that this package can
// use: one converts to the other.
type Gap struct {
	Channel     string
	Several     bool
	Dropped     uint64
	Malformed   uint64
	Reconnected bool
	Ended       bool
	Since       time.Time
	Until       time.Time
	Err         error
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
