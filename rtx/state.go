package rtx

import (
	"context"
	"time"

	"github.com/realtimex/realtimex-go/internal/core"
	"github.com/realtimex/realtimex-go/internal/stream"
)

// A State is where a client stands with its connection.
type State uint8

const (
	Idle         State = iota // Connect was not called yet, or its attempt failed and may be made again
	Connecting                // the first connection is being made
	Connected                 // the socket id is known; subscriptions go out
	Reconnecting              // a connection was lost; the next attempt is under way or waits for its time
	Closed                    // Close was called
	Failed                    // the service refused the client for good, a wrong API key for one
)

var stateNames = [...]string{"idle", "connecting", "connected", "reconnecting", "closed", "failed"}

func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "unknown"
}

// A StateChange is one step of a client's connection.
type StateChange struct {
	State     State
	SocketID  string        // Connected: the id that signatures are made for
	Recovered bool          // Connected: the service kept the session; nothing was missed
	Attempt   int           // Connecting, Reconnecting: which attempt, from 1
	Delay     time.Duration // Connecting, Reconnecting: how long after At that attempt begins
	Err       error         // Idle, Reconnecting, Failed: what ended the connection or the attempt before
	At        time.Time
}

// stateBuffer is how far behind a reader of States may fall before it sees the latest changes only.
const stateBuffer = 64

// States opens a stream of the connection's states. It starts with the current one; a reader who keeps up sees every
// change, one who falls more than 64 behind loses the oldest ones, and no reader misses the latest. It has no gaps.
// It ends with the context, its Close, Drain, and after the last state when the client ends; Err says why, as for On.
func (c *Client) States(ctx context.Context) *Stream[StateChange] {
	const name = "states"
	if !c.made() {
		return failed[StateChange](name, errNoClient)
	}
	cfg := stream.Config{Capacity: stateBuffer, NoGaps: true}
	return c.watches.stream(ctx, c, name, cfg, func() []StateChange { return []StateChange{c.state} })
}

// shown is how the machine's state is shown to users.
func shown(s *core.State) StateChange {
	change := StateChange{
		SocketID: s.SocketID, Recovered: s.Recovered, Attempt: s.Attempt, Delay: s.Delay, Err: s.Err, At: s.At,
	}
	switch s.Conn {
	case core.Idle:
		change.State = Idle
	case core.Established:
		change.State = Connected
	case core.Closed:
		change.State = Closed
	case core.Failed:
		change.State = Failed
	default:
		change.State = Connecting
		if s.Succeeded {
			change.State = Reconnecting
		}
	}
	return change
}

// showLocked shows a change to the watchers, and takes the client out of use if it is the last one. It is done under the
// lock, because the order of the changes is the machine's and a push never blocks.
func (c *Client) showLocked(s *core.State) *ending {
	c.state = shown(s)
	c.watches.tell(c.state)
	switch s.Conn {
	case core.Established:
		c.stats.connects.Add(1)
		c.lapses.settled()
	case core.Closed:
		return c.endLocked(nil)
	case core.Failed:
		return c.endLocked(s.Err)
	}
	return nil
}

// State returns where the connection stands now.
func (c *Client) State() State {
	if !c.made() {
		return Closed
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.machine.State(c.state.At)
	return shown(&s).State
}

// SocketID returns the id of the current connection, for which signatures are made; "" while not connected.
func (c *Client) SocketID() string {
	if !c.made() {
		return ""
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.machine.SocketID()
}
