package flow_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/flow"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// stream is a stream that got these payloads, and has ended. One that is no T is a gap.
func stream[T any](payloads ...any) *rtx.Stream[T] {
	ctx := context.Background()
	server, err := rtxtest.Start()
	if err != nil {
		panic(err)
	}
	defer server.Close()
	client, err := rtx.Dial(ctx, server.Key(), rtx.WithURL(server.URL()))
	if err != nil {
		panic(err)
	}
	defer client.Close()
	s := rtx.On[T](ctx, client.Channel("shop"), "event")
	last := rtx.On[bool](ctx, client.Channel("shop"), "closing")
	if err := errors.Join(s.Ready(ctx), last.Ready(ctx)); err != nil {
		panic(err)
	}
	for _, p := range payloads {
		server.Publish("shop", "event", p)
	}
	server.Publish("shop", "closing", true)
	<-last.C
	if err := client.Drain(ctx); err != nil {
		panic(err)
	}
	return s
}

const broken = "no number" // a payload that is no int

// show prints what a sequence has.
func show[T any](seq flow.Seq[T]) {
	for v, gap := range seq {
		if gap != nil {
			fmt.Print("gap ")
			continue
		}
		fmt.Print(v, " ")
	}
	fmt.Println()
}

func ExampleMap() {
	cents := stream[int](100, 250, broken, 80)
	show(flow.Map(cents.All(), func(c int) string { return fmt.Sprintf("€%.2f", float64(c)/100) }))
	// Output:
	// €1.00 €2.50 gap €0.80
}

func ExampleFilter() {
	cents := stream[int](100, 250, broken, 80)
	show(flow.Filter(cents.All(), func(c int) bool { return c >= 100 }))
	// Output:
	// 100 250 gap
}

func ExampleFlatMap() {
	orders := stream[[]string]([]string{"tea", "milk"}, 7, []string{"rug"})
	show(flow.FlatMap(orders.All(), func(items []string) []string { return items }))
	// Output:
	// tea milk gap rug
}

// The sum begins again after a gap, since it would lack what was missed.
func ExampleScan() {
	cents := stream[int](100, 250, broken, 80, 20)
	sum := func(sum, cents int) int { return sum + cents }
	show(flow.Scan(cents.All(), 0, sum, func(int, *rtx.Gap) int { return 0 }))
	// Output:
	// 100 350 gap 80 100
}

// The second 21 passes because the degrees between might have been missed.
func ExampleChanged() {
	type Reading struct {
		Sensor  string
		Celsius float64
	}
	readings := stream[Reading](Reading{"hall", 21}, Reading{"yard", 4}, Reading{"hall", 21.1}, "?", Reading{"hall", 21.1}, Reading{"hall", 23})
	show(flow.Changed(readings.All(), func(r Reading) string { return r.Sensor }, func(a, b Reading) bool {
		return max(a.Celsius, b.Celsius)-min(a.Celsius, b.Celsius) < 0.5
	}, nil))
	// Output:
	// {hall 21} {yard 4} gap {hall 21.1} {hall 23}
}

// Two streams of different types become one sequence.
func ExampleMerge() {
	orders, refunds := stream[int](100, 250), stream[float64](0.8)
	cents := func(euro float64) int { return -int(100 * euro) }
	total := 0
	for c, gap := range flow.Merge(flow.From(orders), flow.Woken(refunds.Wake, flow.Map(refunds.Pending(), cents))) {
		if gap == nil {
			total += c
		}
	}
	fmt.Println(total)
	// Output:
	// 270
}

// A sequence that waits by itself, such as one of the time operators, as a feed.
func ExampleWaiting() {
	batches := rtx.Batches(stream[int](1, 2, 3), 2, time.Second)
	show(flow.OrderedMap(flow.Waiting(batches), 2, func(batch []int) int { return len(batch) }))
	// Output:
	// 2 1
}

func ExampleTee() {
	takers := flow.Tee(stream[int](1, 2, broken, 3).All(), 2, 256)
	var sum, gaps int
	var wg sync.WaitGroup
	wg.Go(func() {
		for n := range takers[0] {
			sum += n // a gap comes with 0
		}
	})
	wg.Go(func() {
		for _, gap := range takers[1] {
			if gap != nil {
				gaps++
			}
		}
	})
	wg.Wait()
	fmt.Println("sum:", sum, "gaps:", gaps)
	// Output:
	// sum: 6 gaps: 1
}

func ExampleLatest() {
	price := flow.NewLatest(stream[int](17, 19, broken).All())
	for cents, gap := range price.All() { // somebody has to read, for as long as the stream is open
		_, _ = cents, gap
	}
	cents, gap, ok := price.Get() // anywhere else, at any time
	fmt.Println(cents, ok, "may be out of date:", gap != nil)
	for cents, gap := range price.Watch(context.Background()) { // one more taker
		fmt.Println(cents, gap != nil)
	}
	// Output:
	// 19 true may be out of date: true
	// 19 false
	// 0 true
}

// Four requests at a time, and their results in the order of the values.
func ExampleOrderedMap() {
	ids := stream[int](4, 3, broken, 2, 1)
	show(flow.OrderedMap(flow.From(ids), 4, func(id int) string {
		time.Sleep(time.Duration(id) * time.Millisecond) // a request
		return fmt.Sprint("customer ", id)
	}))
	// Output:
	// customer 4 customer 3 gap customer 2 customer 1
}

// A database that is busy at times is written to by eight at a time, and nothing is given up but
// what it refuses for good.
func ExampleForEach() {
	ctx := context.Background()
	errBusy, errRefused := errors.New("busy"), errors.New("refused")
	var mu sync.Mutex
	var stored []int
	busy := true
	write := func(_ context.Context, n int) error {
		mu.Lock()
		defer mu.Unlock()
		switch busy = !busy; {
		case n < 0:
			return errRefused
		case !busy:
			return errBusy
		}
		stored = append(stored, n)
		return nil
	}
	patient := flow.Retry(write, flow.WithBackoff(time.Millisecond, time.Second), flow.WithAttempts(100),
		flow.WithFinal(func(err error) bool { return errors.Is(err, errRefused) }))
	numbers := stream[int](1, 2, broken, 3, -1)
	err := flow.ForEach(ctx, flow.From(numbers), 8, patient, func(_ context.Context, gap *rtx.Gap) error {
		slices.Sort(stored)
		fmt.Println("stored before the gap:", stored)
		return nil
	})
	var gaveUp *flow.RetryError
	fmt.Println(errors.As(err, &gaveUp), gaveUp.Err)
	// Output:
	// stored before the gap: [1 2]
	// true refused
}

// A loop that ends at the first gap, as one over values and errors does.
func ExampleErrors() {
	for n, err := range flow.Errors(stream[int](1, broken, 2).All()) {
		if err != nil {
			var gap *rtx.Gap
			fmt.Println(errors.As(err, &gap), gap.Channel, gap.Malformed)
			break
		}
		fmt.Println(n)
	}
	// Output:
	// 1
	// true shop 1
}

// Two streams lost something at about the same time: whoever loads everything again does so once.
func ExampleOutages() {
	outages := flow.NewOutages(10 * time.Millisecond)
	for range 2 {
		for _, gap := range stream[int](1, broken).All() {
			outages.Note(gap)
		}
	}
	for outage := range outages.All(context.Background()) {
		fmt.Println("load again:", outage.Channels, "gaps:", outage.Gaps)
		break
	}
	// Output:
	// load again: [shop] gaps: 2
}
