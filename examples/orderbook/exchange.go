package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"

	"github.com/realtimex/realtimex-go/rtxtest"
)

// exchange is where the truth is.
type exchange struct {
	srv *rtxtest.Server
	out io.Writer
	mu  sync.Mutex
	all map[string]Book
}

func newExchange(srv *rtxtest.Server, out io.Writer) *exchange {
	return &exchange{srv: srv, out: out, all: make(map[string]Book)}
}

// books returns snapshots, and prints which were asked for.
func (ex *exchange) books(_ context.Context, markets []string) (map[string]Book, error) {
	ex.mu.Lock()
	defer ex.mu.Unlock()
	fmt.Fprintln(ex.out, "snapshots of", markets)
	books := maps.Clone(ex.all)
	maps.DeleteFunc(books, func(m string, _ Book) bool {
		return !slices.Contains(markets, m)
	})
	return books, nil
}

func (ex *exchange) change(market string, price, amount int) Update {
	ex.mu.Lock()
	defer ex.mu.Unlock()
	u := Update{market, ex.all[market].Sequence + 1, price, amount}
	ex.all[market] = ex.all[market].with(u)
	return u
}

func (ex *exchange) trade(market string, price, amount int) {
	ex.srv.Publish(market, "update", ex.change(market, price, amount))
}

func (ex *exchange) garble(market string, price, amount int) {
	ex.change(market, price, amount)
	ex.srv.Publish(market, "update", "#!?")
}
