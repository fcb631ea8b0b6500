package relay

import (
	"slices"
	"time"
)

// patience is how long a channel that is not confirmed keeps the others waiting.
const patience = 10 * time.Second

// A Seat is one replica's part in who receives and who publishes the channels. By the leases of all
// it decides which channels to join and to leave, which to publish, and what its own lease says.
//
// A channel moves without a loss: who is to receive it joins, and says so in its lease when the service
// has confirmed that. Only then the former receivers leave, and before they do, each of them has taken
// back what its own lease says, and has seen that in the bucket. So whoever leaves last knows that all
// others have.
type Seat struct {
	self     string
	channels []string
	sharded  bool

	linked  bool
	drains  bool
	places  []place // by channel
	pending map[int]struct{}
	since   time.Time // of what is pending
	roll    *roll
	seen    bool     // it has what the replica's own lease said last
	covers  []string // what the lease is to say
}

type place struct {
	joined    bool // subscribed to, or about to be
	confirmed bool // by the service
	again     time.Time
}

// NewSeat returns the part of a replica that has just begun.
func NewSeat(self string, channels []string, sharded bool) *Seat {
	s := &Seat{self: self, channels: channels, sharded: sharded, places: make([]place, len(channels)), pending: make(map[int]struct{})}
	s.roll = newRoll(nil, channels, sharded, nil)
	return s
}

// Linked notes that the connection to the service was lost, or made. What was subscribed to is to be
// confirmed anew.
func (s *Seat) Linked(now time.Time, up bool) {
	s.linked, s.covers = up, nil
	if !up {
		return
	}
	s.since = now
	for i, p := range s.places {
		if p.joined {
			s.pending[i] = struct{}{}
		}
	}
}

// Drain notes that the replica is to end.
func (s *Seat) Drain() { s.drains = true }

// Joined tells whether the replica has joined the channel.
func (s *Seat) Joined(channel int) bool { return s.places[channel].joined }

// IsConfirmed tells whether the service has confirmed the channel since the replica joined it.
func (s *Seat) IsConfirmed(channel int) bool { return s.places[channel].confirmed }

// Confirm notes which channels the service has confirmed. It calls is for each one that was not, and
// returns those of which that is true.
func (s *Seat) Confirm(is func(channel int) bool) (confirmed []int) {
	for i := range s.pending {
		if is(i) {
			delete(s.pending, i)
			s.places[i].confirmed = true
			confirmed = append(confirmed, i)
		}
	}
	return confirmed
}

// Refused notes that the service has ended the subscription. The channel is joined again after that
// time.
func (s *Seat) Refused(channel int, again time.Time) {
	s.places[channel] = place{again: again}
	delete(s.pending, channel)
}

// Says returns what the lease is to say: whether the replica is ready, and what it covers.
func (s *Seat) Says(now time.Time) (ready bool, covers []string) {
	if s.linked && (len(s.pending) == 0 || now.Sub(s.since) > patience) {
		s.covers = []string{s.self}
		if s.sharded {
			s.covers = s.roll.view
		}
	}
	return s.linked && !s.drains, s.covers
}

// Assign takes the members as the bucket shows them, and returns the channels to join and to leave.
// Those to join are pending until they are confirmed. seen is set if the bucket has shown what this
// replica's own lease said last, and nothing else is under way.
func (s *Seat) Assign(now time.Time, members []Member, seen bool) (join, leave []int) {
	s.roll, s.seen = newRoll(s.roll, s.channels, s.sharded, members), seen
	counts := seen && slices.Contains(s.roll.view, s.self)
	for i := range s.places {
		p := &s.places[i]
		receives := s.roll.receives(s.self, i)
		switch {
		case receives && !p.joined && !s.drains && !now.Before(p.again):
			p.joined = true
			if len(s.pending) == 0 {
				s.since = now
			}
			s.pending[i] = struct{}{}
			join = append(join, i)
		case !receives && p.joined && counts && s.roll.covered(i) && !s.roll.says(s.self, i):
			*p = place{}
			delete(s.pending, i)
			leave = append(leave, i)
		}
	}
	return join, leave
}

// Leads tells whether the replica is to publish the channel, and whether another one is. A replica that
// drains goes on as long as there is no other.
func (s *Seat) Leads(channel int) (self, other bool) {
	leader := s.roll.leader(channel)
	return s.places[channel].confirmed && (leader == s.self || leader == "" && s.drains), leader != "" && leader != s.self
}

// HandedOver tells whether the replica, which drains, is not needed for the channel: the bucket says
// that it leaves, and those that are to receive the channel do so.
func (s *Seat) HandedOver(channel int) bool {
	told := s.seen && slices.ContainsFunc(s.roll.members, func(m Member) bool { return m.Name == s.self && !m.Ready })
	return told && (!s.places[channel].joined || s.roll.covered(channel))
}
