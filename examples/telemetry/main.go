// Telemetry is a whole pipeline: the readings of 200 channels, in order for each sensor over 8
// workers, in windows, joined with limits whose changes are debounced, written to a database that
// fails at times; and every gap is accounted for, those of one outage as one. The pipeline itself
// is in pipeline.go. The server, its outage and the database are in this process.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtxtest"
)

const sensors = 200

func main() {
	log.SetFlags(0)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Second)
	defer cancel()
	if err := run(ctx, os.Stdout); err != nil {
		log.Fatal(err)
	}
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
	plants := rtx.NewGroup()
	for i := range sensors {
		if err := plants.Add(client.Channel(name(i))); err != nil {
			return err
		}
	}
	db := newDatabase()
	running, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan error, 1)
	go func() { done <- pipeline(running, plants, db) }()
	err = errors.Join(play(ctx, srv, plants, db), check(db))
	stop()
	if ended := <-done; !errors.Is(ended, context.Canceled) {
		err = errors.Join(err, ended)
	}
	fmt.Fprintf(out, "%d readings of %d sensors are written, %d of them hot; %d were missed.\n", db.rows, sensors, db.hot, db.missed)
	for _, o := range db.outages {
		fmt.Fprintf(out, "An outage of %d channels, told by %d gaps.\n", len(o.Channels), db.gaps)
	}
	return err
}

func name(i int) string { return fmt.Sprintf("sensor-%03d", i) }

// play has five readings published by each sensor, then one during an outage, then five again.
func play(ctx context.Context, srv *rtxtest.Server, plants *rtx.Group, db *database) error {
	for plants.Readiness() != nil { // the pipeline subscribes
		time.Sleep(time.Millisecond)
	}
	n := 0
	publish := func(celsius float64) {
		n++
		for i := range sensors {
			srv.Publish(name(i), "reading", Reading{name(i), n, celsius})
		}
	}
	for version := range 10 {
		srv.Publish(name(0), "limits", Limits{Version: version + 1, High: 100 - 5*version})
	}
	for known := false; !known; { // until the last limits are in use
		publish(0)
		err := db.await(ctx, func() bool { known = db.limits == 10; return db.rows == sensors*n })
		if err != nil {
			return err
		}
	}
	warm := n
	for range 5 {
		publish(50)
	}
	if err := db.await(ctx, func() bool { return db.rows == sensors*n }); err != nil {
		return err
	}
	srv.Stop()
	publish(70)
	srv.Resume()
	if err := db.await(ctx, func() bool { return len(db.outages) > 0 }); err != nil {
		return err
	}
	for range 5 {
		publish(70)
	}
	err := db.await(ctx, func() bool { return db.rows == sensors*(n-1) })
	db.rows -= warm * sensors
	return err
}

func check(db *database) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	if len(db.faults) > 0 {
		return fmt.Errorf("%d faults, the first: %s", len(db.faults), db.faults[0])
	}
	return nil
}
