package transport

import (
	"context"
	"sync/atomic"
	"time"
)

// patience ends a dial that takes too long. Once the dial has asked to resume a session, it ends it
// only if nothing has arrived for that time, because the missed packets can be many and the link
// slow.
type patience struct {
	limit    time.Duration
	end      context.CancelCauseFunc // of the dial's context
	timer    *time.Timer
	resuming atomic.Pointer[progress] // nil until a session is asked for
}

func newPatience(limit time.Duration, end context.CancelCauseFunc) *patience {
	p := &patience{limit: limit, end: end}
	p.timer = time.AfterFunc(time.Hour, p.look)
	p.timer.Reset(limit) // not before look can know the timer
	return p
}

// resume makes p look at the progress of the link from now on.
func (p *patience) resume(l *link) {
	l.progress.within(p.limit)
	l.progress.mark(time.Now())
	p.resuming.Store(&l.progress)
}

// look is called when the time is over. With progress it sets the timer again.
func (p *patience) look() {
	if moving := p.resuming.Load(); moving != nil {
		if left := p.limit - moving.silence(); left > 0 {
			p.timer.Reset(left)
			return
		}
	}
	p.end(context.DeadlineExceeded)
}

func (p *patience) stop() { p.timer.Stop() }
