package flow

import "github.com/realtimex/realtimex-go/rtx"

// A Seq is a sequence of values and gaps in their order: a value as (v, nil), a gap as (zero, gap).
// [rtx.Stream.All], [rtx.Stream.Pending] and [rtx.Batches] return one, and so does every operator.
// It is an iterator as the package iter has them, and can be given to whatever takes an
// iter.Seq2[T, *rtx.Gap]. Take both variables when you range over it. A nil Seq is empty for the
// operators.
//
// A Seq continues: a range over it goes on where the last one was left. One range at a time may be
// over it.
type Seq[T any] = func(yield func(T, *rtx.Gap) bool)

// some returns src, or an empty sequence for nil.
func some[T any](src Seq[T]) Seq[T] {
	if src == nil {
		return func(func(T, *rtx.Gap) bool) {}
	}
	return src
}

// need panics if a function that an operator can't do without is nil, at the call that forgot it.
func need(operator string, given bool) {
	if !given {
		panic("flow: " + operator + ": a function is nil")
	}
}
