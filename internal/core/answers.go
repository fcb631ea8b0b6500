package core

import "strings"

// The service answers a subscribe with a confirmation or a refusal that names the channel and not
// the request. Answers come in the order of the requests, and some do not come. So they are
// counted.
//
// What an answer must never do is to confirm a request that was written after an unsubscribe while
// it belongs to one from before: between the two the service does not have us. What was outstanding
// at the unsubscribe is therefore stale, and that many answers are passed over. Of the requests
// since, any answer will do.
//
// Each answer can come under two names (the realtimex_internal: and the presence: one). A service
// may use either or both, and confirm under others than it refuses. With both, one comes soon after
// the other, before the next answer for that channel: what says under one name what came last under
// the other is its copy, and no answer.

// A Name is one of the two names under which the service sends an answer.
type Name uint8

const (
	Internal Name = iota // realtimex_internal:subscription_succeeded, …_error
	Presence             // presence:subscription_succeeded, …_error
	names
)

// A reply is what an answer says.
type reply uint8

const (
	confirms reply = iota + 1
	refuses
)

// answers are those to the requests of one channel.
type answers struct {
	due    uint16       // to come, to requests since the last unsubscribe
	stale  uint16       // to come, to requests from before it
	heard  uint16       // stale ones that came since the channel was requested
	copies [names]reply // the answer whose copy may come under that name; zero: none
	lost   bool         // an earlier connection ended before the answer to the last request came, which may be a refusal
}

const maxAnswers = 1 << 15

// asked notes one more request.
func (a *answers) asked() { a.due = min(a.due+1, maxAnswers) }

// unwritten takes back the last request.
func (a *answers) unwritten() { a.due = max(a.due, 1) - 1 }

// left makes what is outstanding stale.
func (a *answers) left() { a.due, a.stale, a.lost = 0, min(a.stale+a.due, maxAnswers), false }

// take takes one answer, and reports whether it belongs to a request since the last unsubscribe,
// and whether such a request was still unanswered: else it comes without one, or from a connection
// before this one.
func (a *answers) take(n Name, r reply) (current, awaited bool) {
	copied := a.copies[n] == r
	a.copies[n] = 0
	if copied {
		return false, false
	}
	for o := range a.copies {
		if Name(o) != n {
			a.copies[o] = r
		}
	}
	switch {
	case a.stale > 0:
		a.stale--
		a.heard = min(a.heard+1, maxAnswers)
		return false, false
	case a.due > 0:
		a.due--
		a.lost = false
		return true, true
	}
	return true, false
}

// A use is what is known of a name: whether this service answers under it.
type use uint8

const (
	unknown use = iota
	used
	unused // on presence channels, a copy under that name was waited for, and did not come
)

// use returns what is known of the names of the answers that ch gets. The presence: names are those
// of presence channels, so that on others a copy is waited for once one has come.
func (m *Machine) use(ch *Channel) *[names]use {
	if strings.HasPrefix(ch.Name, "presence-") {
		return &m.uses[0]
	}
	return &m.uses[1]
}

// expecting reports whether an answer may still come, or the copy of one under a name that this
// service may use.
func (m *Machine) expecting(ch *Channel) bool {
	for n, r := range ch.answers.copies {
		if r != 0 && m.use(ch)[n] != unused {
			return true
		}
	}
	return ch.answers.due > 0 || ch.answers.stale > 0
}

// unanswered notes that nothing more comes for ch. A name under which no answer was ever seen is
// not waited for again.
func (m *Machine) unanswered(ch *Channel) {
	for n, r := range ch.answers.copies {
		if name := &m.use(ch)[n]; r != 0 && *name == unknown {
			*name = unused
		}
	}
}
