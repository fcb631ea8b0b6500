package ledger

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
)

// A Link is what one client said of its connection. Its methods may be called concurrently.
type Link struct {
	mu      sync.Mutex
	up      bool
	proves  bool // the end of the connection is proven to the client by more than what the service says
	outages []Outage
	left    map[string]bool
}

// An Outage is a time without a connection.
type Outage struct {
	Down, Up  time.Time // Up is zero while it lasts
	Recovered bool      // the service had kept everything
	Cut       bool      // an attempt to recover was cut after it was asked for: it is not repeated
	Unproven  bool      // a restored session over polling ended: the service may not have noticed, so it is not asked for again
	Deaf      bool      // the client ended the connection, because a ping was not answered
}

// Watch records a client's states until it is closed. It must keep up with them, so it has a
// goroutine of its own.
func (l *Link) Watch(c *rtx.Client) {
	for { // Drain ends the stream
		states := c.States(context.Background()) //nolint:forbidigo // Drain ends the stream
		for s := range states.C {
			l.note(s)
		}
		if states.Err() != nil {
			return
		}
	}
}

func (l *Link) note(s rtx.StateChange) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch s.State {
	case rtx.StateConnected:
		if n := len(l.outages); n > 0 && l.outages[n-1].Up.IsZero() {
			l.outages[n-1].Up, l.outages[n-1].Recovered = s.At, s.Recovered
		}
		l.up, l.proves = true, !s.Recovered || s.Transport == rtx.WebSocket
	case rtx.StateReconnecting:
		if l.up {
			l.outages = append(l.outages, Outage{Down: s.At, Unproven: !l.proves, Deaf: errors.Is(s.Err, rtx.ErrUnresponsive)})
		}
		var dial *rtx.DialError
		if n := len(l.outages); n > 0 && errors.As(s.Err, &dial) && dial.Step == rtx.StepConnect {
			l.outages[n-1].Cut = true
		}
		l.up = false
	}
}

// Leaves notes that the channel may be unsubscribed or refused from now on, whatever its streams
// want.
func (l *Link) Leaves(channel string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.left == nil {
		l.left = make(map[string]bool)
	}
	l.left[channel] = true
}

// Outages returns those so far.
func (l *Link) Outages() []Outage {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Outage(nil), l.outages...)
}

// caused reports whether there was no connection for a part of the time that the gap tells, and
// that was not recovered. A connection that is lost before its socket id is known is a part of the
// outage before it.
func (l *Link) caused(g rtx.Gap) bool {
	for _, o := range l.Outages() {
		if !o.Recovered && !o.Down.After(g.Until) && (o.Up.IsZero() || !o.Up.Before(g.Since)) {
			return true
		}
	}
	return false
}

// around tells the outages near a gap, for a breach.
func (l *Link) around(g rtx.Gap) string {
	var near []string
	for _, o := range l.Outages() {
		if o.Down.After(g.Since.Add(-time.Minute)) && o.Down.Before(g.Until.Add(time.Minute)) {
			near = append(near, fmt.Sprintf("%s to %s, recovered %v", clock(o.Down), clock(o.Up), o.Recovered))
		}
	}
	return "outages " + strings.Join(near, "; ")
}

// clock shows a time within its day.
func clock(t time.Time) string { return t.Format("15:04:05.000000000") }

func (l *Link) mayEnd(channel string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.left[channel]
}
