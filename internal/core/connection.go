package core

import (
	"fmt"
	"time"
)

// connection is the machine's part on the connection.
type connection struct {
	conn      Conn
	attempt   int
	succeeded bool // a connection was established before
	waiters   int  // calls of Connect that wait for one
	retry     bool // one of them asked for retries
	intent    intent
	session   Session
	since     time.Time // when the connection was established; zero: it is not
	lastHeard time.Time // of the connection before: not later than the first thing that was missed
	socketID  string    // what signatures are made for; "" if it is not known
	recovery  Recovery
	due       time.Time // Waiting: when to dial; Up: when the socket id is settled without the service's word
	shown     int       // the attempt that was shown last
	err       error     // why the last attempt or connection ended
}

// An intent is why the attempt or the session under way was told to end.
type intent uint8

const (
	none   intent = iota
	giveUp        // nobody waits for it any more
	redial        // a new connection is wanted at once
	ill           // it is not healthy
)

// A Session is what the handshake of a connection found.
type Session struct {
	SocketID     string // of the CONNECT answer
	Recoverable  bool   // it has a recovery id
	Recovered    bool   // it is the lost session
	PingInterval time.Duration
	PingTimeout  time.Duration
}

// LinkTimeout is how long the link may be silent before it counts as dead; 0: for ever.
func (s Session) LinkTimeout() time.Duration { return s.PingInterval + s.PingTimeout }

// A Verdict is whether a failure can be retried.
type Verdict uint8

const (
	Soon    Verdict = iota // the next attempt may succeed
	Slowly                 // it can be retried, but seldom soon
	Refused                // the service does not want this client
)

// A Failure is why an attempt failed.
type Failure struct {
	Err     error
	Verdict Verdict
	After   time.Duration // what the service asked to wait; 0: nothing
	Resumed bool          // the lost session was asked for
}

// An End is how a connection ended.
type End struct {
	Err          error
	PeerKnows    bool      // the service is known to have noticed it
	KeepsSession bool      // the service may keep the session for recovery
	LastHeard    time.Time // when the last byte was read; the machine makes it the time since which something may be missing
	TooLarge     bool      // a message was larger than the client takes
	Culprit      *Channel  // whose message that was; nil: it is not known
	Blame        error     // what the holders of the channel get if it happens again
}

// Conn returns how far the connection has come.
func (m *Machine) Conn() Conn { return m.conn }

// SocketID returns the id that signatures are made for; "" while the connection is not Established.
func (m *Machine) SocketID() string { return m.socketID }

// Session returns what the handshake of the last connection found.
func (m *Machine) Session() Session { return m.session }

// State returns what is to be shown of the connection now.
func (m *Machine) State(now time.Time) State {
	return State{
		Conn: m.conn, SocketID: m.socketID, Recovered: m.conn == Established && m.session.Recovered,
		Attempt: m.attempt, Err: m.err, Succeeded: m.succeeded, At: now,
	}
}

func (m *Machine) show(s State) { m.do(Action{Op: Show, State: &s}) }

// reached tells those who wait in Connect.
func (m *Machine) reached(err error) {
	if m.waiters > 0 {
		m.do(Action{Op: Reached, Err: err})
	}
	m.waiters, m.retry = 0, false
}

// Connect adds one that waits for a connection, unless there is one or there will never be. retry
// asks for further attempts after one that fails in a way that can be retried.
func (m *Machine) Connect(now time.Time, retry bool) {
	switch m.conn {
	case Established, Closed, Failed:
		return
	}
	m.waiters++
	m.retry = m.retry || retry
	if m.conn == Idle {
		m.attempt, m.err = 1, nil
		m.dial(now)
	}
}

// GiveUp takes one that waits away. If it was the last, and there never was a connection, none is
// wanted any more: it reports true.
func (m *Machine) GiveUp(now time.Time, err error) (last bool) {
	if m.waiters == 0 {
		return false
	}
	if m.waiters--; m.waiters > 0 || m.succeeded {
		return false
	}
	m.retry = false
	switch m.conn {
	case Dialing:
		m.halt(giveUp, CancelDial, err)
	case Up:
		m.halt(giveUp, EndSession, err)
	case Waiting:
		m.idle(now, err)
	}
	m.err = err
	return true
}

