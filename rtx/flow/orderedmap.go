package flow

import (
	"sync"

	"github.com/realtimex/realtimex-go/rtx"
)

// OrderedMap returns the results of f for the values of src, in their order. Up to n calls of f run
// at a time, each on a goroutine. A gap waits for its turn: it comes after the results of all
// values before it. At most n items are taken from src ahead of the one that is due; an n below 1
// is taken as 1.
//
// Leaving a range waits for the calls that are running. Their results are kept for the next range.
func OrderedMap[T, R any](src Feed[T], n int, f func(T) R) Seq[R] {
	need("OrderedMap", f != nil)
	o := &orderedMap[T, R]{src: src, n: max(n, 1), f: f, ended: src.wake == nil}
	return o.all
}

type orderedMap[T, R any] struct {
	src   Feed[T]
	n     int
	f     func(T) R
	line  []*turn[R] // taken and not handed out, at most n
	left  bool       // src was left early, and may have a rest that no token tells of
	ended bool       // nothing more comes from src

	running sync.WaitGroup
}

// A turn is a place in the order.
type turn[R any] struct {
	result R
	gap    *rtx.Gap
	done   chan struct{} // closed once result is there
}

func (o *orderedMap[T, R]) all(yield func(R, *rtx.Gap) bool) {
	defer o.src.open()()
	defer o.running.Wait()
	o.left = true // by another operator, for all that is known
	for len(o.line) > 0 || !o.ended {
		if o.left && !o.ended && len(o.line) < o.n {
			_, more := o.src.rest(o.take)
			o.left = !more
			continue
		}
		var due <-chan struct{}
		if len(o.line) > 0 {
			due = o.line[0].done
		}
		room := o.src.wake
		if o.ended || len(o.line) == o.n {
			room = nil
		}
		select {
		case <-due:
			first := o.line[0]
			o.line[0] = nil
			if o.line = o.line[1:]; !yield(first.result, first.gap) {
				return
			}
		case _, ok := <-room:
			empty, more := o.src.rest(o.take)
			o.ended, o.left = empty && !ok, !more
		}
	}
}

// take gives an item its turn, and reports whether there is room for another.
func (o *orderedMap[T, R]) take(v T, gap *rtx.Gap) bool {
	t := &turn[R]{gap: gap, done: make(chan struct{})}
	o.line = append(o.line, t)
	if gap != nil {
		close(t.done)
	} else {
		o.running.Go(func() {
			defer close(t.done)
			t.result = o.f(v)
		})
	}
	return len(o.line) < o.n
}
