package flow

import "github.com/realtimex/realtimex-go/rtx"

// A Feed is what Merge, OrderedMap and ForEach read: a sequence, and a way to wait for its next
// item that can be ended at any time. [From] makes one of a stream, [Woken] one of a sequence over
// what is pending on a stream, and [Waiting] one of any other sequence. One operator at a time may
// read a Feed. When that is over, another can go on with it. The zero Feed has ended.
type Feed[T any] struct {
	wake  <-chan struct{}
	items Seq[T]
	pump  *pump[T] // of a sequence that waits by itself, else nil
}

// From returns the feed of a stream.
func From[T any](s *rtx.Stream[T]) Feed[T] {
	if s == nil {
		return Feed[T]{}
	}
	return Woken(s.Wake, s.Pending())
}

// Woken returns the feed of a sequence that does not wait, such as operators over
// [rtx.Stream.Pending]. Each range over it gives what is there. wake is the stream's Wake: it has a
// token while there is something, and is closed at the end.
//
//	flow.Woken(orders.Wake, flow.Filter(orders.Pending(), paid))
func Woken[T any](wake <-chan struct{}, pending Seq[T]) Feed[T] {
	if wake == nil || pending == nil {
		return Feed[T]{}
	}
	return Feed[T]{wake: wake, items: pending}
}

// Waiting returns the feed of a sequence that waits by itself, as [rtx.Stream.All] and the time
// operators of package rtx do. A goroutine ranges over it while an operator reads the feed.
//
// Prefer From and Woken. Nothing can end the wait of such a sequence. If the operator is left
// during it, the goroutine stays until the sequence has its next item, which is kept for whoever
// reads the feed next, or until the sequence ends, for example with the stream's context.
func Waiting[T any](seq Seq[T]) Feed[T] {
	if seq == nil {
		return Feed[T]{}
	}
	p := newPump(seq)
	return Feed[T]{wake: p.wake, items: p.pending, pump: p}
}

// open begins the reading of a feed. Its result ends it.
func (f Feed[T]) open() (leave func()) {
	if f.pump == nil {
		return func() {}
	}
	f.pump.start()
	return f.pump.leave
}

// rest ranges over what is there. It reports whether there was nothing, which after the closing of
// wake is the end, and whether yield wants more.
func (f Feed[T]) rest(yield func(T, *rtx.Gap) bool) (empty, more bool) {
	empty, more = true, true
	f.items(func(v T, gap *rtx.Gap) bool {
		empty, more = false, yield(v, gap)
		return more
	})
	return empty, more
}
