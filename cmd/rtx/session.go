package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
)

// A session is a client and what is told of it: its states on standard error, and the status line.
type session struct {
	*rtx.Client
	conn    *connection
	console *console
	cancel  context.CancelFunc
	telling sync.WaitGroup
	lost    bool // something was lost for good
}

// open makes a client and begins to tell its states. The caller closes the session.
func (c *connection) open(ctx context.Context, console *console) (*session, error) {
	client, err := c.client(console)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	s := &session{Client: client, conn: c, console: console, cancel: cancel}
	states := client.States(ctx)
	s.telling.Go(func() { s.tellStates(states) })
	return s, nil
}

// connect connects, and says in one line why it could not.
func (s *session) connect(ctx context.Context, l limit) error {
	ctx, cancel := l.within(ctx, "connection")
	defer cancel()
	return s.explainWait(s.Connect(ctx))
}

// join waits for a subscription.
func (s *session) join(ctx context.Context, l limit, ready func(context.Context) error) error {
	ctx, cancel := l.within(ctx, "subscription")
	defer cancel()
	return s.explainWait(ready(ctx))
}

// explainWait is explain, unless the time was over: what the wait had come to then says less.
func (s *session) explainWait(err error) error {
	if late, ok := errors.AsType[*lateError](err); ok {
		return s.conn.examined(late)
	}
	return s.conn.explain(err)
}

// close leaves the service and ends the telling.
func (s *session) close() {
	s.cancel()
	_ = s.Close() // leaving is all that is left to do, and it has no outcome
	s.telling.Wait()
	s.console.HideStatus()
}

// tellStates tells what happens to a connection once there is one; why there is none is connect's
// to say.
func (s *session) tellStates(states *rtx.States) {
	connected := false
	for change := range states.C {
		switch change.State {
		case rtx.StateConnected:
			how := "connected to"
			switch {
			case change.Recovered:
				how = "connected again, with nothing missed, to"
			case connected:
				how = "connected again to"
			}
			connected = true
			s.console.Notef("%s %s, socket id %s", how, s.conn.target, change.SocketID)
		case rtx.StateReconnecting:
			if !connected {
				continue
			}
			why := "connection lost"
			if err := s.conn.explainLoss(change.Err); err != nil {
				why = err.Error()
			}
			s.console.Notef("attempt %d to connect again in %v: %s", change.Attempt, change.Delay.Round(time.Millisecond), why)
		}
	}
}

// tellGap tells a loss, and remembers whether it is known to be one.
func (s *session) tellGap(g *rtx.Gap) {
	channel := fmt.Sprintf("channel %q", g.Channel)
	if g.Channel == "" {
		channel = "several channels"
	}
	if g.Dropped > 0 {
		s.lost = true
		s.console.Notef("%s: events lost: %d", channel, g.Dropped)
	}
	if g.Malformed > 0 {
		s.lost = true
		s.console.Notef("%s: events that could not be read: %d", channel, g.Malformed)
	}
	if g.Reconnected {
		s.console.Notef("%s: the connection was down from %s to %s: events of that time are missing, if there were any",
			channel, g.Since.Format(clock), g.Until.Format(clock))
	}
	if g.Ended {
		s.lost = true
		s.console.Note(s.conn.explain(g.Err).Error())
	}
}

const clock = "15:04:05.000"

// status is the status line: state, rate, and what went wrong so far.
func (s *session) status() func() string {
	var (
		since = time.Now()
		seen  uint64
		rate  float64
	)
	return func() string {
		stats := s.Stats()
		if elapsed := time.Since(since); elapsed >= time.Second {
			rate = float64(stats.Delivered-seen) / elapsed.Seconds()
			since, seen = time.Now(), stats.Delivered
		}
		return fmt.Sprintf("%v  %.0f/s  %d events  %d dropped  %d reconnects",
			s.State(), rate, stats.Delivered, stats.Dropped, s.reconnects())
	}
}

func (s *session) reconnects() uint64 { return max(s.Stats().Connects, 1) - 1 }
