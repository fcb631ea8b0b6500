package rtx

import (
	"github.com/realtimex/realtimex-go/internal/core"
	"github.com/realtimex/realtimex-go/internal/engineio"
)

// The service sends its own events by themselves ("topmost") or, as the sources allow too, wrapped in server-event, and wrapped is
// how every publisher's event comes. So a publisher can send a channel an event with one of the service's own names, if the
// service does not check; it can't send one that is topmost. What is topmost is the service's word. What is wrapped is believed
// only as far as this service has not shown that it sends such things by themselves:
//
//   - connection_established, pong and errors never are. No source has them wrapped.
//   - A refusal, until this service has answered a subscription of such a channel (presence channels and others apart) topmost.
//     Then for a channel only that is not confirmed on this connection, and once for each request and name.
//   - A confirmation always is, once for each request and name: whoever gets a forged one is in the channel, since it came there.
//     After a topmost answer it brings its roster alone, if it is one of a confirmed channel, and none if the service has sent a
//     roster topmost.
//   - A member that comes or goes always is: nothing tells such a one from a publisher's.
//
// What this service has shown is kept as long as the client.

// habits are what this service has sent by itself. They are the reader's.
type habits struct {
	answers [2]bool // to subscriptions: of presence channels, and of others
	roster  bool
}

// learn takes an internal event that is topmost.
func (s *habits) learn(name string, e *envelope) {
	if answerTo(name) {
		k := kindOf(string(e.channel))
		*s.answer(k) = true
		s.roster = s.roster || k == presence && hasRoster(e.payload)
	}
}

func (s *habits) answer(k kind) *bool {
	if k == presence {
		return &s.answers[0]
	}
	return &s.answers[1]
}

// hasRoster reports whether a confirmation tells who is there, in any of the known forms.
func hasRoster(payload []byte) bool {
	for _, name := range []string{"members", "presence"} {
		if _, ok := engineio.Member(payload, name); ok {
			return true
		}
	}
	state, ok := engineio.Member(payload, "initial_state")
	return ok && hasRoster(state)
}

func memberName(name string) bool {
	return name == evMemberAdded || name == evMemberRemoved || name == evPresenceAdded || name == evPresenceRemoved
}

func answerTo(name string) bool {
	return name == evSucceeded || name == evPresenceSucceeded || refusalName(name)
}

func refusalName(name string) bool { return name == evRefused || name == evPresenceRefused }

// A belief is how far an internal event counts.
type belief uint8

const (
	ignored belief = iota
	roster         // of a confirmation, the roster alone
	fully
)

// forms counts the wrapped answers that a channel may still get, by their names. It belongs to the client's lock, and to the
// connection: the next one begins anew.
type forms [2]uint8

// asked notes that a request is written.
func (f *forms) asked() {
	for i := range f {
		f[i] = min(f[i]+1, 1<<7)
	}
}

// take uses one up, and reports whether there was one.
func (f *forms) take(presenceName bool) bool {
	i := 0
	if presenceName {
		i = 1
	}
	if f[i] == 0 {
		return false
	}
	f[i]--
	return true
}

// believe judges an internal event.
func (c *Client) believe(name string, e *envelope) belief {
	known := &c.reader.habits
	switch {
	case e.topmost:
		known.learn(name, e)
		return fully
	case memberName(name):
		return fully
	case !answerTo(name):
		return ignored
	}
	k := kindOf(string(e.channel))
	answered := *known.answer(k)
	if answered && refusalName(name) {
		return ignored
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.subs[string(e.channel)]
	switch {
	case s == nil || !s.forms.take(presenceAnswer(name)):
		return ignored
	case refusalName(name):
		if s.Phase().Live() {
			return ignored
		}
		return fully
	case !answered || s.Phase() != core.Joined:
		return fully
	case known.roster || k != presence:
		return ignored // the usual case: a copy, or a forgery
	}
	return roster
}
