package rtx

import "time"

// losses is what the client records of a stream's losses beside its gaps: their totals, which the
// queues count, and log lines, at most one a minute of each kind. Only the reader uses it,
// but for missed.
type losses struct {
	c    *Client
	name string // the stream's
	told *told  // nil before the first line
}

// told is when lines were logged.
type told struct{ dropped, malformed time.Time }

const lossLogInterval = time.Minute

func (c *Client) losses(name string) losses { return losses{c: c, name: name} }

// count is the client's total of dropped values: it differs after a push that dropped one.
func (l *losses) count() uint64 { return l.c.stats.losses.Dropped.Load() }

// dropped notes that the stream has dropped total values by now.
func (l *losses) dropped(e *event, total uint64) {
	if total > 0 && due(&l.lines().dropped, e.at) {
		l.c.cfg.log.Warn("rtx: stream is dropping values: its reader is behind", "stream", l.name, "channel", e.channel, "dropped", total)
	}
}

// missed notes a gap that is put on the stream, if it has no count of what is missing. Any goroutine
// may call it.
func (l *losses) missed(g Gap) {
	if g.Reconnected || g.Ended {
		l.c.stats.missed.Add(1)
	}
}

func (l *losses) malformed(g Gap) {
	if due(&l.lines().malformed, g.Until) {
		l.c.cfg.log.Warn("rtx: payload was not decoded", "stream", l.name, "error", g.Err)
	}
}

func (l *losses) lines() *told {
	if l.told == nil {
		l.told = new(told)
	}
	return l.told
}

func due(last *time.Time, now time.Time) bool {
	if !last.IsZero() && now.Sub(*last) < lossLogInterval {
		return false
	}
	*last = now
	return true
}
