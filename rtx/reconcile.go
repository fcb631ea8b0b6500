package rtx

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/realtimex/realtimex-go/internal/engineio"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtx/transport"
)

// The supervisor reconciles what is wanted with what was asked of the service in this session. There is no queue of
// requests: each look writes what is due by then, so joins and leaves in quick succession come to what is wanted last.

// Work writes what is due: subscriptions, leaves, a ping. It runs on the supervisor's goroutine.
func (h handler) Work(sess transport.Session, now time.Time) (time.Time, error) {
	c := h.Client
	c.mu.Lock()
	if c.session != sess {
		c.mu.Unlock()
		return time.Time{}, nil
	}
	next := c.awaitSocketID(sess, now)
	var frames [][]byte
	var after []func()
	if c.state.State == Connected {
		var err error
		if frames, after, next, err = c.reconcile(now); err != nil {
			c.mu.Unlock()
			return time.Time{}, err
		}
	}
	ping, probeAt, err := c.probe(sess, now)
	c.mu.Unlock()
	if ping != nil {
		frames = append(frames, ping)
	}
	for _, f := range after {
		f()
	}
	if err != nil {
		return time.Time{}, err
	}
	if len(frames) > 0 {
		if err := sess.Send(c.ctx, frames...); err != nil {
			return time.Time{}, err
		}
	}
	return earliest(next, probeAt), nil
}

