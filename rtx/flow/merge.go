package flow

import (
	"reflect"

	"github.com/realtimex/realtimex-go/rtx"
)

// Merge returns the items of several feeds as they come, until all have ended. What comes from one
// feed keeps its order, and its gaps their places among its values; Gap.Channel says which channel
// a gap is of. No feed can keep the others waiting: each hands out what is there, then the next
// one. Merge has no queue, and a value stays with its stream until it is handed out.
func Merge[T any](feeds ...Feed[T]) Seq[T] {
	wakes := make([]reflect.SelectCase, len(feeds)) // of a feed that has ended: the zero Value
	open := 0
	for i, f := range feeds {
		wakes[i].Dir = reflect.SelectRecv
		if f.wake != nil {
			wakes[i].Chan = reflect.ValueOf(f.wake)
			open++
		}
	}
	return func(yield func(T, *rtx.Gap) bool) {
		for _, f := range feeds {
			defer f.open()()
		}
		for i, f := range feeds { // one that was left early may have a rest that no token tells of
			if wakes[i].Chan.IsValid() {
				if _, more := f.rest(yield); !more {
					return
				}
			}
		}
		for open > 0 {
			i, _, ok := reflect.Select(wakes)
			empty, more := feeds[i].rest(yield)
			if !ok && empty {
				wakes[i].Chan = reflect.Value{}
				open--
			}
			if !more {
				return
			}
		}
	}
}
