package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// run gives the service 500 orders, has it interrupted when the first is packed, and looks for the report of each order that it
// had taken until then.
func run(ctx context.Context, out io.Writer, interrupt func() error) error {
	srv, err := rtxtest.Start()
	if err != nil {
		return err
	}
	defer srv.Close()
	opts := []rtx.Option{rtx.WithURL(srv.URL()), rtx.WithAuth(srv.Signer().Authorizer(auth.Member{}))}
	service, err := rtx.Dial(ctx, srv.Key(), opts...)
	if err != nil {
		return err
	}
	shop, err := rtx.Dial(ctx, srv.Key(), opts...)
	if err != nil {
		return err
	}
	defer shop.Close()
	shopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	reports := rtx.On[Order](shopping, shop.Channel("private-warehouse"), "client-packed", rtx.Buffer(500))
	if err := reports.Ready(shopping); err != nil {
		return err
	}

	var packed uint64
	stopped := make(chan error, 1)
	go func() {
		var err error
		packed, err = serve(ctx, service, out)
		stopped <- err
	}()
	if err := srv.Await(shopping, func(s rtxtest.Stats) bool { return s.Subscriptions == 2 }); err != nil {
		return err
	}
	for id := range 500 {
		srv.Publish("private-warehouse", "order-created", Order{ID: id + 1})
	}
	var got uint64
	for report := range reports.C {
		if got++; got == 1 {
			fmt.Fprintf(out, "Order %d is packed, more are on their way. Now somebody presses Ctrl-C.\n", report.ID)
			if err := interrupt(); err != nil {
				return err
			}
			if err := <-stopped; err != nil {
				return err
			}
			fmt.Fprintf(out, "Stopped. The service took and packed %d orders.\n", packed)
		}
		if got == packed {
			fmt.Fprintf(out, "The shop has the reports of all %d.\n", got)
			return nil
		}
	}
	return fmt.Errorf("%d reports of %d: %w", got, packed, reports.Err())
}
