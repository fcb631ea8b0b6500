package core

import (
	"encoding/binary"
	"slices"
	"time"
)

// clone copies a world, so that it can go on in several ways.
func (w *world) clone() *world {
	c := *w
	m := *w.m
	c.m = &m
	channels := map[*Channel]*Channel{}
	channel := func(ch *Channel) *Channel {
		if ch == nil {
			return nil
		}
		to := channels[ch]
		if to == nil {
			copied := *ch
			if ch.loss != nil {
				l := *ch.loss
				copied.loss = &l
			}
			to = &copied
			channels[ch] = to
		}
		return to
	}
	pings := map[*Ping]*Ping{}
	ping := func(p *Ping) *Ping {
		if p == nil {
			return nil
		}
		to := pings[p]
		if to == nil {
			copied := *p
			to = &copied
			pings[p] = to
		}
		return to
	}
	m.out, m.handed = slices.Clone(m.out), nil
	m.order = slices.Clone(m.order)
	m.queue = slices.Clone(m.queue)
	m.timers = slices.Clone(m.timers)
	m.health.waiting = slices.Clone(m.health.waiting)
	for i, ch := range m.order {
		m.order[i] = channel(ch)
	}
	for i, ch := range m.queue {
		m.queue[i] = channel(ch)
	}
	for i := range m.timers {
		m.timers[i].ch = channel(m.timers[i].ch)
	}
	m.health.sent = ping(m.health.sent)
	for i, p := range m.health.waiting {
		m.health.waiting[i] = ping(p)
	}
	for i, ch := range c.chans {
		c.chans[i] = channel(ch)
		c.holders[i] = slices.Clone(c.holders[i])
	}
	c.auth = slices.Clone(c.auth)
	for i := range c.auth {
		c.auth[i].ch = channel(c.auth[i].ch)
	}
	c.calls = slices.Clone(c.calls)
	for i := range c.calls {
		c.calls[i].p = ping(c.calls[i].p)
	}
	return &c
}

// A keyer writes what distinguishes one state from another: times relative to now, counts relative
// to one another, and channels and holders of the same kind in an order of their own.
type keyer struct {
	b []byte
	w *world
}

func (k *keyer) num(n int) { k.b = binary.AppendVarint(k.b, int64(n)) }
func (k *keyer) bit(list ...bool) {
	n := 0
	for _, b := range list {
		n <<= 1
		if b {
			n |= 1
		}
	}
	k.num(n)
}

// at writes a time that matters for no longer than limit.
func (k *keyer) at(t time.Time, limit time.Duration) {
	if t.IsZero() {
		k.num(-1 << 20)
		return
	}
	d := t.Sub(k.w.now)
	k.num(int(max(min(d, limit), -limit) / time.Second))
}

// ranks are the numbers of events that matter on one channel, brought together: only their order
// matters, and which follow one another.
type ranks struct {
	list []int32
	rank []int
}

func (w *world) ranks(i int) (r ranks) {
	r.list = append(r.list, w.service.pubs[i])
	for _, h := range w.holders[i] {
		if h.live {
			r.list = append(r.list, h.next)
		}
	}
	for _, list := range [][]message{w.link.s2c, w.service.log} {
		for _, m := range list {
			if !m.own() && int(m.ch) == i {
				r.list = append(r.list, m.seq)
			}
		}
	}
	slices.Sort(r.list)
	r.list = slices.Compact(r.list)
	at := 0
	for j := range r.list {
		if j > 0 {
			at += min(2, int(r.list[j]-r.list[j-1]))
		}
		r.rank = append(r.rank, at)
	}
	return r
}

func (r ranks) of(seq int32) int {
	j, _ := slices.BinarySearch(r.list, seq)
	return r.rank[j]
}

func (k *keyer) channel(i int, r ranks) {
	w := k.w
	ch := w.chans[i]
	s := &w.service
	k.bit(w.owed[i], w.evicted[i], w.unheld[i], w.signed(i), ch != nil, w.lateRelease[i] != nil, w.tooBig[i], s.rooms.in[i], s.left[i],
		s.entry != nil && s.entry.in[i], !w.asked[i].IsZero() && w.now.Before(w.asked[i].Add(subscribeTimeout)))
	k.num(r.of(s.pubs[i]))
	k.num(w.burdens[i])
	if ch == nil {
		return
	}
	k.num(int(ch.phase))
	k.at(ch.due, time.Hour)
	for _, n := range []uint16{ch.answers.due, ch.answers.stale, min(ch.answers.heard, 1)} {
		k.num(int(n))
	}
	for _, r := range ch.answers.copies {
		k.num(int(r))
	}
	k.num(int(ch.asks))
	k.at(w.graced[i], time.Hour)
	k.num(int(min(ch.oversize, 2)))
	k.bit(ch.parting == evicted, ch.answers.lost, ch.queued, ch.loss != nil, ch.grantFor != "", ch.grantFor == w.m.socketID, ch.grantFor == w.m.session.SocketID,
		w.lateRelease[i] != nil && *w.lateRelease[i] == ch.generation)
	var holders []int
	for _, h := range w.holders[i] {
		n := 0
		if h.live {
			n = 1 + r.of(h.next)
		}
		n *= 8
		if h.cause {
			n |= 1
		}
		if ch.loss != nil && h.epoch <= ch.loss.Epoch {
			n |= 2
		}
		holders = append(holders, n)
	}
	slices.Sort(holders)
	k.num(len(holders))
	for _, n := range holders {
		k.num(n)
	}
	for _, q := range w.auth {
		if q.ch == ch {
			k.bit(q.lost, q.ticket.Serial == ch.ticket, q.ticket.Generation == ch.generation, q.ticket.SocketID == w.m.socketID)
		}
	}
}

