package core

import "time"

// complete lets the world go on as well as it can: the service answers, the authorizer grants,
// attempts succeed. What is wanted must come about then, and events must flow.
func (w *world) complete() {
	w.faults = w.cfg.faults
	began := w.now
	for range 80 {
		if w.bad != "" || w.over() {
			return
		}
		if w.better() {
			continue
		}
		if w.settled() {
			break
		}
		if w.now.Sub(began) > time.Hour {
			break
		}
		w.wait()
	}
	w.check()
	if w.bad != "" || w.over() {
		return
	}
	if !w.settled() {
		w.fail("it does not come to rest")
		for i, ch := range w.chans {
			if ch != nil {
				w.bad += "; " + w.cfg.channels[i] + " is " + ch.phase.String()
			}
		}
		return
	}
	if w.waiters > 0 {
		w.fail("somebody waits in Connect for ever")
	}
	for i := range w.cfg.channels {
		w.completed(i)
	}
	w.answerPings()
}

// answerPings holds that no ping waits for ever behind one that its caller has given up.
func (w *world) answerPings() {
	for n := 0; w.cfg.pongs && len(w.calls) > 0 && w.bad == ""; n++ {
		if c := w.calls[0]; c.id != 0 {
			w.calls = w.calls[1:]
			w.m.Abandon(c.p)
			n = 0
		}
		if !w.better() {
			w.wait()
		}
		if n > 20 {
			w.fail("a ping waits for ever")
		}
	}
}

// better has one thing happen that brings the world nearer to its rest, and reports whether there
// was one.
func (w *world) better() bool {
	was := w.m.conn
	switch {
	case !w.polled:
	case w.attempt != nil && w.attempt.cancelled:
		w.dialFailed(Failure{Err: errGivenUp})
	case w.attempt != nil:
		w.dialed()
	case w.link.ending:
		w.endedOnRequest()
	case w.link.fin:
		w.ended(End{PeerKnows: true, KeepsSession: true})
	case was == Idle:
		w.connect(true)
	case was == Up && !w.link.half:
		w.established(w.m.session.SocketID)
	case len(w.auth) > 0:
		q := w.answered(0)
		w.granted(q)
	case w.processing() || len(w.link.s2c) > 0:
		w.drain()
	default:
		return false
	}
	w.settle()
	w.poll(w.signs())
	return true
}

// settled reports whether all is as it is wanted.
func (w *world) settled() bool {
	if w.m.conn != Established || w.link.half || w.link.ending {
		return false
	}
	for i, ch := range w.chans {
		if len(w.holders[i]) > 0 && ch.phase != Joined || len(w.holders[i]) == 0 && ch != nil {
			return false
		}
	}
	return true
}

// completed holds that the channel is on both sides what it is wanted to be.
func (w *world) completed(i int) {
	name := w.cfg.channels[i]
	if len(w.holders[i]) == 0 {
		if w.service.rooms.in[i] && !w.service.left[i] {
			w.fail("nothing holds %s, and the service has it for us for ever", name)
		}
		return
	}
	if w.owed[i] {
		w.fail("%s was restored, and the service has not confirmed that", name)
	}
	if !w.service.rooms.in[i] {
		w.fail("%s is held and Joined, and the service does not have it for us", name)
	}
	w.service.publish(&w.link, w.now, int8(i), event)
	w.drain()
	for _, h := range w.holders[i] {
		if h.next != w.service.pubs[i] {
			w.fail("a stream on %s does not get an event that is published when all is well", name)
		}
	}
}
