package rtx

import (
	"context"
	"errors"
	"time"

	"github.com/realtimex/realtimex-go/internal/link"
	"github.com/realtimex/realtimex-go/rtx/transport"
)

// handler is the client as the supervisor sees it, kept off the public API.
type handler struct{ *Client }

var _ transport.Handler = handler{}

// Dialing shows that an attempt is under way, unless Retrying has announced it.
func (h handler) Dialing(attempt int) {
	c := h.Client
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ended && c.state.Attempt != attempt {
		c.setState(StateChange{State: c.connecting(), Attempt: attempt})
	}
}

// Retrying shows the delay before the next attempt.
func (h handler) Retrying(attempt int, delay time.Duration, cause error) {
	c := h.Client
	c.mu.Lock()
	defer c.mu.Unlock()
	if errors.Is(cause, transport.ErrBacklog) {
		c.recovery.forget()
	}
	c.recovery.failed(cause)
	if !c.ended {
		c.setState(StateChange{State: c.connecting(), Attempt: attempt, Delay: delay, Err: cause})
	}
}

// connecting is the state of a client without a connection. The caller holds c.mu.
func (c *Client) connecting() State {
	if c.connectedOnce {
		return Reconnecting
	}
	return Connecting
}

// Resume is what the next session asks the service to restore.
func (h handler) Resume() transport.Resume {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.recovery.resume()
}

// Up takes a session that the service has answered. Its socket id is not settled yet: connection_established names it,
// or, after a short grace, the CONNECT answer does.
func (h handler) Up(sess transport.Session) {
	c := h.Client
	info := sess.Info()
	var trackers []link.Tracker
	c.mu.Lock()
	c.session = sess
	c.upAt = time.Now()
	c.sessionCtx, c.sessionEnd = context.WithCancel(c.ctx)
	c.recovery.up(info)
	c.pings.reset()
	c.reader.recoverable = info.PID != ""
	for _, s := range c.subs {
		if info.Recovered && s.known {
			// The service kept the room and sends what was missed: events flow from the first packet on. It is asked
			// again all the same, which repeats nothing for the user. A channel that the lost session had not confirmed
			// is not among these: what it missed before that session is still to be told.
			if s.wasJoined && s.lossEpoch == c.epoch-1 && s.holds > 0 {
				s.wasJoined = false
				c.enter(s, joined)
				s.again = true
				if s.tracker != nil {
					trackers = append(trackers, s.tracker)
				}
			}
		} else {
			s.known = false
		}
		c.look(s)
	}
	c.mu.Unlock()
	for _, t := range trackers {
		t.Resumed()
	}
}

// established settles the socket id; subscriptions may go out. The caller holds c.mu.
func (c *Client) established(sess transport.Session, socketID string) {
	c.socketID = socketID
	c.connectedOnce = true
	c.setState(StateChange{State: Connected, SocketID: socketID, Recovered: sess.Info().Recovered})
	c.stats.connects.Add(1)
	c.sup.Established(sess)
	c.sup.Wake()
}

// Down puts every subscription back to where the next session must ask for it.
func (h handler) Down(sess transport.Session, cause error) {
	c := h.Client
	c.mu.Lock()
	if c.session != sess {
		c.mu.Unlock()
		return
	}
	c.session = nil
	c.sessionEnd()
	c.recovery.down(cause, c.pings.answered)
	c.pings.fail()
	c.broker.clear()
	var trackers []link.Tracker
	for _, s := range c.subs {
		if s.phase == joined {
			s.wasJoined, s.lossEpoch, s.lossSince = true, c.epoch, time.Now()
		}
		s.asks, s.answers, s.presenceAnswers = 0, 0, 0
		s.authBusy, s.timedOut, s.again = false, false, false
		s.authAfter = time.Time{}
		c.enter(s, parked)
		s.notify()
		c.look(s)
		if s.tracker != nil {
			trackers = append(trackers, s.tracker)
		}
	}
	c.epoch++
	c.socketID = ""
	if !c.ended {
		// Shown by Retrying, which follows with the delay.
		c.state = StateChange{State: c.connecting(), Err: cause, At: time.Now()}
	}
	c.mu.Unlock()
	for _, t := range trackers {
		t.Down()
	}
}

// takeTrackers takes the rooms off their channels. The caller holds c.mu.
func (c *Client) takeTrackers() (ts []link.Tracker) {
	for _, s := range c.subs {
		if s.tracker != nil {
			ts = append(ts, s.tracker)
			s.holds -= s.watchers
			s.tracker, s.watchers = nil, 0
			c.look(s)
		}
	}
	return ts
}
