package core

import (
	"strings"
	"testing"
)

// TestRegressions has the shortest path to each fault that the explorer found, and to those that
// the machine was made to exclude.
func TestRegressions(t *testing.T) {
	for _, r := range []struct{ fault, kind, schedule string }{
		{"a recovered session is asked for whose end the service has not noticed, and loses its rooms late", "recovered",
			"connect, ok, hold a, poll, drain, service closes, ok, drain, reset, ok, (noticed late), publish a"},
		{"a recovered session is asked for whose end the service has not noticed, and misses what was joined since", "recovered",
			"connect, ok, hold a, poll, drain, service closes, ok, drain, hold b, poll, drain, half-open, publish b, reconnect, ended, ok, publish b"},
		{"a session is asked for that the service ended for good", "recovered",
			"connect, ok, hold a, poll, drain, service closes, ok, drain, hold b, publish a, drain, disconnected, publish b"},
		{"a session is asked for again whose replay is too large", "too much",
			"connect, ok, hold a, poll, drain, publish too much a, deliver, ok, ok"},
		{"a session is asked for again that the service restored unheard", "recovered",
			"connect, ok, hold a, poll, drain, reset, noticed, wait, dial cut, ok, (noticed late), publish a"},
		{"one of two that wait in Connect gives up, and ends the attempt", "connection", "connect, connect, give up"},
		{"one that comes to Connect after another gave up is told why", "connection", "connect, give up, connect"},
		{"one that comes to Connect after another gave up loses the connection", "connection", "connect, give up, connect, dialed"},
		{"a pong is taken for that of the next ping after one was abandoned", "health without recovery",
			"connect, ok, ping, poll, ping, abandon, poll"},
		{"a ping waits for ever behind one that nobody waits for", "health", "connect, ok, do not answer, ping"},
		{"a channel is restored that lost more than one connection", "recovered",
			"connect, ok, hold a, poll, drain, service closes, ok, drain, reset, publish a, ok, reconnect"},
		{"a stream that came after a loss is told of it", "recovery", "connect, ok, hold a, poll, drain, reset, release a, hold a"},
		{"an answer to a request from before an unsubscribe confirms the one after it", "stale",
			"connect, ok, hold a, publish a, release a, accept, hold a, accept, deliver, publish a"},
		{"the first copy that the service ever sends is taken for the answer to the next request", "first copies",
			"connect, ok, hold presence-a, publish presence-a, refuse, deliver, hold presence-a"},
		{"a channel is taken for restored whose refusal was lost with the connection before", "grace with refusals",
			"connect, ok, hold a, poll, drain, publish a, drain, service closes, ok, refuse, service closes, evict a, wait, dialed, hold a, publish a"},
		{"a restored channel whose last request was not answered is asked for twice at once", "grace",
			"connect, ok, hold a, poll, accept, refuse, drain, hold a, poll, drain, release a, wait, drain, hold a, release a, service closes, ok, wait, " +
				"hold a, publish a, release a, accept, do not answer, hold a, wait, drain, release a, service closes, ok, hold a"},
		{"a channel is forgotten that was held anew while nobody knew whether the service still had it", "signed",
			"connect, ok, hold private-a, drain, grant, drain, service closes, ok, service closes, evict private-a, wait, hold private-a, dialed, " +
				"evict private-a"},
		{"a channel that an earlier connection may have left with the service is forgotten", "signed",
			"connect, ok, hold b, drain, service closes, ok, service closes, can't write b"},
		{"a channel is confirmed because answers came that may have been its own", "one name",
			"connect, ok, hold a, wait, evict a, accept, accept, hold a, accept, deliver, overlook, wait, overlook"},
		{"a signature for streams that are gone is taken for those that came after", "signed",
			"connect, ok, hold private-a, poll, evict private-a, hold private-a, grant"},
		{"a hold of a channel that is forgotten counts for the next of that name", "answers",
			"connect, ok, hold a, evict a, hold a, release late a"},
		{"channels are asked for in another order than they were held", "recovery",
			"connect, ok, hold a, poll, drain, reset, hold b"},
		{"a channel is forgotten that the service confirmed after it refused another request", "one name",
			"connect, ok, hold a, wait, refuse, drain"},
		{"a channel is asked for twice after it was given up and held again at once", "one name",
			"connect, ok, hold a, poll, drain, refresh a, poll, evict a, hold a"},
		{"a channel is asked for twice within its grace", "grace",
			"connect, ok, hold a, poll, drain, refresh a, poll, release a, hold a, refresh a"},
		{"a loss is told from when the client learned of it", "answers",
			"connect, ok, hold a, wait, accept, refuse for now, deliver, publish a, wait"},
		{"a loss that a restored session tells of is told from the restoration", "grace with refusals",
			"connect, ok, hold a, poll, drain, refresh a, publish a, refuse for now, service closes, wait, wait, ok"},
		{"a channel is forgotten that can't be asked for once more", "signed",
			"connect, ok, hold b, drain, service closes, can't write b"},
		{"a channel is left before its grace is over, because it was held in between", "grace",
			"connect, ok, hold a, poll, drain, refresh a, poll, release a, hold a, release a"},
		{"a restored channel is not asked for again, because it was released and held in between", "grace",
			"connect, ok, hold a, poll, drain, service closes, wait, dialed, release a, hold a"},
		{"a channel has an untold loss after a restoration that nothing held", "restore",
			"connect, ok, hold a, poll, drain, service leaves, fin, release a, wait, dialed, hold a"},
		{"the copy of a refusal is taken for that of the next request", "copies",
			"connect, ok, hold a, poll, drain, release a, poll, drain, hold a, poll, refuse, deliver, hold a"},
		{"a refusal under another name than the confirmation is taken for its copy", "mixed",
			"connect, ok, hold a, poll, drain, release a, poll, drain, hold a, wait, accept, refuse"},
		{"a channel is dropped that was held again before the end of its leaving was seen", "health",
			"connect, ok, half-open, wait, hold a, wait, wait, hold a, poll late"},
		{"a channel is evicted and kept for a grace that is over", "grace",
			"connect, ok, hold a, poll, drain, release a, hold a, evict a, poll"},
		{"a channel within its grace is not left on request", "grace",
			"connect, ok, hold a, poll, drain, release a, poll, evict a, poll"},
		{"a channel that was evicted during an outage is kept for its grace once it is restored", "grace",
			"connect, ok, hold a, poll, drain, service closes, evict a, ok"},
		{"a channel that is evicted in the instant of a refresh is asked for once more", "grace",
			"connect, ok, hold a, poll, drain, refresh a, evict a, poll"},
		{"a channel that is evicted in the instant of its confirmation is kept for its grace", "grace",
			"connect, ok, hold a, poll, accept, evict a, deliver"},
		{"messages that are too large and tell no channel end one connection after the other", "too much",
			"connect, ok, hold a, hold b, poll, accept, accept too much, deliver, deliver, ok, ok, accept too much, deliver, ok, ok, " +
				"accept too much, deliver, (ok), (ok), (accept too much), (deliver), (ok), (ok), (accept too much), (deliver)"},
		{"a message for a channel that was left ends the subscription of the next", "too much",
			"connect, ok, hold a, poll, accept, accept too much, deliver, deliver, ok, ok, accept too much, deliver, ok, ok, " +
				"accept too much, release a, hold b, wait, deliver"},
		{"a channel that could not be asked for waits for the next look while an old answer is due", "signed",
			"connect, ok, hold private-a, wait, deny, hold private-a, wait, grant, evict private-a, publish private-a, " +
				"hold private-a, can't write private-a, wait, grant"},
		{"a refusal that was restored, and a confirmation after it, leave the service with a channel that nobody holds", "grace with refusals",
			"connect, ok, hold a, poll, accept, refuse, drain, hold a, poll, drain, release a, wait, drain, hold a, wait, accept, deliver, " +
				"refresh a, refuse, accept, service closes"},
		{"an unsubscribe is written before the socket id is settled", "grace",
			"connect, ok, hold a, poll, drain, release a, poll, service closes, wait, dialed, renew a"},
	} {
		t.Run(r.fault, func(t *testing.T) {
			replay(t, r.kind, strings.Split(r.schedule, ", ")...)
		})
	}
}
