package core

import (
	"slices"
	"time"
)

// maxChannels is how many channels a world has at most.
const maxChannels = 2

// A link is the connection that the client has, with what is on its way.
type link struct {
	up     bool      // the client has a session
	half   bool      // nothing gets through any more, and neither side knows
	quiet  time.Time // since when nothing comes; zero: the link is alive
	ending bool      // the client was told to end it
	fin    bool      // the service ended it: the client will see that
	c2s    []request
	s2c    []message
}

// open reports whether bytes still get through to the service.
func (l *link) open() bool { return l.up && !l.half && !l.fin }

// A request is what the client wrote.
type request struct {
	kind requestKind
	ch   int8
	ping int32     // which ping it is
	at   time.Time // when
}

type requestKind uint8

const (
	sub requestKind = iota
	unsub
	ping
)

// A message is what the service sent.
type message struct {
	kind messageKind
	ch   int8
	name Name
	seq  int32 // event: its number on the channel; pong: that of the ping
	at   time.Time
	of   time.Time // when what it answers was written
}

type messageKind uint8

const (
	event messageKind = iota
	big               // an event that is too large to be taken
	confirm
	refuse     // for good
	refuseHeal // with a code that can be retried
	pong
	vast // a confirmation that is too large to be taken, and does not tell its channel
)

// own reports whether it was sent to the client's session alone.
func (m *message) own() bool { return m.kind >= confirm }

// rooms are those that a session is in, its own among them: what the service sends to one session
// goes there.
type rooms struct {
	in  [maxChannels]bool
	own bool
}

// A service is the RealtimeX service as PROTOCOL describes it, as far as one client can tell. It
// keeps rooms by session id. An entry for recovery is written when it notices the end of a
// connection, with the rooms of that moment; no restoration removes or renews it. A connection that
// it notices late empties the rooms of the one that has the same id.
type service struct {
	recovery bool
	names    []Name // of confirmations
	refusals []Name // of refusals

	holds  bool // it has not noticed an end of the client's connection
	rooms  rooms
	entry  *rooms    // what it would restore; nil: nothing
	olds   int       // earlier connections of the same session whose end it has not noticed
	log    []message // what it sent, or would have sent, since the last that the client got
	pubs   [maxChannels]int32
	pubAt  [maxChannels][]time.Time
	left   [maxChannels]bool // an unsubscribe was lost on its way: the room may stay
	offset bool              // the client got something whose id it can name
}

// fresh is a new session.
func (s *service) fresh() {
	s.holds, s.rooms, s.entry, s.olds, s.log, s.offset = true, rooms{own: true}, nil, 0, nil, false
	s.left = [maxChannels]bool{}
}

// restore is the same session on a new connection, with what it missed. An old connection that was
// not noticed stays.
func (s *service) restore() (missed []message) {
	if s.holds {
		s.olds++
	}
	s.holds = true
	last := -1
	for i, m := range s.log {
		if m.own() && s.entry.own || !m.own() && s.entry.in[m.ch] {
			missed = append(missed, m)
			last = i
		}
	}
	s.log = slices.Clone(s.log[last+1:])
	for i, in := range s.entry.in {
		s.rooms.in[i] = s.rooms.in[i] || in
	}
	s.rooms.own = true
	return missed
}

// notice is the end of the client's connection, or of one before it with the same id.
func (s *service) notice(current bool) {
	if current {
		s.holds = false
	} else {
		s.olds--
	}
	if s.recovery {
		r := s.rooms
		s.entry = &r
	}
	s.rooms = rooms{}
}

// emit sends a message to a room.
func (s *service) emit(l *link, m message) {
	if s.recovery {
		s.log = append(slices.Clip(s.log), m)
	}
	if s.holds && s.rooms.own && l.open() && (m.own() || s.rooms.in[m.ch]) {
		l.s2c = append(slices.Clip(l.s2c), m)
	}
}

// publish has an event sent on a channel.
func (s *service) publish(l *link, now time.Time, ch int8, kind messageKind) {
	s.pubAt[ch] = append(slices.Clip(s.pubAt[ch]), now)
	s.emit(l, message{kind: kind, ch: ch, seq: s.pubs[ch], at: now})
	s.pubs[ch]++
}

// answers are what can become of a request.
type answer uint8

const (
	accept     answer = iota // done and answered
	deny                     // refused for good
	denyHeal                 // refused with a code that can be retried
	silent                   // done and not answered
	acceptVast               // done, and the answer is too large
	overlooked               // not done
)

// process takes the next request.
func (s *service) process(l *link, now time.Time, a answer) {
	r := l.c2s[0]
	l.c2s = l.c2s[1:]
	if a == overlooked {
		return
	}
	switch r.kind {
	case ping:
		if a == accept {
			s.emit(l, message{kind: pong, seq: r.ping, at: now, of: r.at})
		}
	case unsub:
		s.rooms.in[r.ch], s.left[r.ch] = false, false
	case sub:
		kind, names := confirm, s.names
		switch a {
		case deny:
			kind, names = refuse, s.refusals
		case denyHeal:
			kind, names = refuseHeal, s.refusals
		case acceptVast:
			kind, names = vast, s.names[:1]
		}
		s.rooms.in[r.ch] = kind == confirm || kind == vast
		s.left[r.ch] = false
		if a == silent {
			return
		}
		for _, n := range names {
			s.emit(l, message{kind: kind, ch: r.ch, name: n, at: now, of: r.at})
		}
	}
}

// heard notes that the client got m: it is the last that it can name.
func (s *service) heard(m message) {
	s.offset = s.recovery
	if i := slices.Index(s.log, m); i >= 0 {
		s.log = s.log[i+1:]
	}
}

// has reports whether the session is in the room of a channel, or would be if it were restored.
func (s *service) has(i int) bool { return s.rooms.in[i] || s.entry != nil && s.entry.in[i] }

// cut loses what is on its way to the service, and notes that nothing new comes from it.
func (s *service) cut(l *link, now time.Time) {
	if l.quiet.IsZero() {
		l.quiet = now
	}
	for _, m := range l.s2c {
		if m.at.Before(l.quiet) {
			l.quiet = m.at
		}
	}
	for _, r := range l.c2s {
		if r.kind == unsub {
			s.left[r.ch] = true
		}
	}
	l.c2s = nil
}

// oldest is when the first of the subscribes was written whose answer is still under way; zero:
// none is.
func (l *link) oldest() (at time.Time) {
	for _, r := range l.c2s {
		if r.kind == sub {
			at = earliest(at, r.at)
		}
	}
	for _, m := range l.s2c {
		if m.own() && m.kind != pong {
			at = earliest(at, m.of)
		}
	}
	return at
}

// pinging reports whether a ping or a pong is under way.
func (l *link) pinging() bool {
	return slices.ContainsFunc(l.c2s, func(r request) bool { return r.kind == ping }) ||
		slices.ContainsFunc(l.s2c, func(m message) bool { return m.kind == pong })
}
