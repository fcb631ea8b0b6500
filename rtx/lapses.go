package rtx

import (
	"slices"
	"time"

	"github.com/realtimex/realtimex-go/internal/core"
)

// releaseLocked releases a hold of s. Streams of the whole client leave the channel with its last
// hold.
func (c *Client) releaseLocked(s *subscription, generation uint64) {
	if s.Holds() == 1 && s.Generation() == generation {
		for _, a := range c.routes.all() {
			if !a.gone() {
				c.departLocked(a.b, s, a.epoch.Load())
			}
		}
	}
	c.machine.Release(now(), &s.Channel, generation)
}

// departLocked notes that a stream leaves a channel, as it likes, and goes on with others. epoch is
// that of its attachment. If the stream is known to have missed something, it is told at once.
func (c *Client) departLocked(b *binding, s *subscription, epoch uint64) {
	loss, missed := s.Missed()
	switch {
	case !b.goesOn():
	case s.Phase().Live():
		c.departLiveLocked(b, s)
	case !missed || epoch > loss.Epoch: // it was not there, or has been told
	case s.Phase() == core.Suspended: // unless the next session is restored
		c.lapses.down(lapse{b, s.Name, loss.Since, now(), true})
	default:
		b.sink.lose(reconnected(s.Name, loss.Since))
	}
}

// goesOn reports whether the stream can lose a channel and go on: it has a group, or is one of the
// whole client.
func (b *binding) goesOn() bool {
	return !b.ended && !b.c.ended && (b.group != nil || b.places.get(nil) != nil)
}

// getsLocked reports whether the stream gets the events of s.
func (b *binding) getsLocked(s *subscription) bool {
	if s == nil || !s.Phase().Live() {
		return false
	}
	return b.places.get(s) != nil || b.places.get(nil) != nil && s.Holds() > 0
}

// departLiveLocked notes that a stream leaves a live channel, whoever wants that.
func (c *Client) departLiveLocked(b *binding, s *subscription) {
	if b.goesOn() && c.session != nil {
		c.lapses.left(b, s.Name, c.session.ReceivedAt(), now())
	}
}

// left records that a stream left a live channel, and forgets now and then those that left before
// the connection was last seen alive.
func (l *lapses) left(b *binding, channel string, alive, now time.Time) {
	if len(l.recent) >= l.sweep {
		l.recent = slices.DeleteFunc(l.recent, func(e lapse) bool { return !e.at.After(alive) })
		l.sweep = 2*len(l.recent) + 8
	}
	l.recent = append(l.recent, lapse{b: b, channel: channel, at: now})
}

// down records that a stream left a channel during an outage. If it did so before in the same outage,
// the earlier one is forgotten now and then.
func (l *lapses) down(e lapse) {
	if len(l.late) >= max(l.sweepLate, 64) {
		type pair struct {
			b       *binding
			channel string
		}
		seen := make(map[pair]bool, len(l.late))
		l.late = slices.DeleteFunc(l.late, func(e lapse) bool {
			p := pair{e.b, e.channel}
			twice := seen[p]
			seen[p] = true
			return twice
		})
		l.sweepLate = 2 * len(l.late)
	}
	l.late = append(l.late, e)
}

// lost records that the connection is lost. It was last seen alive at alive, and events may be
// missing since since. If the service knows of the end, all that it had sent before came.
func (l *lapses) lost(alive, since time.Time, peerKnows bool) {
	for _, e := range l.recent {
		if e.at.After(alive) {
			e.since, e.missed = since, !peerKnows
			l.late = append(l.late, e)
		}
	}
	l.recent, l.sweep = nil, 0
}

// take removes and returns the lapses of one channel, or of all if channel is empty, with their
// gaps. Streams that get the events of the channel again have missed nothing.
func (l *lapses) take(channel string, gets func(*binding) bool) (missed []departure) {
	l.late = slices.DeleteFunc(l.late, func(e lapse) bool {
		if channel != "" && e.channel != channel {
			return false
		}
		if !gets(e.b) {
			missed = append(missed, departure{b: e.b, gap: Gap{Channel: e.channel, Reconnected: true, Since: e.since, Until: e.at}})
		}
		return true
	})
	return missed
}

// restored forgets those that have missed nothing if the session is restored.
func (l *lapses) restored() {
	l.late = slices.DeleteFunc(l.late, func(e lapse) bool { return !e.missed })
}

// settled forgets the rest. It is called when a restored session has sent what was missed.
func (l *lapses) settled() { l.late = nil }
