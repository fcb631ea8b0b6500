package rtx

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/realtimex/realtimex-go/internal/core"
	"github.com/realtimex/realtimex-go/rtx/auth"
)

// maxAsking limits the calls of all authorizers of a client that run at the same time. Each has its
// own limit too.
const maxAsking = 1024

// clearLocked drops the waiting questions, because their session has ended.
func (b *broker) clearLocked() {
	for _, l := range b.lanes {
		l.waiting = nil
	}
}

func (b *broker) wait() { b.wg.Wait() }

// askLocked queues a question about s for its authorizer.
func (c *Client) askLocked(s *subscription, t core.Ticket) {
	l := s.lane()
	if len(l.waiting) >= max(l.sweepAt, 64) {
		c.sweepLocked(l)
	}
	q := question{s: s, ticket: t}
	if l.authority.batches != nil {
		q.asked = now()
	}
	l.waiting = append(l.waiting, q)
	if l.more != nil && len(l.waiting) >= l.enough {
		close(l.more)
		l.more = nil
	}
	c.staffLocked(l)
}

// staffLocked starts a goroutine for l if there is work for one more. If too many run, the lane
// queues for one that has nothing to do.
func (c *Client) staffLocked(l *lane) {
	b := &c.broker
	switch {
	case len(l.waiting) == 0 || l.more != nil || l.running >= l.authority.limit || c.ended:
	case b.running < maxAsking:
		l.running++
		b.running++
		b.wg.Go(func() { c.authorizeWaiting(l) })
	case !l.queued:
		if len(b.queue) >= max(b.sweepAt, 64) {
			c.sweepQueueLocked()
		}
		l.queued = true
		b.queue = append(b.queue, l)
	}
}

// leaveLocked takes a goroutine off l. It returns the lane that the goroutine works for next, or
// nil, and the authorizer of l if that is gone.
func (c *Client) leaveLocked(l *lane) (next *lane, left *authority) {
	b := &c.broker
	l.running--
	left = c.retireLocked(l)
	for len(b.queue) > 0 && !c.ended {
		next, b.queue = b.queue[0], b.queue[1:]
		next.queued = false
		if len(next.waiting) > 0 && next.more == nil && next.running < next.authority.limit {
			next.running++
			return next, left
		}
	}
	b.running--
	return nil, left
}

// sweepQueueLocked drops the questions about channels that nothing holds any more from the lanes
// that wait for a goroutine.
func (c *Client) sweepQueueLocked() {
	b := &c.broker
	b.queue = slices.DeleteFunc(b.queue, func(l *lane) bool {
		c.sweepLocked(l)
		l.queued = len(l.waiting) > 0
		return !l.queued
	})
	b.sweepAt = 2 * len(b.queue)
}

// sweepLocked drops the questions about channels that nothing holds any more, so that they don't
// pile up behind an authorizer that hangs.
func (c *Client) sweepLocked(l *lane) {
	l.waiting = slices.DeleteFunc(l.waiting, func(q question) bool {
		if q.s.Holds() > 0 {
			return false
		}
		c.machine.Denied(&q.s.Channel, q.ticket, nil)
		return true
	})
	l.sweepAt = 2 * len(l.waiting) // so that the cost per question is bounded
}

// authorizeWaiting is one of the broker's goroutines. It works for l while questions wait there.
func (c *Client) authorizeWaiting(l *lane) {
	var b batch
	for l != nil {
		window, most := l.authority.batch()
		c.mu.Lock()
		if len(l.waiting) == 0 || c.session == nil || c.ended {
			l = c.leaveAndUnlock(l)
			continue
		}
		ctx := c.sessionCtx
		if wait := l.waits(window, most); wait > 0 {
			if l.more != nil { // another goroutine waits already
				l = c.leaveAndUnlock(l)
				continue
			}
			more := make(chan struct{})
			l.more, l.enough = more, most
			c.mu.Unlock()
			collect(ctx, more, wait)
			c.mu.Lock()
			if l.more == more {
				l.more = nil
			}
			c.mu.Unlock()
			continue
		}
		c.takeLocked(l, most, &b)
		c.staffLocked(l) // what this goroutine has left may be work for another
		c.decideAndUnlock()
		if len(b.questions) > 0 {
			began := now()
			b.ask(ctx, l.authority)
			c.land(ctx, l, &b, now().Sub(began))
		}
	}
}

// leaveAndUnlock is leaveLocked, and closes the idle connections of an authorizer that is gone.
func (c *Client) leaveAndUnlock(l *lane) (next *lane) {
	next, left := c.leaveLocked(l)
	c.mu.Unlock()
	if left != nil {
		left.closeIdleConnections()
	}
	return next
}

// waits returns how long to wait for more questions before the first is asked.
func (l *lane) waits(window time.Duration, most int) time.Duration {
	if most < 2 || len(l.waiting) >= most || l.waiting[0].alone {
		return 0
	}
	return window - now().Sub(l.waiting[0].asked)
}

