// Orderbook keeps the books of a market true: a snapshot is loaded, and updates with sequence
// numbers are applied to it. Updates that the snapshot has already are left out by their numbers.
// After a gap of one market's channel, that market's book alone is loaded again. The exchange is in
// this process.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/mirror"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// A Book is the state of one market. It is one value, because its sequence number is of the whole.
type Book struct {
	Sequence int
	Bids     map[int]int // amount by price
}

// An Update changes the amount at one price; an amount of 0 takes the price away.
type Update struct {
	Market   string `json:"market"`
	Sequence int    `json:"sequence"`
	Price    int    `json:"price"`
	Amount   int    `json:"amount"`
}

func main() {
	log.SetFlags(0)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := run(ctx, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// with returns the book after an update. What was handed out is not changed.
func (b Book) with(u Update) Book {
	bids := maps.Clone(b.Bids)
	if bids == nil {
		bids = make(map[int]int)
	}
	if bids[u.Price] = u.Amount; u.Amount == 0 {
		delete(bids, u.Price)
	}
	return Book{u.Sequence, bids}
}

func (b Book) best() int { return slices.Max(append(slices.Collect(maps.Keys(b.Bids)), 0)) }

// follow opens the books of the markets, each of which has a channel of its name.
func follow(ctx context.Context, client *rtx.Client, ex *exchange, markets ...string) *mirror.Mirror[string, Book] {
	group := rtx.NewGroup()
	for _, m := range markets {
		if err := group.Add(client.Channel(m)); err != nil {
			log.Fatal(err)
		}
	}
	return mirror.Open(ctx, group, "update",
		func(ctx context.Context) (map[string]Book, error) { return ex.books(ctx, markets) },
		func(books *mirror.State[string, Book], u Update) {
			book, _ := books.Get(u.Market)
			books.Set(u.Market, book.with(u))
		},
		mirror.WithVersion(func(u Update) (string, int) { return u.Market, u.Sequence }, func(b Book) int { return b.Sequence }),
		mirror.WithParts(func(market string) string { return market }, ex.books),
	)
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

	ex := newExchange(srv, out)
	ex.trade("tea", 100, 5)
	ex.trade("oil", 70, 3)
	books := follow(ctx, client, ex, "tea", "oil")
	defer books.Close()
	if err := books.Fresh(ctx); err != nil {
		return err
	}
	// One update is garbled on its way: a gap of that market.
	ex.garble("tea", 101, 9)
	for change := range books.Changes() {
		if !change.Fresh {
			continue
		}
		tea, _ := books.Get("tea")
		oil, _ := books.Get("oil")
		switch {
		case tea.best() == 101 && oil.best() == 70:
			ex.trade("tea", 101, 0)
			ex.trade("oil", 71, 8)
		case tea.best() == 100 && oil.best() == 71:
			fmt.Fprintln(out, "tea:", tea.Bids, "oil:", oil.Bids)
			return nil
		}
	}
	return books.Err()
}
