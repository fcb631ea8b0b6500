package stream

// spill is what a queue with the policy Grow holds beyond its buffer, oldest
// first. A nil *spill is empty.
type spill[T any] struct {
	values []spilled[T]
	first  int
	bytes  int64
	pump   *pump // nil while there is nothing in it
}

type spilled[T any] struct {
	value   T
	channel string
	bytes   int64
}

func (s *spill[T]) len() int {
	if s == nil {
		return 0
	}
	return len(s.values) - s.first
}

func (s *spill[T]) push(v spilled[T]) {
	// Half of it, at least, is room that has become free: moving the rest down
	// costs no more than what was taken.
	if len(s.values) == cap(s.values) && s.first > len(s.values)/2 {
		n := copy(s.values, s.values[s.first:])
		clear(s.values[n:])
		s.values, s.first = s.values[:n], 0
	}
	s.values = append(s.values, v)
	s.bytes += v.bytes
}

func (s *spill[T]) front() T { return s.values[s.first].value }

func (s *spill[T]) pop() {
	s.bytes -= s.values[s.first].bytes
	s.values[s.first] = spilled[T]{}
	s.first++
	if s.first == len(s.values) {
		s.clear()
	}
}

// rest takes all that there is.
func (s *spill[T]) rest() []spilled[T] {
	values := s.values[s.first:]
	s.clear()
	return values
}

func (s *spill[T]) clear() { s.values, s.first, s.bytes = nil, 0, 0 }
