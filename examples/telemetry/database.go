package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/flow"
)

var errBusy = errors.New("too many connections")

// A database is busy every third time that it is asked. It checks what it gets: the numbers of each
// sensor rise, and each hole in them has a gap.
type database struct {
	changed chan struct{} // has a token after a change

	mu      sync.Mutex
	asked   int
	last    map[string]int  // the number of each sensor's last reading
	gapped  map[string]bool // the sensors with a gap since
	rows    int
	hot     int
	missed  int
	gaps    int
	limits  int // the newest version of them in a row
	outages []flow.Outage
	faults  []string
}

func newDatabase() *database {
	return &database{changed: make(chan struct{}, 1), last: map[string]int{}, gapped: map[string]bool{}}
}

func (d *database) write(_ context.Context, rows []Row) error {
	return d.change(func() {
		for _, r := range rows {
			missed := r.N - d.last[r.Sensor] - 1
			if missed < 0 || missed > 0 && !d.gapped[r.Sensor] {
				d.faults = append(d.faults, fmt.Sprintf("%s: %d after %d", r.Sensor, r.N, d.last[r.Sensor]))
			}
			d.last[r.Sensor], d.gapped[r.Sensor] = r.N, false
			d.limits = max(d.limits, r.Limits)
			d.missed += missed
			if d.rows++; r.Hot {
				d.hot++
			}
		}
	})
}

func (d *database) record(_ context.Context, gap *rtx.Gap) error {
	return d.change(func() {
		d.gaps++
		d.gapped[gap.Channel] = true // the worker of the sensor says so last, before its next reading
	})
}

func (d *database) change(do func()) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.asked++; d.asked%3 == 0 {
		return errBusy
	}
	do()
	d.notify()
	return nil
}

// reload is where a service would load what the channels missed.
func (d *database) reload(o flow.Outage) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.outages = append(d.outages, o)
	d.notify()
}

func (d *database) notify() {
	select {
	case d.changed <- struct{}{}:
	default:
	}
}

// await waits until the database is as wanted.
func (d *database) await(ctx context.Context, wanted func() bool) error {
	for {
		d.mu.Lock()
		ok := wanted()
		d.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-d.changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
