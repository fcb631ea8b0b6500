package rtxtest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// testTheOutageOfMonday is a fault that was seen in production: the program's part in it is played
// by its recording, with the recorded times, which cost nothing in a bubble.
func testTheOutageOfMonday(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := rtxtest.Replay(t, "testdata/monday.jsonl",
			rtxtest.WithReplaySpeed(1), rtxtest.WithWait(time.Hour))
		defer server.Close()
		client, err := rtx.Dial(t.Context(), server.Key(),
			rtx.WithURL(server.URL()), rtx.WithHTTPClient(server.HTTPClient()))
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		orders := rtx.On[int](t.Context(), client.Channel("orders"), "created")

		server.WaitReplayed()
		if got := len(orders.C); got != 12 {
			t.Errorf("%d orders, want 12", got)
		}
	})
}

// A recording of what a client saw in production, made by package record or by rtx record, is
// replayed to the program in a test.
func ExampleReplay() {
	var t *testing.T // in a test, the one that it is given

	if t != nil {
		testTheOutageOfMonday(t)
	}
}
