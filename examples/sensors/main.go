// Sensors turns readings that never stop into one line a window: how many came, their mean, and
// what was missed. A sensor that flutters is waited for until it has come to rest, and one that
// goes silent is told. The server and its sensors are in this process.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/flow"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// A Reading is what a sensor reports.
type Reading struct {
	Celsius float64 `json:"celsius"`
}

func main() {
	log.SetFlags(0)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := run(ctx, os.Stdout, 200*time.Millisecond); err != nil {
		log.Fatal(err)
	}
}

// windows tells the mean of each window. A gap cuts a window short, so that no mean hides a loss.
func windows(hall *rtx.Stream[Reading], every time.Duration, tell func(n int, mean float64, gap *rtx.Gap)) {
	for readings, gap := range rtx.Window(hall, every) {
		sum := 0.0
		for _, r := range readings {
			sum += r.Celsius
		}
		tell(len(readings), sum/float64(max(1, len(readings))), gap)
	}
}

// settled tells where a door is once it has come to rest, if that is not where it was.
func settled(door *rtx.Stream[string], quiet time.Duration, tell func(string, *rtx.Gap)) {
	one := func(string) string { return "" }
	same := func(a, b string) bool { return a == b }
	for position, gap := range flow.Changed(rtx.Debounce(door, quiet, 10*quiet), one, same, nil) {
		tell(position, gap)
	}
}

// silent waits until nothing has come for a time.
func silent(s *rtx.Stream[Reading], limit time.Duration) error {
	for readings, gap := range rtx.Timeout(s, limit) {
		if gap == nil && len(readings) == 0 {
			return nil
		}
	}
	return errors.Join(errors.New("the stream has ended"), s.Err())
}

func run(ctx context.Context, out io.Writer, every time.Duration) error {
	srv, err := rtxtest.Start()
	if err != nil {
		return err
	}
	defer srv.Close()
	client, err := rtx.Dial(ctx, srv.Key(), rtx.WithURL(srv.URL()))
	if err != nil {
		return err
	}
	defer client.Close()

	hall := rtx.On[Reading](ctx, client.Channel("hall"), "reading")
	watched := rtx.On[Reading](ctx, client.Channel("hall"), "reading")
	door := rtx.On[string](ctx, client.Channel("hall"), "door")
	if err := door.Ready(ctx); err != nil {
		return err
	}
	for i := range 100 {
		srv.Publish("hall", "reading", Reading{20 + float64(i%10)})
	}
	srv.Publish("hall", "reading", "overheated") // which is no Reading
	for _, position := range []string{"open", "shut", "open", "shut", "open"} {
		srv.Publish("hall", "door", position)
	}

	var g errgroup.Group
	g.Go(func() error {
		err := silent(watched, 2*every)
		hall.Close()
		door.Close()
		return err
	})
	var lines [2]string
	g.Go(func() error {
		n, sum, gaps := 0, 0.0, 0
		windows(hall, every, func(count int, mean float64, gap *rtx.Gap) {
			if n, sum = n+count, sum+mean*float64(count); gap != nil {
				gaps++
			}
		})
		lines[0] = fmt.Sprintf("%d readings, mean %.1f degrees, %d gap", n, sum/float64(n), gaps)
		return nil
	})
	g.Go(func() error {
		settled(door, every/2, func(position string, _ *rtx.Gap) { lines[1] = "the door is " + position })
		return nil
	})
	if err := g.Wait(); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s\n%s\n%d positions left out\nthe hall is silent\n", lines[0], lines[1], door.Stats().Superseded)
	return nil
}
