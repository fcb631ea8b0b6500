package main

import (
	"context"
	"time"
)

// A loop sends at times that are set beforehand, whether or not what was sent before is through: an
// open loop. What goes out late is measured from when it was to go out, so a service that stands
// still is seen in every event that it held up, and not only in the one that was under way
// (coordinated omission).
type loop struct {
	began    time.Time
	every    time.Duration
	first    time.Duration // after began
	duration time.Duration
	late     *histogram // how long after its time each was sent
}

// run calls send for each event, with the time after began at which it is to go out, until the
// duration is over, the context ends, or send fails. It returns how many were sent.
func (l *loop) run(ctx context.Context, send func(intended time.Duration) error) (sent uint64, err error) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for intended := l.first; intended < l.duration; intended += l.every {
		wait := time.Until(l.began.Add(intended))
		if wait > 0 {
			timer.Reset(wait)
			select {
			case <-timer.C:
			case <-ctx.Done():
				return sent, nil
			}
		} else if ctx.Err() != nil {
			return sent, nil
		}
		l.late.add(time.Since(l.began) - intended)
		if err := send(intended); err != nil {
			return sent, err
		}
		sent++
	}
	return sent, nil
}
