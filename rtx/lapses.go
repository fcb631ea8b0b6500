package rtx

import (
	"slices"
	"time"
)

// lapses are the streams that left a channel which was joined, while others of theirs go on, for as long as the link could
// have been down already. If it was, they have missed what was published before they left: the next connection tells. A
// fresh one says nothing of it, so it is a gap. A restored one sends what was missed, also on channels that nobody is on any
// more; there it is a gap only if the service did not make the end itself, for then the link was alive until then. It belongs
// to the client's lock.
type lapses struct {
	recent []lapse   // left since the link was last seen alive
	late   []lapse   // the same, of a link that is lost
	alive  time.Time // when that was last seen alive
	silent bool      // the service is not known to have noticed its end
}

type lapse struct {
	b       *binding
	channel string
	at      time.Time
}

// gap is what a stream has missed that left late.
func (l *lapses) gap(e lapse) Gap {
	return Gap{Channel: e.channel, Reconnected: true, Since: l.alive, Until: e.at}
}

// left notes one, and forgets those from before the link was last seen alive.
func (l *lapses) left(b *binding, channel string, alive, now time.Time) {
	l.recent = slices.DeleteFunc(l.recent, func(e lapse) bool { return !e.at.After(alive) })
	l.recent = append(l.recent, lapse{b, channel, now})
}

// lost notes that the link is.
func (l *lapses) lost(alive time.Time, peerKnows bool) {
	if len(l.late) == 0 {
		l.alive, l.silent = alive, false
	}
	l.silent = l.silent || !peerKnows
	for _, e := range l.recent {
		if e.at.After(alive) {
			l.late = append(l.late, e)
		}
	}
	l.recent = nil
}

// take returns those of one channel, of every one if it is empty, and what they have missed.
func (l *lapses) take(channel string) (missed []departure) {
	l.late = slices.DeleteFunc(l.late, func(e lapse) bool {
		if channel != "" && e.channel != channel {
			return false
		}
		missed = append(missed, departure{b: e.b, gap: l.gap(e)})
		return true
	})
	return missed
}

// settled forgets the rest: a restored session has sent what was missed.
func (l *lapses) settled() { l.late = nil }
