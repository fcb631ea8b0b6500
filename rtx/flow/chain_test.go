//go:build go1.27

package flow

import (
	"context"
	"testing"

	"github.com/realtimex/realtimex-go/rtx"
)

// Each method of a Chain does what the function of its name does.
func TestChain(t *testing.T) {
	const script = "1 1 2 !a 2 3"
	chain := func() Chain[int] { return Of(all(ended(parse(script).queue()))) }
	double := func(n int) int { return 2 * n }
	odd := func(n int) bool { return n%2 == 1 }
	for name, row := range map[string]struct {
		chain Chain[int]
		want  string
	}{
		"Filter, Map":  {chain().Filter(odd).Map(double), "2 2 !a 6"},
		"FlatMap":      {chain().FlatMap(func(n int) []int { return []int{n, 10 * n} }), "1 10 1 10 2 20 !a 2 20 3 30"},
		"Scan":         {chain().Scan(0, func(sum, n int) int { return sum + n }, nil), "1 2 4 !a 6 9"},
		"Changed":      {chain().Changed(odd, func(a, b int) bool { return a == b }, nil), "1 2 !a 2 3"},
		"OrderedMap":   {chain().OrderedMap(2, double), "2 2 4 !a 4 6"},
		"of nothing":   {Of[int](nil).Map(double), ""},
		"a nil Chain":  {Chain[int](nil).Map(double), ""},
		"given to Map": {Chain[int](Map(chain(), double)), "2 2 4 !a 4 6"},
	} {
		t.Run(name, func(t *testing.T) { expect(t, show(drain(row.chain, nil)), row.want) })
	}
	gaps, values := 0, 0
	for _, err := range chain().Errors() {
		if err != nil {
			gaps++
		}
	}
	err := chain().ForEach(t.Context(), 1, func(_ context.Context, n int) error { values += n; return nil },
		func(context.Context, *rtx.Gap) error { gaps++; return nil })
	if err != nil || gaps != 2 || values != 9 {
		t.Errorf("%v, %d gaps, sum %d", err, gaps, values)
	}
}
