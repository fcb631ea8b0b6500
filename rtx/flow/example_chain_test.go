//go:build go1.27

package flow_test

import (
	"context"
	"fmt"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/flow"
)

func ExampleOf() {
	orders := stream[[]int]([]int{100, 250}, "no list", []int{80, 80})
	show(flow.Of(orders.All()).
		FlatMap(func(cents []int) []int { return cents }).
		Filter(func(c int) bool { return c < 200 }).
		Changed(func(int) bool { return true }, func(a, b int) bool { return a == b }, nil).
		Scan(0, func(sum, c int) int { return sum + c }, nil).
		OrderedMap(4, func(c int) int { return c / 10 }).
		Map(func(c int) string { return fmt.Sprint(c, " dimes") }))
	// Output:
	// 10 dimes gap 18 dimes
}

func ExampleChain_ForEach() {
	err := flow.Of(stream[int](1, broken, 3).All()).ForEach(context.Background(), 1,
		func(_ context.Context, n int) error { fmt.Println("stored", n); return nil },
		func(_ context.Context, gap *rtx.Gap) error { return gap })
	fmt.Println(err != nil)
	// Output:
	// stored 1
	// true
}

func ExampleChain_Errors() {
	for n, err := range flow.Of(stream[int](1, broken).All()).Errors() {
		fmt.Println(n, err != nil)
	}
	// Output:
	// 1 false
	// 0 true
}