// enter changes how far the connection has come, and resets what was due. It is the only place
// where either happens.
func (m *Machine) enter(to Conn) {
	if m.hooks.entered != nil {
		m.hooks.entered(m.conn, to)
	}
	m.conn, m.due = to, time.Time{}
}

// halt has what is under way end.
func (m *Machine) halt(why intent, op Op, err error) {
	m.intent = why
	m.do(Action{Op: op, Err: err})
}

// Reconnect drops the connection, or the attempt or delay under way, and has a new one made at
// once. Without any of these it does nothing.
func (m *Machine) Reconnect(now time.Time) {
	switch m.conn {
	case Waiting:
		m.dial(now)
	case Dialing:
		if m.intent == none {
			m.halt(redial, CancelDial, ErrReconnect)
		}
	case Up, Established:
		if m.intent == none {
			m.halt(redial, EndSession, ErrReconnect)
		}
	}
}

// Close ends everything for good.
func (m *Machine) Close(now time.Time) {
	was := m.conn
	if was == Closed || was == Failed {
		return
	}
	m.enter(Closed)
	switch was {
	case Dialing:
		m.do(Action{Op: CancelDial, Err: ErrClosed})
	case Up, Established:
		m.do(Action{Op: EndSession, Err: ErrClosed})
	}
	m.show(State{Conn: Closed, Succeeded: m.succeeded, At: now})
	m.reached(ErrClosed)
}

// dial has an attempt made.
func (m *Machine) dial(now time.Time) {
	m.enter(Dialing)
	m.intent = none
	if m.shown != m.attempt {
		m.shown = m.attempt
		m.show(State{Conn: Dialing, Attempt: m.attempt, Succeeded: m.succeeded, At: now})
	}
	m.do(Action{Op: Dial, Resume: m.recovery != None})
}

// Dialed takes the connection that an attempt made.
func (m *Machine) Dialed(now time.Time, s Session) {
	if m.conn != Dialing {
		return // Closed: the session is ended by whoever made it
	}
	if s.Recovered && s.SocketID != m.session.SocketID {
		s.Recovered = false // a restored session keeps its id; rooms and signatures would be for another
	}
	m.enter(Up)
	m.session, m.due = s, now.Add(m.cfg.EstablishGrace)
	m.remember(s.recovery())
	m.health.begin(now)
	switch m.intent {
	case giveUp:
		if m.waiters > 0 { // somebody came since
			m.intent = none
		} else {
			m.do(Action{Op: EndSession, Err: m.err})
		}
	case redial:
		m.do(Action{Op: EndSession, Err: ErrReconnect})
	}
	m.resume(s.Recovered)
}

// Established settles the socket id.
func (m *Machine) Established(now time.Time, socketID string) {
	if m.conn != Up || m.intent == giveUp {
		return
	}
	m.enter(Established)
	m.since, m.socketID = now, socketID
	m.succeeded, m.shown, m.err = true, 0, nil
	m.health.established(now, m.session)
	m.show(State{Conn: Established, SocketID: socketID, Recovered: m.session.Recovered, Succeeded: true, At: now})
	m.reached(nil)
}

// DialFailed takes an attempt that failed.
func (m *Machine) DialFailed(now time.Time, f Failure) {
	if f.Resumed {
		m.remember(None) // see Recovery
	}
	if m.conn == Dialing {
		m.next(now, f)
	}
}

// Ended takes the end of the connection.
func (m *Machine) Ended(now time.Time, e End) {
	if m.conn != Up && m.conn != Established && m.conn != Closed {
		return
	}
	stable := !m.since.IsZero() && now.Sub(m.since) >= m.cfg.StableAfter
	e.LastHeard = m.Missing(e.LastHeard)
	m.since, m.socketID, m.lastHeard = time.Time{}, "", e.LastHeard
	m.remember(m.recovery.after(e))
	m.health.begin(now)
	m.blame(&e, stable)
	m.lose(e, stable)
	m.refuse(e)
	if m.conn == Closed {
		return
	}
	if stable {
		m.attempt = 0
		m.cfg.Pace.Reset()
	}
	m.next(now, Failure{Err: e.Err})
}

