// Dashboard draws how things are and not how they became so. A stream that conflates keeps the
// newest load of each host, so the screen is drawn ten times a second however many events come, and
// however long a drawing takes. A gauge of the total is sampled. The server and its hosts are in
// this process.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// A Load is how busy a host is.
type Load struct {
	Host    string `json:"host"`
	Percent int    `json:"percent"`
}

const (
	hosts  = 100
	rounds = 50
	frame  = 100 * time.Millisecond
)

func main() {
	log.SetFlags(0)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := run(ctx, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// draw redraws the hosts that have changed, at each tick, until done reports that the screen shows
// what it should.
func draw(loads *rtx.Stream[Load], screen map[string]int, done func() bool) error {
	ticks := time.NewTicker(frame)
	defer ticks.Stop()
	for range ticks.C {
		for l, gap := range loads.Pending() {
			if gap != nil {
				clear(screen) // better no figure than an old one
				continue
			}
			screen[l.Host] = l.Percent
		}
		if done() {
			return nil
		}
		if loads.Ended() {
			return loads.Err()
		}
	}
	return nil
}

// gauge shows the newest total at most once a frame.
func gauge(totals *rtx.Stream[int], show func(total int)) error {
	for total, gap := range rtx.Sample(totals, frame) {
		if gap != nil {
			continue // the next one says it all
		}
		if show(total); total == rounds {
			return nil
		}
	}
	return totals.Err()
}

func run(ctx context.Context, out io.Writer) error {
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

	loads := rtx.On[Load](ctx, client.Channel("hosts"), "load", rtx.WithBuffer(hosts),
		rtx.WithConflate(func(l Load) string { return l.Host }))
	totals := rtx.On[int](ctx, client.Channel("hosts"), "total")
	if err := totals.Ready(ctx); err != nil {
		return err
	}
	screen, shown := make(map[string]int), 0
	var g errgroup.Group
	g.Go(func() error {
		return draw(loads, screen, func() bool { return len(screen) == hosts && screen["host 99"] == rounds })
	})
	g.Go(func() error { return gauge(totals, func(total int) { shown = total }) })
	for round := 1; round <= rounds; round++ {
		for h := range hosts {
			srv.Publish("hosts", "load", Load{fmt.Sprint("host ", h), round})
		}
		srv.Publish("hosts", "total", round)
	}
	if err := g.Wait(); err != nil {
		return err
	}
	s := loads.Stats()
	fmt.Fprintf(out, "%d hosts on the screen, all at %d; the gauge is at %d\n", len(screen), screen["host 0"], shown)
	fmt.Fprintf(out, "%d loads, %d dropped\n", s.Delivered+s.Superseded, s.Dropped)
	return nil
}
