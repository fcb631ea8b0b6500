package transport

import "time"

// A Handler is the owner of a [Supervisor]: it is told what happens to the
// link, and asked what to do with it.
//
// All methods but Receive are called on the supervisor's goroutine, one at a
// time; Receive is called on the reader's. None may call Connect or Close of
// the supervisor: these wait for the goroutine that would be calling them. For
// each session the order is Up, then any number of Receive and Work, then Down;
// the next session begins after Down has returned.
type Handler interface {
	// Dialing is called before each dial. Attempts count from 1 and begin anew
	// after a session that proved stable.
	Dialing(attempt int)

	// Resume is asked before each dial for the session to take up again.
	Resume() Resume

	// Up gives the session on which CONNECT was answered, before any packet of
	// it is received.
	Up(s Session)

	// Receive gets every packet, in order, on the reader's goroutine. The
	// packet is valid until Receive returns. An error ends the session as a bad
	// frame does: the server is told of a protocol error, and Down gets it.
	Receive(s Session, p Packet) error

	// Work writes what is due, such as subscriptions. It is called after Up,
	// after each Wake, and at the time it returned last (the zero time: not
	// before the next Wake). An error ends the session with it.
	Work(s Session, now time.Time) (next time.Time, err error)

	// Down tells that the session is closed, its reader gone and waited for,
	// and why.
	Down(s Session, cause error)

	// Retrying tells that the next dial follows after delay, and why the last
	// attempt, or the last session, ended.
	Retrying(attempt int, delay time.Duration, cause error)
}
