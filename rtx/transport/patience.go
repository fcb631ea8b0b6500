package transport

import (
	"context"
	"sync/atomic"
	"time"
)

// patience ends a dial: one that takes too long, or, once it waits for what an earlier session missed, one that stands
// still for as long. What is missed may be much and the link slow, so that as a whole it has no limit.
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

// resume has p go by what comes on the link from now on.
func (p *patience) resume(l *link) {
	l.progress.within(p.limit)
	l.progress.mark(time.Now())
	p.resuming.Store(&l.progress)
}

// look is called when the time is up, or would be without progress.
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
