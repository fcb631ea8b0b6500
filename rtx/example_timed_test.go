package rtx_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
)

// A Reading is what a sensor reports.
type Reading struct {
	Sensor string  `json:"sensor"`
	Value  float64 `json:"value"`
}

// readings opens a stream of six readings, all of which have come when it is returned, and which
// has been closed.
func readings(ctx context.Context, opts ...rtx.StreamOption) (s *rtx.Stream[Reading], done func()) {
	server, client := local(ctx)
	s = rtx.On[Reading](ctx, client.Channel("hall"), "reading", opts...)
	closing := rtx.On[string](ctx, client.Channel("hall"), "closing")
	if err := s.Ready(ctx); err != nil {
		log.Fatal(err)
	}
	for i, sensor := range []string{"door", "roof", "door", "roof", "door", "wall"} {
		server.Publish("hall", "reading", Reading{sensor, float64(20 + i)})
	}
	server.Publish("hall", "closing", "time")
	if _, ok := <-closing.C; !ok {
		log.Fatal(closing.Err())
	}
	s.Close() // what is buffered stays readable
	return s, func() {
		client.Close()
		server.Close()
	}
}

// A stream that conflates keeps the newest value of each key, so a reader that comes late knows how
// things are.
func ExampleWithConflate() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	hall, done := readings(ctx, rtx.WithConflate(func(r Reading) string { return r.Sensor }))
	defer done()

	for r, gap := range hall.Pending() {
		if gap != nil {
			log.Fatal(gap)
		}
		fmt.Println(r.Sensor, r.Value)
	}
	fmt.Println(hall.Stats().Superseded, "superseded")
	// Output:
	// door 24
	// roof 23
	// wall 25
	// 3 superseded
}

// Debounce waits until a sensor that flutters has come to rest, or for two seconds at most.
func ExampleDebounce() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	hall, done := readings(ctx)
	defer done()

	for r, gap := range rtx.Debounce(hall, 100*time.Millisecond, 2*time.Second) {
		if gap != nil {
			log.Fatal(gap)
		}
		fmt.Println(r.Sensor, r.Value)
	}
	fmt.Println(hall.Stats().Superseded, "superseded")
	// Output:
	// wall 25
	// 5 superseded
}

// Sample redraws a gauge once a second at most.
func ExampleSample() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	hall, done := readings(ctx)
	defer done()

	for r, gap := range rtx.Sample(hall, time.Second) {
		if gap != nil {
			log.Fatal(gap)
		}
		fmt.Println("gauge at", r.Value)
	}
	// Output: gauge at 25
}

// Window collects the readings of each minute.
func ExampleWindow() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	hall, done := readings(ctx)
	defer done()

	for minute, gap := range rtx.Window(hall, time.Minute) {
		if gap != nil {
			fmt.Println("the window is cut short:", gap)
			continue
		}
		sum := 0.0
		for _, r := range minute {
			sum += r.Value
		}
		fmt.Println(len(minute), "readings, mean", sum/float64(len(minute)))
	}
	// Output: 6 readings, mean 22.5
}

// Timeout tells when a sensor has gone silent.
func ExampleTimeout() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server, client := local(ctx)
	defer server.Close()
	defer client.Close()

	hall := rtx.On[Reading](ctx, client.Channel("hall"), "reading")
	if err := hall.Ready(ctx); err != nil {
		log.Fatal(err)
	}
	server.Publish("hall", "reading", Reading{"door", 21})
	for readings, gap := range rtx.Timeout(hall, 200*time.Millisecond) {
		switch {
		case gap != nil:
			log.Fatal(gap)
		case len(readings) == 0:
			fmt.Println("silence")
			hall.Close()
		default:
			fmt.Println(readings[0].Sensor, readings[0].Value)
		}
	}
	// Output:
	// door 21
	// silence
}
