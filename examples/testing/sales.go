package main

import (
	"context"

	"github.com/realtimex/realtimex-go/rtx"
)

// An Order is what the shop publishes.
type Order struct {
	ID    int     `json:"id"`
	Total float64 `json:"total"`
}

// Sales is the consumer that is tested: it adds orders up, and asks for the true figure when it may
// have missed some.
type Sales struct {
	// Backfill returns the sum of all orders so far, from wherever they are kept. It is asked after
	// a gap.
	Backfill func(ctx context.Context) (float64, error)
	// Changed is told each new sum.
	Changed func(sum float64)
}

// Run follows the orders until ctx ends or the stream does, and returns why.
func (s *Sales) Run(ctx context.Context, client *rtx.Client) error {
	var sum float64
	orders := rtx.On[Order](ctx, client.Channel("orders"), "order-created")
	for order, gap := range orders.All() {
		sum += order.Total
		if gap != nil {
			var err error
			if sum, err = s.Backfill(ctx); err != nil {
				return err
			}
		}
		s.Changed(sum)
	}
	return orders.Err()
}
