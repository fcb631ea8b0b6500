package main

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtxtest"
)

func TestReloadAfterAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := rtxtest.NewPipeServer(t)
		client, err := rtx.Dial(t.Context(), srv.Key(), rtx.WithURL(srv.URL()), rtx.WithHTTPClient(srv.HTTPClient()))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = client.Close() })
		orders := rtx.On[Order](t.Context(), client.Channel("orders"), "order-created")
		if err := orders.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}

		srv.Stop()
		time.Sleep(10 * time.Minute) // of the bubble's clock: it takes no time
		srv.Resume()

		for _, gap := range orders.All() {
			if gap == nil || !gap.Reconnected {
				t.Errorf("got %v, want a gap of a reconnection", gap)
			}
			break
		}
	})
}
