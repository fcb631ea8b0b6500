package core

// The service answers a subscribe with a confirmation or a refusal that names the channel and not the request. Answers
// come in the order of the requests, and some do not come. Each answer can come under two names (the realtimex_internal:
// and the presence: one), and a service may send either or both. So answers are counted, for each name apart.
//
// What an answer must never do is to confirm a request that was written after an unsubscribe while it belongs to one
// from before: between the two the service does not have us. What was outstanding at the unsubscribe is therefore stale,
// and that many answers are passed over. Of the requests since, any answer will do.

// A Name is one of the two names under which the service sends an answer.
type Name uint8

const (
	Internal Name = iota // realtimex_internal:subscription_succeeded, …_error
	Presence             // presence:subscription_succeeded, …_error
	names
)

// answers counts those to come under one name.
type answers struct {
	due   uint16 // to requests since the last unsubscribe
	stale uint16 // to requests from before it
	heard uint16 // stale ones that came since the channel was requested
}

const maxAnswers = 1 << 15

// asked notes one more request.
func (ch *Channel) asked() {
	for i := range ch.answers {
		ch.answers[i].due = min(ch.answers[i].due+1, maxAnswers)
	}
}

// answered takes one answer, and reports whether it belongs to a request since the last unsubscribe, and whether such a
// request was still unanswered: else it comes without one, or from a connection before this one. The copy under the
// second name of an answer that came under the first belongs to none: a refusal would be taken for that of the next request.
func (ch *Channel) answered(n Name) (current, awaited bool) {
	a := &ch.answers[n]
	if a.stale > 0 {
		a.stale--
		a.heard = min(a.heard+1, maxAnswers)
		return false, false
	}
	if a.due == 0 {
		return true, false
	}
	copied := a.due > min(ch.answers[Internal].outstanding(), ch.answers[Presence].outstanding())
	a.due--
	return !copied, !copied
}

// outstanding counts all that are to come.
func (a answers) outstanding() uint16 { return a.due + a.stale }

// left makes what is outstanding stale.
func (ch *Channel) left() {
	for i := range ch.answers {
		a := &ch.answers[i]
		a.due, a.stale = 0, min(a.stale+a.due, maxAnswers)
	}
}

// heard reports whether stale answers came since the channel was requested, or last asked for because of that: one of those
// can have been the answer, if an earlier one never came.
func (ch *Channel) heard() bool { return ch.answers[Internal].heard+ch.answers[Presence].heard > 0 }

func (ch *Channel) unheard() {
	for i := range ch.answers {
		ch.answers[i].heard = 0
	}
}

// outstanding reports whether an answer to a request since the last unsubscribe is still to come. Either name will do.
func (ch *Channel) outstanding() bool {
	return ch.answers[Internal].due > 0 && ch.answers[Presence].due > 0
}

// stale reports whether an answer from before the last unsubscribe may still come, under a name that this service uses.
func (m *Machine) stale(ch *Channel) bool {
	return m.expects(ch, func(a answers) bool { return a.stale > 0 })
}

// expecting reports whether any answer may still come, under a name that this service uses.
func (m *Machine) expecting(ch *Channel) bool {
	return m.expects(ch, func(a answers) bool { return a.outstanding() > 0 })
}

func (m *Machine) expects(ch *Channel, some func(answers) bool) bool {
	none := true
	for i, a := range ch.answers {
		if m.seen[i] {
			none = false
			if some(a) {
				return true
			}
		}
	}
	return none && some(ch.answers[Internal])
}
