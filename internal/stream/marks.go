package stream

import (
	"cmp"
	"slices"
)

// marks holds the losses that the reader was not told of yet, ordered by place.
//
// Taken values leave the queue at its head without anybody noticing: the queue
// tells from the length of its channel where the head is, and passes that in. A
// site is past if its place is below the head: a value after the loss has been
// taken. Dropping the head moves the site before it along, which is why a site
// gets past only by a value that was taken.
//
// There are never more sites than values in the queue plus two: one for all
// that are past, one before each value, one at the tail. At each there is one
// gap for each channel, up to a limit for all sites together. Past that each
// site has one more gap, its rest, for all channels that have none there: so
// nothing loses its place, and nothing is left uncounted.
//
// A nil *marks is empty: most queues never lose anything.
type marks struct {
	sites    []site
	spare    []Gap      // of a former site, for the next: overload allocates nothing
	named    int        // gaps that are no rest, at all sites
	limit    func() int // of named; nil for none
	reminder reminder
}

// A site is a place with losses: those right before the value with that index.
type site struct {
	place uint64
	gaps  []Gap          // one for each channel, and the rest
	told  int            // how many of them were taken
	rest  int            // the index of the rest, plus 1; 0 if there is none
	index map[string]int // into gaps, by channel; made once there are more than scanned
}

// scanned is the number of channels up to which a site is searched without an
// index. A reconnection marks every channel of a group, at one site.
const scanned = 8

func (m *marks) empty() bool { return m == nil || len(m.sites) == 0 }

// count returns how many losses there are.
func (m *marks) count() (n int) {
	if m.empty() {
		return 0
	}
	for i := range m.sites {
		n += len(m.sites[i].gaps) - m.sites[i].told
	}
	return n
}

// first returns the place of the oldest losses; there must be some.
func (m *marks) first() uint64 { return m.sites[0].place }

// tail adds a loss after all values accepted so far; their number is its place.
func (m *marks) tail(place, head uint64, g Gap) {
	if n := len(m.sites); n > 0 && m.sites[n-1].place == place {
		m.add(&m.sites[n-1], g)
		return
	}
	m.joinPast(head)
	m.insert(len(m.sites), place, g)
}

// head adds the loss of the value that was the head, with index i; next is that
// of the value after it, or the number of all accepted ones. What was lost right
// before it and right after it has no value in between any more.
func (m *marks) head(i, next uint64, g Gap) {
	m.joinPast(i)
	at := 0
	for at < len(m.sites) && m.sites[at].place < i {
		at++
	}
	if at == len(m.sites) || m.sites[at].place > next {
		m.insert(at, next, g)
		return
	}
	m.sites[at].place = next
	m.add(&m.sites[at], g)
	if at+1 < len(m.sites) && m.sites[at+1].place == next {
		m.join(at)
	}
}

// vacate notes that the value with index i is no longer there, though nobody took
// it and nothing was lost; next is as for head.
func (m *marks) vacate(i, next uint64) {
	if m.empty() {
		return
	}
	at, found := slices.BinarySearchFunc(m.sites, i, func(s site, i uint64) int { return cmp.Compare(s.place, i) })
	if !found {
		return
	}
	m.sites[at].place = next
	if at+1 < len(m.sites) && m.sites[at+1].place == next {
		m.join(at)
	}
}

// after reports whether there is a loss after the value with index i.
func (m *marks) after(i uint64) bool {
	return !m.empty() && m.sites[len(m.sites)-1].place > i
}

// truncate moves all losses with a higher place to the given one, since the
// values from there on were thrown away.
func (m *marks) truncate(place uint64) {
	if m.empty() {
		return
	}
	at := 0
	for at < len(m.sites) && m.sites[at].place < place {
		at++
	}
	if at == len(m.sites) {
		return
	}
	for at+1 < len(m.sites) {
		m.join(at)
	}
	m.sites[at].place = place
}

// take removes the oldest loss and returns it; there must be one.
func (m *marks) take() Gap {
	s := &m.sites[0]
	g := s.gaps[s.told]
	s.gaps[s.told] = Gap{}
	s.told++
	if !g.Several {
		delete(s.index, g.Channel)
	}
	if s.rest == s.told {
		s.rest = 0
	} else {
		m.named--
	}
	if s.told == len(s.gaps) {
		m.remove(0)
	}
	return g
}

// joinPast makes one site of all that are past, so that a reader who never asks
// for gaps does not make them pile up.
func (m *marks) joinPast(head uint64) {
	for len(m.sites) > 1 && m.sites[1].place < head {
		m.join(0)
	}
}

// join adds the site after the given one to it, which keeps its place. It is
// always the later that moves, so a loss moves twice at most in its life: to the
// head, then to the past.
func (m *marks) join(at int) {
	into, from := &m.sites[at], &m.sites[at+1]
	for i := from.told; i < len(from.gaps); i++ {
		g := from.gaps[i]
		if from.rest == i+1 {
			into.addRest(g)
			continue
		}
		m.named--
		m.add(into, g)
	}
	m.remove(at + 1)
}

func (m *marks) insert(at int, place uint64, g Gap) {
	m.sites = slices.Insert(m.sites, at, site{place: place, gaps: m.spare})
	m.spare = nil
	m.add(&m.sites[at], g)
}

func (m *marks) remove(at int) {
	if gaps := m.sites[at].gaps; cap(gaps) <= scanned {
		clear(gaps)
		m.spare = gaps[:0]
	}
	m.sites = slices.Delete(m.sites, at, at+1)
	if len(m.sites) == 0 && cap(m.sites) > scanned {
		m.sites = nil
	}
}

// add adds a loss to a site: to the gap of its channel, to a new one, or to the
// rest.
func (m *marks) add(s *site, g Gap) {
	switch i, ok := s.find(g.Channel); {
	case ok:
		s.gaps[i].merge(g)
	case m.limit != nil && m.named >= m.limit():
		s.addRest(g)
	default:
		m.named++
		s.append(g)
	}
}

// addRest adds a loss to the rest, which has a channel while it is of one.
func (s *site) addRest(g Gap) {
	if s.rest == 0 {
		s.append(g)
		s.rest = len(s.gaps)
		return
	}
	rest := &s.gaps[s.rest-1]
	if !rest.Several && (g.Several || g.Channel != rest.Channel) {
		delete(s.index, rest.Channel)
		rest.Channel, rest.Several = "", true
	}
	rest.merge(g)
}

func (s *site) append(g Gap) {
	if s.told > scanned && s.told > len(s.gaps)/2 {
		s.gaps = slices.Delete(s.gaps, 0, s.told)
		s.rest = max(0, s.rest-s.told)
		s.told, s.index = 0, nil
	}
	s.gaps = append(s.gaps, g)
	if s.index != nil && !g.Several {
		s.index[g.Channel] = len(s.gaps) - 1
	}
}

func (s *site) find(channel string) (int, bool) {
	if s.index == nil && len(s.gaps)-s.told > scanned {
		s.index = make(map[string]int, 2*len(s.gaps))
		for i, g := range s.gaps[s.told:] {
			if !g.Several {
				s.index[g.Channel] = s.told + i
			}
		}
	}
	if s.index != nil {
		i, ok := s.index[channel]
		return i, ok
	}
	for i := s.told; i < len(s.gaps); i++ {
		if s.gaps[i].Channel == channel && !s.gaps[i].Several {
			return i, true
		}
	}
	return 0, false
}