// key tells a state from others.
func (w *world) key(buf []byte) []byte {
	k := &keyer{b: buf[:0], w: w}
	n := len(w.cfg.channels)
	var parts [maxChannels][]byte
	var ranked [maxChannels]ranks
	for i := range n {
		c := &keyer{w: w}
		ranked[i] = w.ranks(i)
		c.channel(i, ranked[i])
		parts[i] = c.b
	}
	place := [maxChannels]int{0, 1}
	if n == 2 && string(parts[1]) < string(parts[0]) {
		place = [maxChannels]int{1, 0}
		parts[0], parts[1] = parts[1], parts[0]
	}
	for i := range n {
		k.b = append(k.b, parts[i]...)
		k.num(-7)
	}
	m, s, l := w.m, &w.service, &w.link
	resumable := m.recovery != None || m.conn == Up || m.conn == Established
	k.num(int(m.conn))
	k.num(int(m.intent))
	k.num(int(m.recovery))
	k.num(m.waiters)
	k.num(m.oversize)
	k.at(m.trialEnds, time.Hour)
	for i := range n {
		if m.tried != nil && m.tried == w.chans[i] {
			k.num(place[i])
		}
	}
	k.num(min(w.faults, w.cfg.faults))
	k.num(w.waiters)
	k.bit(w.first[0] < w.first[1] == (place[0] < place[1]), w.burst >= 0)
	k.bit(m.retry, m.succeeded, m.shown == m.attempt, w.polled, m.socketID == m.session.SocketID, w.id == m.session.SocketID)
	k.bit(w.attempt != nil, w.attempt != nil && w.attempt.resume, w.attempt != nil && w.attempt.cancelled)
	for _, uses := range m.uses {
		k.num(int(uses[0])<<2 | int(uses[1]))
	}
	k.bit(m.health.answered)
	k.at(m.due, time.Hour)
	if !m.since.IsZero() {
		k.at(m.since, m.cfg.StableAfter)
	}
	k.num(int(w.seen.Conn))
	k.bit(w.wasIn, w.doomed, w.deaf, l.up, l.half, l.ending, l.fin, w.shifted)
	k.at(l.quiet, time.Hour)
	for _, r := range l.c2s {
		k.num(int(r.kind))
		if r.kind != ping {
			k.num(place[r.ch])
		}
		k.at(r.at, pingTimeout)
	}
	k.num(-8)
	message := func(m message) {
		k.num(int(m.kind))
		k.at(m.of, pingTimeout)
		switch {
		case m.kind == pong:
			k.num(min(int(w.pings-m.seq), 2))
		case m.own():
			k.num(place[m.ch])
			k.num(int(m.name))
		default:
			k.num(place[m.ch])
			k.num(ranked[m.ch].of(m.seq))
		}
	}
	for _, m := range l.s2c {
		message(m)
	}
	k.num(-9)
	if resumable && s.recovery {
		k.bit(s.holds, s.rooms.own, s.entry != nil, s.entry != nil && s.entry.own, s.offset)
		k.num(s.olds)
		for _, m := range s.log {
			message(m)
		}
	} else {
		k.bit(s.holds, s.rooms.own)
	}
	k.num(-10)
	h := &m.health
	k.bit(h.sent != nil, h.sent != nil && h.sent.abandoned)
	k.num(len(h.waiting))
	if h.sent != nil {
		k.at(h.sentAt, pingTimeout)
	}
	k.at(h.probeAt, time.Hour)
	k.at(w.pingAt, pingTimeout)
	for _, c := range w.calls {
		k.num(min(int(w.pings-c.id), 3))
	}
	for _, q := range w.auth { // for channels that are forgotten
		k.num(w.find(q.ch))
	}
	return k.b
}

// find is where a channel stands in the table, -1 if it is not there.
func (w *world) find(ch *Channel) int { return slices.Index(w.chans[:], ch) }
