package flow

import "github.com/realtimex/realtimex-go/rtx"

// Scan folds the values of src into a state, which begins as given, and returns the state after
// each value. A gap passes in its place. Before that, onGap says what the state becomes, since it
// was folded without what is missing; if onGap is nil, the state is kept. The state lives on from
// one range to the next.
//
// If S is a map or a pointer, all results share it.
func Scan[T, S any](src Seq[T], state S, next func(S, T) S, onGap func(S, *rtx.Gap) S) Seq[S] {
	need("Scan", next != nil)
	src = some(src)
	return func(yield func(S, *rtx.Gap) bool) {
		src(func(v T, gap *rtx.Gap) bool {
			if gap != nil {
				if onGap != nil {
					state = onGap(state, gap)
				}
				var none S
				return yield(none, gap)
			}
			state = next(state, v)
			return yield(state, nil)
		})
	}
}
