// Reload keeps a table that is loaded once and then changed by events, and stays right through an outage: events are not kept
// for those who are away, so when the stream tells a gap the table is loaded again. The server, its outage and the database
// are in this process.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// Stock says how many of an item are left. Version rises with every change, so an older state never overwrites a newer one:
// an event may be on its way while the table is loaded.
type Stock struct {
	Item    string `json:"item"`
	Left    int    `json:"left"`
	Version int    `json:"version"`
}

func main() {
	log.SetFlags(0)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := run(ctx, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// table is what the program knows.
type table map[string]Stock

func (t table) put(s Stock) {
	if s.Version > t[s.Item].Version {
		t[s.Item] = s
	}
}

func (t table) load(db *database) {
	for _, s := range db.all() {
		t.put(s)
	}
}

// follow loads the table and keeps it up to date until the stream ends. changed is called after each change.
func follow(ctx context.Context, ch *rtx.Channel, db *database, out io.Writer, changed func(table)) error {
	changes := rtx.On[Stock](ctx, ch, "stock-changed")
	// Subscribe first, load then: what changes in between comes as an event.
	if err := changes.Ready(ctx); err != nil {
		return err
	}
	t := table{}
	t.load(db)
	fmt.Fprintln(out, "Loaded:", t)
	changed(t)
	for change, gap := range changes.All() {
		if gap != nil { // told once events flow again, so that nothing can slip between gap and load
			fmt.Fprintf(out, "Gap: reconnected %v, dropped %d. Loading again.\n", gap.Reconnected, gap.Dropped)
			t.load(db)
			fmt.Fprintln(out, "Loaded:", t)
		} else {
			t.put(change)
			fmt.Fprintln(out, "Event: ", change.Item, change.Left)
		}
		changed(t)
	}
	return changes.Err()
}

// run changes the stock while the program follows, part of it during an outage, and ends once the program knows it all.
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
	following, stop := context.WithCancel(ctx)
	defer stop()

	db := newDatabase(srv)
	db.set("lamps", 7)
	step := 0
	err = follow(following, client.Channel("stock"), db, out, func(t table) {
		switch step++; {
		case step == 1:
			db.set("lamps", 6)
		case step == 2:
			fmt.Fprintln(out, "The server goes down, and the stock changes meanwhile.")
			srv.Stop()
			db.set("lamps", 2)
			db.set("rugs", 40)
			srv.Resume(rtxtest.Forget)
		case step == 3:
			db.set("rugs", 39)
		case t["rugs"].Left == 39:
			stop()
		}
	})
	if following.Err() != nil && ctx.Err() == nil {
		fmt.Fprintln(out, "Up to date, with two changes that no event told.")
		return nil
	}
	return err
}
