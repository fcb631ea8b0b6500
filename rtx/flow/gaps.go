package flow

import "github.com/realtimex/realtimex-go/rtx"

// merged returns a gap about the losses of both: a, which may be nil, and the later b.
func merged(a, b *rtx.Gap) *rtx.Gap {
	if a == nil {
		return b
	}
	g := *a
	if a.Several || b.Several || a.Channel != b.Channel {
		g.Channel, g.Several = "", true
	}
	g.Dropped += b.Dropped
	g.Malformed += b.Malformed
	g.Reconnected = a.Reconnected || b.Reconnected
	g.Ended = a.Ended || b.Ended
	if g.Since.IsZero() || !b.Since.IsZero() && b.Since.Before(g.Since) {
		g.Since = b.Since
	}
	if b.Until.After(g.Until) {
		g.Until = b.Until
	}
	if b.Err != nil {
		g.Err = b.Err
	}
	return &g
}
