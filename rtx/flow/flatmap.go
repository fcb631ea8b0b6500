package flow

import "github.com/realtimex/realtimex-go/rtx"

// FlatMap returns the values of the slices that f returns for the values of src, one after the
// other. A gap passes in its place. If a range is left within a slice, the next one goes on with
// the rest of it. f may return the same slice each time: it is called again once the slice was
// handed out.
//
// In a select loop, do not leave a range early: the stream's Wake does not tell of the rest of a
// slice.
func FlatMap[T, R any](src Seq[T], f func(T) []R) Seq[R] {
	need("FlatMap", f != nil)
	src = some(src)
	var rest []R // not handed out yet
	return func(yield func(R, *rtx.Gap) bool) {
		flush := func() bool {
			for len(rest) > 0 {
				r := rest[0]
				if rest = rest[1:]; !yield(r, nil) {
					return false
				}
			}
			return true
		}
		if !flush() {
			return
		}
		src(func(v T, gap *rtx.Gap) bool {
			if gap != nil {
				var none R
				return yield(none, gap)
			}
			rest = f(v)
			return flush()
		})
	}
}
