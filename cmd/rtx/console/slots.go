package console

// slots bounds how many requests of a kind are under way.
type slots chan struct{}

func newSlots(n int) slots { return make(slots, n) }

// take reports whether there was room; leave must follow then.
func (s slots) take() bool {
	select {
	case s <- struct{}{}:
		return true
	default:
		return false
	}
}

func (s slots) leave() { <-s }
