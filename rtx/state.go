package rtx

import (
	"time"

	"github.com/realtimex/realtimex-go/internal/core"
)

// A State is the state of a client's connection.
type State uint8

const (
	StateIdle         State = iota // Connect was not called, or may be called again
	StateConnecting                // the first connection is being made
	StateConnected                 // the socket id is known; subscriptions go out
	StateReconnecting              // the connection was lost; attempts follow with back-off
	StateClosed                    // Close was called
	StateFailed                    // the service refused the client for good, e.g. its API key
)

var stateNames = [...]string{"idle", "connecting", "connected", "reconnecting", "closed", "failed"}

func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "unknown"
}

// A StateChange is one change of the state of a client's connection.
type StateChange struct {
	State     State
	SocketID  string        // Connected: the id that signatures are made for
	Transport Transport     // Connected: what carries the connection; see also Client.Transport
	Recovered bool          // Connected: the service restored the session, and nothing was missed
	Attempt   int           // Connecting, Reconnecting: the number of the attempt, from 1
	Delay     time.Duration // Connecting, Reconnecting: the attempt begins this long after At
	Err       error         // Idle, Reconnecting, Failed: why the attempt or the connection ended
	At        time.Time     // when it happened, by the local clock
}

// shown turns the machine's state into the public one.
func shown(s *core.State) StateChange {
	change := StateChange{
		SocketID: s.SocketID, Recovered: s.Recovered, Attempt: s.Attempt, Delay: s.Delay, Err: s.Err, At: s.At,
	}
	switch s.Conn {
	case core.Idle:
		change.State = StateIdle
	case core.Established:
		change.State = StateConnected
	case core.Closed:
		change.State = StateClosed
	case core.Failed:
		change.State = StateFailed
	default:
		change.State = StateConnecting
		if s.Succeeded {
			change.State = StateReconnecting
		}
	}
	return change
}
