package main

import (
	"context"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/flow"
	"golang.org/x/sync/errgroup"
)

// pipeline brings the events of all plants into the database, until ctx ends.
func pipeline(ctx context.Context, plants *rtx.Group, db *database) error {
	workers, ctx := errgroup.WithContext(ctx)
	var outages flow.Outages // 200 channels on 9 streams are 1,800 gaps, and one item
	workers.Go(func() error {
		for outage := range outages.All(ctx) {
			db.reload(outage)
		}
		return context.Cause(ctx)
	})
	// The limits change in bursts, of which the last counts.
	limits := flow.NewLatest(rtx.Debounce(rtx.On[Limits](ctx, plants, "limits"), 20*time.Millisecond, time.Second))
	record := flow.Retry(db.record, flow.WithBackoff(time.Millisecond, time.Second))
	write := flow.Retry(db.write, flow.WithBackoff(time.Millisecond, time.Second))
	lose := func(ctx context.Context, gap *rtx.Gap) error {
		outages.Note(gap)
		return record(ctx, gap)
	}
	workers.Go(func() error {
		none := func(context.Context, Limits) error { return nil }
		return flow.ForEach(ctx, flow.Waiting(limits.All()), 1, none, lose)
	})
	join := func(window []Reading) (rows []Row) {
		now, _, _ := limits.Get()
		for _, r := range window {
			rows = append(rows, Row{r, r.Celsius > float64(now.High), now.Version})
		}
		return rows
	}
	// Eight workers; all readings of a sensor come to the same one, in order.
	for _, part := range rtx.Partition(ctx, plants, "reading", 8, func(r Reading) string { return r.Sensor }) {
		workers.Go(func() error {
			rows := flow.Map(rtx.Window(part, 50*time.Millisecond), join)
			return flow.ForEach(ctx, flow.Waiting(rows), 1, write, lose)
		})
	}
	return workers.Wait()
}