// next decides what follows on an attempt or a connection that is over.
//
// Refused is final only for a client that never got in: it has the wrong key, and repeating it only
// loads the service. One that was in before may see a key being rotated, or a node that has not
// heard of it.
func (m *Machine) next(now time.Time, f Failure) {
	why := m.intent
	m.intent, m.err = none, f.Err
	switch {
	case why == redial:
		m.attempt++
		m.dial(now)
	case why == giveUp && m.waiters > 0: // somebody came while it ended
		m.attempt, m.shown = 1, 0
		m.dial(now)
	case why == giveUp:
		m.idle(now, f.Err)
	case f.Verdict == Refused && !m.succeeded:
		m.enter(Failed)
		m.show(State{Conn: Failed, Err: f.Err, At: now})
		m.reached(f.Err)
	case !m.succeeded && !m.retry:
		m.idle(now, f.Err)
	default:
		m.attempt++
		m.shown = m.attempt
		delay := m.cfg.Pace.Redial(f.Verdict != Soon, f.After)
		m.enter(Waiting)
		m.due = now.Add(delay)
		m.show(State{Conn: Waiting, Attempt: m.attempt, Delay: delay, Err: f.Err, Succeeded: m.succeeded, At: now})
	}
}

// idle is where nobody wants a connection any more.
func (m *Machine) idle(now time.Time, err error) {
	m.enter(Idle)
	m.shown = 0
	m.cfg.Pace.Reset()
	m.show(State{Conn: Idle, Err: err, At: now})
	m.reached(err)
}

// pollConnection does what is due for the connection.
func (m *Machine) pollConnection(now time.Time) {
	if m.due.IsZero() || now.Before(m.due) {
		return
	}
	switch m.conn {
	case Waiting:
		m.dial(now)
	case Up:
		m.due = time.Time{}
		m.Established(now, m.session.SocketID)
	}
}

// A ConnMove is one step of the connection, and what causes it.
type ConnMove struct {
	From, To Conn
	Cause    string
}

// ConnMoves are all that there are. A test holds them against every path that it can walk.
var ConnMoves = []ConnMove{
	{Idle, Dialing, "a call of Connect"},
	{Idle, Closed, "Close"},
	{Dialing, Dialing, "the attempt is over, and a new one is wanted: on request, or because somebody came after it was given up"},
	{Dialing, Up, "the service answered CONNECT"},
	{Dialing, Waiting, "the attempt failed, and is repeated"},
	{Dialing, Idle, "the attempt failed or was given up, and nobody wants another"},
	{Dialing, Failed, "the service refused a client that was never in"},
	{Dialing, Closed, "Close"},
	{Up, Established, "the service named the socket id; or the time for that is over"},
	{Up, Dialing, "the connection is over, and a new one is wanted: on request, or because somebody came after it was given up"},
	{Up, Waiting, "the connection was lost, and is made again"},
	{Up, Idle, "the connection was lost or given up, and nobody wants another"},
	{Up, Closed, "Close"},
	{Established, Dialing, "the connection is over, and a new one is wanted: on request"},
	{Established, Waiting, "the connection was lost, and is made again"},
	{Established, Closed, "Close"},
	{Waiting, Dialing, "the time is up; or a new one is wanted on request"},
	{Waiting, Idle, "nobody waits for it any more, and there never was one"},
	{Waiting, Closed, "Close"},
}

// A DeadLinkError ends a session from which nothing came for the service's ping interval and ping
// timeout together.
type DeadLinkError struct {
	Silence time.Duration // how long nothing came
	Slept   bool          // only the wall clock says so: the machine slept, or its clock was set
}

func (e *DeadLinkError) Error() string {
	if e.Slept {
		return fmt.Sprintf("the clock jumped, nothing received for %s", e.Silence)
	}
	return fmt.Sprintf("nothing received for %s", e.Silence)
}
