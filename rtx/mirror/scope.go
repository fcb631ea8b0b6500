package mirror

import (
	"maps"
	"slices"
	"time"
)

// A scope is what must be loaded: everything, or the parts of some channels; and since when and why
// each of them is stale. The zero scope is nothing.
type scope struct {
	all   *staleness
	parts map[string]*staleness
}

func (s *scope) empty() bool { return s.all == nil && len(s.parts) == 0 }

// add adds a channel's part, or everything for "".
func (s *scope) add(channel string, why *staleness) {
	if channel == "" {
		s.all = why.with(s.all)
		return
	}
	if s.parts == nil {
		s.parts = make(map[string]*staleness)
	}
	s.parts[channel] = why.with(s.parts[channel])
}

func (s *scope) addAll(other scope) {
	if other.all != nil {
		s.add("", other.all)
	}
	for channel, why := range other.parts {
		s.add(channel, why)
	}
}

// has reports whether a load of this scope also loads that channel's part, or everything for "".
func (s *scope) has(channel string) bool { return s.all != nil || s.parts[channel] != nil }

// touches reports whether what a gap of that channel misses belongs to this scope.
func (s *scope) touches(channel string) bool {
	return s.has(channel) || channel == "" && len(s.parts) > 0
}

// channels are the parts to load, nil for everything.
func (s *scope) channels() []string {
	if s.all != nil {
		return nil
	}
	return slices.Sorted(maps.Keys(s.parts))
}

// first returns the earliest reason, or nil.
func (s *scope) first() *staleness {
	first := s.all
	for _, why := range s.parts {
		first = why.with(first)
	}
	return first
}

// later returns the later of two times.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
