package stream

// pump moves spilled values into C, for as long as there are any. It is the
// queue's only goroutine: started when the first value spills, gone when none
// is left.
//
// A blocking send cannot be done under the lock, and for a moment after it
// nobody else could tell whether the value is still to be counted as spilled or
// is in C. So a value is offered: it stays the front of the spill until the
// offer is settled, under the lock, by whoever needs to know first.
type pump struct {
	offered  bool          // under the lock: the front of the spill is on offer
	handed   chan struct{} // capacity 1: it is in C
	recalled chan struct{} // capacity 0: somebody took the offer back
	gone     chan struct{} // closed when the goroutine has nothing left to do
}

// store puts a value behind the spilled ones, and reports whether the bound
// allows it.
func (q *Queue[T]) store(v T, channel string, bytes int64) bool {
	if q.spill == nil {
		q.spill = new(spill[T])
	}
	s := q.spill
	if bytes > int64(q.policy)-s.bytes {
		// The pump may only be late: what ends the stream is the reader.
		q.recall()
		if !q.refill() && q.send(v, channel) {
			return true
		}
		if bytes > int64(q.policy)-s.bytes {
			return false
		}
	}
	s.push(spilled[T]{v, channel, bytes})
	q.accepted++
	q.rouse()
	if s.pump == nil {
		s.pump = &pump{
			handed:   make(chan struct{}, 1),
			recalled: make(chan struct{}),
			gone:     make(chan struct{}),
		}
		go q.runPump(s.pump)
	}
	return true
}

func (q *Queue[T]) runPump(p *pump) {
	defer close(p.gone)
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.refill() {
		p.offered = true
		v := q.spill.front()
		q.mu.Unlock()
		select {
		case q.c <- v:
			p.handed <- struct{}{}
		case p.recalled <- struct{}{}:
		}
		q.mu.Lock()
		q.recall()
	}
	q.spill.pump = nil
	if q.ended {
		q.close()
	}
}

// refill moves what fits from the spill into C, and reports whether values are
// left that do not.
func (q *Queue[T]) refill() bool {
	for q.spill.len() > 0 {
		select {
		case q.c <- q.spill.front():
			q.spill.pop()
		default:
			return true
		}
	}
	return false
}

// recall settles the pump's offer: when it returns, the spill holds what is not
// in C, and the pump is not sending. The lock must be held, and this is the one
// place where something is waited for under it: the pump, which is on its way
// to one of the two answers and needs no lock to give it.
func (q *Queue[T]) recall() {
	p := q.pump()
	if p == nil || !p.offered {
		return
	}
	select {
	case <-p.handed:
		q.spill.pop()
	case <-p.recalled:
	}
	p.offered = false
}
