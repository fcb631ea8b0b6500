package flow

import "github.com/realtimex/realtimex-go/rtx"

// Map returns the results of f for the values of src. A gap passes in its place.
func Map[T, R any](src Seq[T], f func(T) R) Seq[R] {
	need("Map", f != nil)
	src = some(src)
	return func(yield func(R, *rtx.Gap) bool) {
		src(func(v T, gap *rtx.Gap) bool {
			if gap != nil {
				var none R
				return yield(none, gap)
			}
			return yield(f(v), nil)
		})
	}
}

// Filter returns the values of src for which keep reports true. A gap passes in its place.
func Filter[T any](src Seq[T], keep func(T) bool) Seq[T] {
	need("Filter", keep != nil)
	src = some(src)
	return func(yield func(T, *rtx.Gap) bool) {
		src(func(v T, gap *rtx.Gap) bool {
			if gap == nil && !keep(v) {
				return true
			}
			return yield(v, gap)
		})
	}
}
