package rtxtest_test

import (
	"slices"
	"testing"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtxtest"
)

type Order struct{ ID int }

// The package's documentation has this test; TestDocumentation holds the two together.

func TestOrdersSurviveAnOutage(t *testing.T) {
	server := rtxtest.NewServer(t)
	client, err := rtx.Dial(t.Context(), server.Key(), rtx.WithURL(server.URL()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	orders := rtx.On[Order](t.Context(), client.Channel("orders"), "created")
	server.WaitSubscribed("orders")
	server.Publish("orders", "created", Order{ID: 1})
	first := <-orders.C

	server.Restart()
	server.WaitSubscribed("orders") // the client reconnects by itself
	server.Publish("orders", "created", Order{ID: 2})
	second := <-orders.C

	gaps := slices.Collect(orders.Gaps())
	if first.ID != 1 || second.ID != 2 || len(gaps) != 1 || !gaps[0].Reconnected {
		t.Errorf("got %v, %v and the gaps %v", first, second, gaps)
	}
}
