package core

import "fmt"

// A Phase is how far the subscription of a channel has come.
type Phase uint8

const (
	Unwanted    Phase = iota // nothing holds it, and the service does not have it for us
	Parked                   // wanted; nothing is under way on this connection
	Authorizing              // the authorizer is at work on it, for this connection's socket id
	Backoff                  // authorizing or subscribing failed in a way that can be retried; tried again when due
	Requested                // subscribe is written; the answer is due
	Joined                   // confirmed: events flow
	Refreshing               // as Joined, and asked for once more: after a recovery, or for the roster
	Suspended                // was Joined when the connection was lost; the service may restore it
	Leaving                  // left; answers to requests from before that may still come
)

// Phases are all phases, in order.
var Phases = []Phase{Unwanted, Parked, Authorizing, Backoff, Requested, Joined, Refreshing, Suspended, Leaving}

var phaseNames = [...]string{
	"Unwanted", "Parked", "Authorizing", "Backoff", "Requested", "Joined", "Refreshing", "Suspended", "Leaving",
}

func (p Phase) String() string {
	if int(p) < len(phaseNames) {
		return phaseNames[p]
	}
	return fmt.Sprintf("Phase(%d)", p)
}

// Live reports whether events of a channel in this phase are delivered.
func (p Phase) Live() bool { return p == Joined || p == Refreshing }

// A Move is one step of a channel from phase to phase, and what causes it.
type Move struct {
	From, To Phase
	Cause    string
}

// Moves are all moves that there are. A test holds them against every path that it can walk.
var Moves = []Move{
	{Unwanted, Parked, "something holds the channel"},
	{Parked, Unwanted, "nothing holds it any more"},
	{Parked, Authorizing, "the channel needs a signature for this socket id"},
	{Parked, Requested, "subscribe is written"},
	{Parked, Joined, "the service refused one request for it and confirmed another, which was on its way"},
	{Parked, Leaving, "nothing holds it any more, and answers are outstanding"},
	{Authorizing, Parked, "the authorizer granted it, or its outcome is of no use any more; or the connection was lost"},
	{Authorizing, Backoff, "the authorizer failed in a way that can be retried"},
	{Backoff, Parked, "the time is up; or the connection was lost"},
	{Backoff, Joined, "the service confirmed another request, which was on its way"},
	{Backoff, Unwanted, "nothing holds it any more"},
	{Backoff, Leaving, "nothing holds it any more, and answers are outstanding"},
	{Requested, Requested, "the first request was not answered in time: subscribe is written again"},
	{Requested, Joined, "the service confirmed it"},
	{Requested, Backoff, "the service refused it with a code that can be retried; or two requests for a channel that was confirmed before were not answered"},
	{Requested, Parked, "the service refused it for good, or two requests were not answered: its holders are evicted; or the connection was lost"},
	{Requested, Unwanted, "it can't be asked for again, and an earlier connection may have left it with the service: unsubscribe is written"},
	{Requested, Leaving, "nothing holds it any more: unsubscribe is written"},
	{Joined, Refreshing, "a room needs the roster"},
	{Joined, Parked, "the service refused it for good: its holders are evicted"},
	{Joined, Backoff, "the service refused it with a code that can be retried"},
	{Joined, Suspended, "the connection was lost"},
	{Joined, Unwanted, "nothing holds it any more: unsubscribe is written"},
	{Joined, Leaving, "nothing holds it any more: unsubscribe is written; answers are outstanding"},
	{Refreshing, Refreshing, "the answer is overdue: subscribe is written again"},
	{Refreshing, Joined, "the service confirmed it; or did not, and nothing holds it any more: it is left next"},
	{Refreshing, Parked, "the service refused it for good: its holders are evicted; or its signature was for another socket id; or it is held anew, and not asked for yet, whose last request no connection saw answered"},
	{Refreshing, Requested, "a restored channel is held anew whose last request no connection saw answered"},
	{Refreshing, Backoff, "the service refused it with a code that can be retried"},
	{Refreshing, Suspended, "the connection was lost"},
	{Refreshing, Unwanted, "nothing holds it any more: unsubscribe is written"},
	{Refreshing, Leaving, "nothing holds it any more: unsubscribe is written; answers are outstanding"},
	{Suspended, Refreshing, "the service restored the session"},
	{Suspended, Parked, "the session is a fresh one; or its messages ended two connections: its holders are evicted"},
	{Suspended, Unwanted, "the session is a fresh one, and nothing holds the channel"},
	{Leaving, Parked, "something holds it again"},
	{Leaving, Unwanted, "the answers came, or will not come; or the connection was lost"},
}
