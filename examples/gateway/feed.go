package main

import (
	"context"
	"math"
	"math/rand/v2"
	"time"

	"github.com/realtimex/realtimex-go/rtxtest"
)

// A Price is what the demonstration publishes.
type Price struct {
	Symbol string  `json:"symbol"`
	Price  float64 `json:"price"`
}

// publish makes prices, and breaks every connection once in a while, until ctx ends.
func publish(ctx context.Context, srv *rtxtest.Server, channel string) {
	prices := []Price{{"ACME", 118.2}, {"BOLT", 41.75}, {"CRUX", 9.31}, {"DYNE", 260.4}, {"EMBER", 73.06}}
	tick := time.NewTicker(150 * time.Millisecond)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		p := &prices[rand.IntN(len(prices))]
		p.Price = math.Round(p.Price*(100+rand.Float64()*2-1)) / 100
		srv.Publish(channel, "price", *p)
		if n%60 == 0 {
			srv.DropConnections()
		}
	}
}
