package flow

import (
	"iter"

	"github.com/realtimex/realtimex-go/rtx"
)

// Errors returns src with its gaps as errors, for whatever takes values and errors: rill.FromSeq2,
// samber/ro, a loop that returns the first error. A gap becomes an error in its place: errors.As
// finds the *rtx.Gap, and through it errors.Is what caused the loss. The sequence goes on after it.
func Errors[T any](src Seq[T]) iter.Seq2[T, error] {
	src = some(src)
	return func(yield func(T, error) bool) {
		src(func(v T, gap *rtx.Gap) bool {
			if gap != nil {
				return yield(v, gap)
			}
			return yield(v, nil)
		})
	}
}
