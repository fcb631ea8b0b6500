// Reload keeps a table that is loaded once and then changed by events. It stays correct through an
// outage: the service keeps no events for clients that are away, so a mirror loads the table again
// when events were missed. The server, its outage and the database are in this process.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/mirror"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// Stock says how many of an item are left. Version rises with every change, so an older state never
// overwrites a newer one: an event may be on its way while the table is loaded.
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

// follow opens the table. It is loaded once the channel is subscribed, and again after every gap.
func follow(ctx context.Context, ch *rtx.Channel, db *database) *mirror.Mirror[string, Stock] {
	return mirror.Open(ctx, ch, "stock-changed", db.load,
		func(table *mirror.State[string, Stock], s Stock) { table.Set(s.Item, s) },
		mirror.WithVersion(func(s Stock) (string, int) { return s.Item, s.Version }, func(s Stock) int { return s.Version }),
	)
}

// run changes the stock while the program follows, part of it during an outage, and ends once the
// program knows it all.
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

	db := newDatabase(srv)
	db.set("lamps", 7)
	table := follow(ctx, client.Channel("stock"), db)
	defer table.Close()
	step := 0
	for change := range table.Changes() {
		fmt.Fprintln(out, describe(change))
		switch step++; {
		case step == 1:
			db.set("lamps", 6)
		case step == 2:
			fmt.Fprintln(out, "The server goes down, and the stock changes meanwhile.")
			srv.Stop()
			db.set("lamps", 2)
			db.set("rugs", 40)
		case !change.Fresh:
			srv.Resume()
		case change.Added["rugs"].Left == 40:
			db.set("rugs", 39)
		case change.Updated["rugs"].Left == 39:
			fmt.Fprintln(out, "Up to date, with two changes that no event told.")
			return nil
		}
	}
	return table.Err()
}
