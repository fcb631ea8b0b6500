//go:build go1.27

package flow

import (
	"context"
	"iter"

	"github.com/realtimex/realtimex-go/rtx"
)

// A Chain is a [Seq] with the operators as methods, for chains that read from left to right:
//
//	for cents, gap := range flow.Of(orders.All()).Filter(paid).Map(total) {
//
// Each method does what the function of its name does. A Chain can be given to whatever takes a
// Seq. It needs Go 1.27, which has generic methods.
type Chain[T any] func(yield func(T, *rtx.Gap) bool)

// Of returns src as a Chain.
func Of[T any](src Seq[T]) Chain[T] { return Chain[T](some(src)) }

// Map is [Map] as a method.
func (c Chain[T]) Map[R any](f func(T) R) Chain[R] { return Map(c, f) }

// Filter is [Filter] as a method.
func (c Chain[T]) Filter(keep func(T) bool) Chain[T] { return Filter(c, keep) }

// FlatMap is [FlatMap] as a method.
func (c Chain[T]) FlatMap[R any](f func(T) []R) Chain[R] { return FlatMap(c, f) }

// Scan is [Scan] as a method.
func (c Chain[T]) Scan[S any](state S, next func(S, T) S, onGap func(S, *rtx.Gap) S) Chain[S] {
	return Scan(c, state, next, onGap)
}

// Changed is [Changed] as a method.
func (c Chain[T]) Changed[K comparable](key func(T) K, same func(a, b T) bool, channel func(T) string) Chain[T] {
	return Changed(c, key, same, channel)
}

// OrderedMap is [OrderedMap] as a method. The chain is read as [Waiting] says.
func (c Chain[T]) OrderedMap[R any](n int, f func(T) R) Chain[R] {
	return OrderedMap(Waiting(c), n, f)
}

// ForEach is [ForEach] as a method. The chain is read as [Waiting] says.
func (c Chain[T]) ForEach(ctx context.Context, n int, do func(context.Context, T) error, onGap func(context.Context, *rtx.Gap) error) error {
	return ForEach(ctx, Waiting(c), n, do, onGap)
}

// Errors is [Errors] as a method.
func (c Chain[T]) Errors() iter.Seq2[T, error] { return Errors(c) }