func earliest(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

// maxSettled bounds the subscriptions of one look.
const maxSettled = 1024

// reconcile looks at each subscription that changed, and at those whose alarm is due. The caller holds c.mu.
//
// A joined channel that was asked for again and not answered means on a session that can be recovered what an unanswered
// probe means: answers and events go the same way there. To ask once more would only hide what was lost: see recovery.
func (c *Client) reconcile(now time.Time) (frames [][]byte, after []func(), next time.Time, err error) {
	c.due(now, func(s *subscription) {
		switch {
		case s.phase == asked:
			after = append(after, c.overdue(s)...)
		case s.phase == joined && s.asks > max(s.answers, s.presenceAnswers):
			if c.session.Info().PID != "" {
				err = errDeaf
			}
			s.asks, s.answers, s.presenceAnswers = 0, 0, 0
			s.again = s.tracker != nil // a room waits for the roster in the answer
		}
		c.look(s)
	})
	// The rest waits for the next look, so that the reader takes the first answers meanwhile.
	n := min(len(c.queue), maxSettled)
	queue := c.queue[:n]
	c.queue = c.queue[n:]
	for _, s := range queue {
		s.queued = false
		if f := c.settle(s, now); f != nil {
			frames = append(frames, f)
		}
	}
	next = c.due(now, func(s *subscription) { c.look(s) })
	if len(c.queue) > 0 {
		next = now
	}
	return frames, after, next, err
}

// settle returns the packet that brings the service to what is wanted of s, if one is due. The caller holds c.mu.
func (c *Client) settle(s *subscription, now time.Time) []byte {
	if s.gone {
		return nil
	}
	if s.holds == 0 {
		return c.leave(s)
	}
	if s.phase == asked || (s.phase == joined && !s.again) {
		return nil
	}
	if s.needsAuth() && s.grantFor != c.socketID {
		c.authorize(s, now)
		return nil
	}
	s.again = false
	s.known = true
	s.asks++
	if s.phase == parked {
		c.enter(s, asked)
	}
	c.alarm(s, now.Add(c.cfg.subscribeTimeout))
	return subscribePacket(s.name, s.grant)
}

// leave writes the unsubscription of a channel that nothing holds, and takes it off the table unless the authorizer is
// still at work on it: two requests for one channel and socket id are never under way.
func (c *Client) leave(s *subscription) []byte {
	known := s.known
	s.known, s.again, s.wasJoined, s.timedOut = false, false, false, false
	s.grantFor, s.grant, s.authTries, s.authAfter = "", auth.Grant{}, 0, time.Time{}
	if s.phase != parked {
		c.enter(s, parked)
	}
	if !s.authBusy && s.asks == max(s.answers, s.presenceAnswers) {
		c.forget(s) // nothing of this name can still be answered
	}
	if !known {
		return nil
	}
	return unsubscribePacket(s.name)
}

// overdue asks once more for a subscription whose answer did not come, and gives it up the second time.
func (c *Client) overdue(s *subscription) (after []func()) {
	s.asks, s.answers, s.presenceAnswers = 0, 0, 0
	if !s.timedOut {
		s.timedOut = true
		c.cfg.log.Warn("rtx: subscription was not answered, asking again", "channel", s.name)
		c.enter(s, parked)
		return nil
	}
	return c.refuse(s, &SubscribeError{Channel: s.name, Err: ErrSubscribeTimeout})
}

// refuse ends a subscription for all its holders. The caller holds c.mu, and calls what it returns without it.
func (c *Client) refuse(s *subscription, err error) []func() {
	c.cfg.log.Warn("rtx: subscription failed", "channel", s.name, "error", err)
	return c.expel(s, err)
}

// confirmed takes a subscription_succeeded. It runs on the reader's goroutine.
func (c *Client) confirmed(name string, payload []byte, presenceName bool) {
	c.mu.Lock()
	s := c.subs[name]
	if s == nil || !s.answered(presenceName) {
		c.reap(s)
		c.mu.Unlock()
		return
	}
	var marks []*attachment
	since, lossEpoch := s.lossSince, s.lossEpoch
	if s.phase == asked {
		s.timedOut = false
		if s.wasJoined {
			s.wasJoined = false
			marks = append(marks, s.routes.all.list...)
			marks = append(marks, c.routes.all.list...)
		}
		c.enter(s, joined)
	}
	tracker := s.tracker
	channelData := []byte(s.grant.ChannelData)
	if s.phase != joined {
		tracker = nil
	}
	c.mu.Unlock()
	for _, a := range marks {
		if a.epoch <= lossEpoch && !a.gone.Load() {
			a.b.sink.lose(reconnected(name, since))
		}
	}
	if tracker != nil {
		tracker.Confirmed(payload, channelData)
	}
}

// answered counts an answer and says whether it is that to the last request.
func (s *subscription) answered(presenceName bool) bool {
	if presenceName {
		s.presenceAnswers = min(s.presenceAnswers+1, s.asks)
	} else {
		s.answers = min(s.answers+1, s.asks)
	}
	return s.holds > 0 && max(s.answers, s.presenceAnswers) >= s.asks
}

// reap has the supervisor look at an entry that only waited for answers that are of no use any more.
func (c *Client) reap(s *subscription) {
	if s != nil && s.holds == 0 {
		c.look(s)
		c.sup.Wake()
	}
}

// refusedBy takes a subscription_error. It runs on the reader's goroutine.
func (c *Client) refusedBy(name string, payload []byte, presenceName bool) {
	c.mu.Lock()
	s := c.subs[name]
	if s == nil || !s.answered(presenceName) || s.phase == parked {
		c.reap(s)
		c.mu.Unlock()
		return
	}
	s.known = false
	after := c.refuse(s, refusal(name, payload))
	c.mu.Unlock()
	for _, f := range after {
		f()
	}
	c.sup.Wake()
}

// refusal reads what the service says of a refused subscription. The key of its text is not documented: each of the
// common ones is taken, and a code as a number.
func refusal(channel string, payload []byte) *SubscribeError {
	e := &SubscribeError{Channel: channel}
	var w map[string]json.RawMessage
	if json.Unmarshal(payload, &w) != nil {
		return e
	}
	for _, key := range []string{"message", "error", "reason", "type"} {
		raw, ok := w[key]
		if !ok {
			continue
		}
		var text string
		if json.Unmarshal(raw, &text) == nil {
			e.Message = clip(text)
			break
		}
		var inner struct {
			Message string `json:"message"`
			Code    int    `json:"code"`
		}
		if json.Unmarshal(raw, &inner) == nil && inner.Message != "" {
			e.Message, e.Code = clip(inner.Message), inner.Code
			break
		}
	}
	for _, key := range []string{"code", "status"} {
		var code int
		if raw, ok := w[key]; ok && e.Code == 0 && json.Unmarshal(raw, &code) == nil {
			e.Code = code
		}
	}
	return e
}

// clip bounds a text of the service's that goes into errors.
func clip(s string) string {
	if len(s) > 200 {
		s = s[:200]
	}
	return string(bytes.ToValidUTF8([]byte(s), nil))
}

// A reconnection sends one for each channel, so it is put together by hand.
func subscribePacket(channel string, g auth.Grant) []byte {
	b := make([]byte, 0, 64+len(channel)+len(g.Auth)+2*len(g.ChannelData))
	b = appendString(append(b, `2["`+evSubscribe+`",{"channel":`...), channel)
	if g.Auth != "" {
		b = appendString(append(b, `,"auth":`...), g.Auth)
	}
	if g.ChannelData != "" {
		b = appendString(append(b, `,"channel_data":`...), g.ChannelData)
	}
	return append(b, `}]`...)
}

func unsubscribePacket(channel string) []byte {
	return append(appendString([]byte(`2["`+evUnsubscribe+`",{"channel":`), channel), `}]`...)
}

// appendString appends s as JSON; what is not UTF-8 in it becomes U+FFFD.
func appendString(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, s)
	return b
}

// eventPacket encodes a Socket.IO event whose payload is one of ours and so can be encoded.
func eventPacket(name string, payload any) []byte {
	data, err := marshalJSON([]any{name, payload})
	if err != nil {
		panic(fmt.Sprintf("rtx: encoding %s: %v", name, err))
	}
	return engineio.AppendSocket(nil, engineio.SocketPacket{Type: engineio.Event, Namespace: "/", Data: data})
}

// awaitSocketID is the grace between the CONNECT answer and connection_established: past it the answer's own id is
// taken. It returns when to look again. The caller holds c.mu.
func (c *Client) awaitSocketID(sess transport.Session, now time.Time) time.Time {
	if c.state.State == Connected || c.ended {
		return time.Time{}
	}
	if until := c.upAt.Add(c.cfg.grace); now.Before(until) {
		return until
	}
	c.established(sess, sess.Info().SocketID)
	return time.Time{}
}
