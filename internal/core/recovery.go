package core

// Recovery is what the service would restore if the session under way, or the last one, were asked
// for again.
//
// A service keeps an entry of a session when it notices the end of its connection, with the rooms
// of that moment, and neither removes nor renews the entry when it restores it (PROTOCOL:
// Socket.IO's in-memory adapter). So a first connection may always be asked for: either the service
// has noticed its end, and kept its last rooms, or it has not, and refuses. A recovered connection
// whose end the service has not noticed would be restored from the entry of the connection before
// it: rooms joined since are missing, and when the old connection is noticed at last, the rooms of
// the new one, which has the same id, are emptied. Nobody tells of either, and no pong disproves
// it. It may therefore be asked for only if the service is known to have noticed its end.
//
// A resume that was asked for and failed is never asked for again: it would fail in the same way (a
// replay that is too big, or that can't be decoded), or the service may have made a connection of
// it that it still holds.
type Recovery uint8

const (
	None      Recovery = iota // nothing to ask for: connect afresh
	First                     // the session began afresh under its recovery id
	Recovered                 // the session was restored itself
)

func (r Recovery) String() string { return [...]string{"None", "First", "Recovered"}[r] }

// up is the recovery of a new session.
func (s Session) recovery() Recovery {
	switch {
	case !s.Recoverable:
		return None
	case s.Recovered:
		return Recovered
	}
	return First
}

// after is what remains of it when the session has ended.
func (r Recovery) after(e End) Recovery {
	switch {
	case !e.KeepsSession:
		return None
	case r == Recovered && !e.PeerKnows:
		return None
	}
	return r
}

// remember changes what there is to ask for.
func (m *Machine) remember(to Recovery) {
	if m.hooks.remembered != nil && to != m.recovery {
		m.hooks.remembered(m.recovery, to)
	}
	m.recovery = to
}

// A RecoveryMove is one change of what there is to ask for, and what causes it.
type RecoveryMove struct {
	From, To Recovery
	Cause    string
}

// RecoveryMoves are all that there are. A test holds them against every path that it can walk.
var RecoveryMoves = []RecoveryMove{
	{None, First, "a session began that has a recovery id"},
	{First, Recovered, "it was restored"},
	{First, None, "the service ended it for good; or asking for it failed; or it is deaf"},
	{Recovered, First, "the service did not restore it once more: the session is a fresh one"},
	{Recovered, None, "the service ended it for good, or is not known to have noticed its end; or asking for it failed; or it is deaf"},
}
