package rtx

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// The order is that of names and IDs, however the names begin.
func TestStreamStatsAreSorted(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	heads := []string{"", "a", "orders-", "orders-eu-west-", "orders-eu-west-é", "\xff\xff"}
	for range 2000 {
		all := make([]StreamStats, r.IntN(12))
		common := heads[r.IntN(len(heads))]
		for i := range all {
			all[i] = StreamStats{ID: r.Uint64N(4), Name: common + heads[r.IntN(len(heads))] + strings.Repeat(string(rune('a'+r.IntN(2))), r.IntN(12))}
		}
		want := slices.Clone(all)
		slices.SortFunc(want, func(a, b StreamStats) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
		if got := sortStats(all); !slices.Equal(got, want) {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	}
}
