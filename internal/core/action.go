package core

import (
	"fmt"
	"time"
)

// An Op is what an [Action] asks for.
type Op uint8

const (
	Dial         Op = iota + 1 // make an attempt to connect; Resume: ask for the lost session. Then Dialed or DialFailed
	CancelDial                 // end the attempt under way, with Err. Then DialFailed, or Dialed if it was too late
	EndSession                 // end the session, with Err. Then Ended
	Show                       // the connection's State has changed
	Reached                    // what calls of Connect wait for has come, or, with Err, will not
	Subscribe                  // write a subscribe for Channel
	Unsubscribe                // write an unsubscribe for Channel
	WritePing                  // write an application-level ping
	Authorize                  // ask the authorizer about Channel. Then Granted, AuthFailed or Denied, with the Ticket
	Confirmed                  // Channel is joined now
	TellLoss                   // tell the holders of Channel that were there before Loss of it
	EvictHolders               // end what held Channel in Ticket.Generation, with Err; Joined: its events were delivered before
	Changed                    // whoever waits for Channel should look again
	Stale                      // the roster of Channel, of every one if it is nil, is out of date, and who waits should look again
	Kept                       // the service restored Channel: its roster is what it was, but for later news; who waits should look
	Retrying                   // what was tried for Channel failed with Err and is tried again
	Ponged                     // Ping was answered after RTT
	Forget                     // nothing is known of Channel any more
)

var opNames = [...]string{
	Dial: "Dial", CancelDial: "CancelDial", EndSession: "EndSession", Show: "Show", Reached: "Reached",
	Subscribe: "Subscribe", Unsubscribe: "Unsubscribe", WritePing: "WritePing", Authorize: "Authorize",
	Confirmed: "Confirmed", TellLoss: "TellLoss", EvictHolders: "EvictHolders", Changed: "Changed", Stale: "Stale", Kept: "Kept",
	Retrying: "Retrying", Ponged: "Ponged", Forget: "Forget",
}

func (o Op) String() string {
	if o > 0 && int(o) < len(opNames) {
		return opNames[o]
	}
	return fmt.Sprintf("Op(%d)", o)
}

// An Action is one thing to be done. Only the fields that its Op names are set.
type Action struct {
	Op      Op
	Resume  bool // Dial
	Joined  bool // EvictHolders
	Channel *Channel
	Ticket  Ticket        // Authorize, EvictHolders
	Loss    Loss          // TellLoss
	Err     error         // CancelDial, EndSession, Reached, EvictHolders, Retrying
	State   *State        // Show
	Ping    *Ping         // Ponged
	After   time.Duration // Retrying: how long until then; Ponged: the round trip
}

// A Loss is a time without a channel that was confirmed before.
type Loss struct {
	Epoch uint64    // holders of this epoch and earlier ones are concerned
	Since time.Time // not later than the first event that can be missing
}

// A Ticket is one question to the authorizer, and names its outcome.
type Ticket struct {
	Serial     uint64
	Generation uint64 // the channel's when it was asked
	SocketID   string // what the signature is for
}

// A Conn is how far the connection has come.
type Conn uint8

const (
	Idle        Conn = iota // nobody wants a connection
	Dialing                 // an attempt is under way
	Up                      // the service answered CONNECT; the socket id is not settled
	Established             // the socket id is known: subscriptions go out
	Waiting                 // for the time of the next attempt
	Closed                  // for good, on request
	Failed                  // for good: the service refused the client
)

// Conns are all of them, in order.
var Conns = []Conn{Idle, Dialing, Up, Established, Waiting, Closed, Failed}

var connNames = [...]string{"Idle", "Dialing", "Up", "Established", "Waiting", "Closed", "Failed"}

func (c Conn) String() string {
	if int(c) < len(connNames) {
		return connNames[c]
	}
	return fmt.Sprintf("Conn(%d)", c)
}

// A State is what is shown of the connection.
type State struct {
	Conn      Conn
	SocketID  string        // Established
	Recovered bool          // Established
	Attempt   int           // Dialing, Waiting: which attempt, from 1
	Delay     time.Duration // Waiting: how long until it begins
	Err       error         // Idle, Waiting, Failed: what ended the connection or the attempt before
	Succeeded bool          // a connection was established before
	At        time.Time
}