// collect waits until there are enough questions, or the time is up, or ctx has ended.
func collect(ctx context.Context, enough <-chan struct{}, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-enough:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// A batch is the questions that one goroutine asks at once; there may be just one.
type batch struct {
	questions  []question
	requests   []auth.Request
	outcomes   []auth.Outcome
	judgements []judgement
	userData   json.RawMessage // of the presence channels among them; nil if there are none
	user       bool            // there are some
}

// takeLocked takes up to most of the first questions that can be asked at once, and drops those
// about channels that nothing holds any more. The others stay, in their order.
func (c *Client) takeLocked(l *lane, most int, b *batch) {
	b.questions, b.requests, b.userData, b.user = b.questions[:0], b.requests[:0], nil, false
	kept, at := 0, 0
	for ; at < len(l.waiting) && len(b.questions) < most && kept < most; at++ {
		switch q := l.waiting[at]; {
		case q.s.Holds() == 0:
			c.machine.Denied(&q.s.Channel, q.ticket, nil)
		case b.takes(q):
			b.add(c.cfg, q)
		default:
			l.waiting[kept] = q
			kept++
		}
	}
	copy(l.waiting[at-kept:at], l.waiting[:kept])
	if l.waiting = l.waiting[at-kept:]; len(l.waiting) == 0 {
		l.waiting = nil
	}
}

// takes reports whether q can be asked together with those that b has.
func (b *batch) takes(q question) bool {
	if len(b.questions) == 0 {
		return true
	}
	first := b.questions[0]
	return !first.alone && !q.alone && first.ticket.SocketID == q.ticket.SocketID &&
		(q.s.kind != presence || !b.user || bytes.Equal(b.userData, q.s.userData()))
}

func (b *batch) add(cfg *config, q question) {
	r := auth.Request{SocketID: q.ticket.SocketID, Channel: q.s.Name, Key: cfg.apiKey, Server: cfg.serviceHost()}
	if q.s.kind == presence {
		r.UserData = q.s.userData()
		b.userData, b.user = q.s.userData(), true
	}
	b.questions, b.requests = append(b.questions, q), append(b.requests, r)
}

// ask calls the user's authorizer. A panic is the outcome of all questions.
func (b *batch) ask(ctx context.Context, a *authority) {
	b.outcomes = b.outcomes[:0]
	defer func() {
		if p := recover(); p != nil {
			b.fail(&PanicError{Value: p})
		}
	}()
	if len(b.requests) == 1 {
		g, err := a.Authorize(ctx, b.requests[0])
		b.outcomes = append(b.outcomes, auth.Outcome{Grant: g, Err: err})
		return
	}
	outs := a.batches.AuthorizeBatch(ctx, slices.Clone(b.requests))
	if len(outs) != len(b.requests) {
		b.fail(fmt.Errorf("rtx: AuthorizeBatch returned %d outcomes for %d channels", len(outs), len(b.requests)))
		return
	}
	b.outcomes = append(b.outcomes, outs...)
}

func (b *batch) fail(err error) {
	b.outcomes = b.outcomes[:0]
	for range b.requests {
		b.outcomes = append(b.outcomes, auth.Outcome{Err: err})
	}
}

// A judgement is what an outcome means for its channel.
type judgement struct {
	grant     auth.Grant
	err       error // nil: granted
	retryable bool
	after     time.Duration
	alone     bool // it is to be asked alone
}

// judge returns what an outcome means. An error may be of the user's own type: its methods are
// called without the lock, and its text is shown without the client's secrets.
func (c *Client) judge(r auth.Request, o auth.Outcome, several bool) (v judgement) {
	if several && errors.Is(o.Err, auth.ErrAlone) {
		return judgement{alone: true}
	}
	v.grant, v.err = o.Grant, o.Err
	if v.err == nil {
		if r.Presence() && v.grant.ChannelData == "" {
			v.grant.ChannelData = string(r.UserData)
		}
		v.err = v.grant.Check(r)
	}
	if v.err != nil {
		v.retryable, v.after = authRetryable(v.err)
		v.err = c.cfg.secrets.With(longEnough(string(r.UserData), r.SocketID)...).Error(v.err)
	}
	return v
}

// land gives the outcomes to the machine, which knows whether they are still needed. Questions that
// are to be asked alone are asked next.
func (c *Client) land(ctx context.Context, l *lane, b *batch, took time.Duration) {
	b.judgements = b.judgements[:0]
	for i, r := range b.requests {
		b.judgements = append(b.judgements, c.judge(r, b.outcomes[i], len(b.requests) > 1))
	}
	if t := c.trace; t != nil {
		t.authorized.later(t, b.info(took)) // before the machine knows, and without the lock: errors may be of the user's own types
	}
	var alone []question
	c.mu.Lock()
	for i, q := range b.questions {
		s, m, v := q.s, c.machine, b.judgements[i]
		switch {
		case v.alone:
			q.alone = true
			alone = append(alone, q)
		case v.err == nil:
			if m.Granted(&s.Channel, q.ticket) {
				s.credentials().grant = v.grant
			}
		case v.retryable:
			m.AuthFailed(now(), &s.Channel, q.ticket, v.err, v.after)
		default:
			m.Denied(&s.Channel, q.ticket, &SubscribeError{Channel: s.Name, Err: v.err})
		}
	}
	if c.session != nil && c.sessionCtx == ctx && len(alone) > 0 { // else they were of a session that has ended
		l.waiting = append(alone, l.waiting...)
		c.staffLocked(l)
	}
	c.decideAndUnlock()
}

// info says what came of the questions, for the Trace.
func (b *batch) info(took time.Duration) AuthorizedInfo {
	info := AuthorizedInfo{Duration: took}
	var errs []error
	for i, v := range b.judgements {
		channel := b.requests[i].Channel
		info.Channels = append(info.Channels, channel)
		if v.err != nil {
			errs = append(errs, subscribeError(channel, v.err))
		}
	}
	info.Failed, info.Err = len(errs), errors.Join(errs...)
	if len(errs) == 1 {
		info.Err = errs[0]
	}
	return info
}
