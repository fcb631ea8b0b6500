package rtx

import (
	"strings"

	"github.com/realtimex/realtimex-go/internal/engineio"
)

// The service sends its own events directly ("topmost"). According to the sources it may also send
// them wrapped in server-event, as all publishers' events come. If the service does not check
// names, a publisher can send a wrapped event with a reserved name, but never a topmost one. So a
// topmost event is always trusted. A wrapped one is trusted only as long as this service has not
// been seen to send such events directly:
//
//   - connection_established, pong and errors are never accepted wrapped. No source has them so.
//   - A refusal is accepted until this service has answered a subscription of such a channel
//     directly (presence channels and others are counted separately). Even then it must be for a
//     channel that is not confirmed on this connection, and it is accepted once for each request
//     and name.
//   - A confirmation is accepted once for each request and name, for a channel that was not
//     confirmed directly on this connection. A forged one does little harm: it only reaches a
//     client that is in the channel. Otherwise a wrapped confirmation is a copy, which may come
//     late and must not confirm the next request. Only its roster is used, for a confirmed channel,
//     and not if the service has sent a roster directly.
//   - A member event is always accepted, because a forged one can't be told from a real one.
//
// What was seen of the service is kept as long as the client.

// direct records what this service has sent directly. Only the reader uses it.
type direct struct {
	answers [2]bool // to subscriptions: of presence channels, and of others
	roster  bool
}

// learn records an internal event that is topmost.
func (s *direct) learn(name string, e *envelope) {
	if answerTo(name) {
		k := kindOf(string(e.channel))
		s.answers[place(k)] = true
		s.roster = s.roster || k == presence && (len(e.payload) >= surelyRoster || hasRoster(e.payload))
	}
}

// place returns the index in direct for channels of that kind.
func place(k kind) int {
	if k == presence {
		return 0
	}
	return 1
}

// surelyRoster is the size in bytes from which on a confirmation counts as one with a roster, which
// is then not looked for.
const surelyRoster = 64 << 10

// hasRoster reports whether a confirmation has a roster, in any of the known forms.
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

// An acceptance says how much of an internal event is accepted.
type acceptance uint8

const (
	ignored acceptance = iota
	copied             // a confirmation that repeats an earlier one, or is forged
	roster             // the same, but its roster is used
	fully
)

// forms counts the wrapped answers that a channel may still receive, by their names. It is guarded
// by the client's lock, and starts anew with each connection.
type forms struct {
	due     [2]uint8
	topmost bool // the service has confirmed the channel directly
}

// asked notes that a request was written.
func (f *forms) asked() {
	for i := range f.due {
		f.due[i] = min(f.due[i]+1, 1<<7)
	}
}

// take uses up one answer, and reports whether there was one left.
func (f *forms) take(presenceName bool) bool {
	i := 0
	if presenceName {
		i = 1
	}
	if f.due[i] == 0 {
		return false
	}
	f.due[i]--
	return true
}

// accept decides how much of an internal event is accepted.
func (c *Client) accept(name string, e *envelope) acceptance {
	known := &c.reader.direct
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
	if known.answers[place(k)] && refusalName(name) {
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
	case !s.forms.topmost:
		return fully
	case known.roster || k != presence:
		return copied
	}
	return roster
}

// presenceAnswer reports whether the name of an answer begins with "presence:" instead of
// "realtimex_internal:".
func presenceAnswer(name string) bool { return strings.HasPrefix(name, "presence:") }
