package rtxtest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// testANightWithoutTheService takes milliseconds: in a bubble of testing/synctest the eight hours
// pass as soon as every goroutine waits.
func testANightWithoutTheService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := rtxtest.NewPipeServer(t)
		defer server.Close()
		client, err := rtx.Dial(t.Context(), server.Key(),
			rtx.WithURL(server.URL()), rtx.WithHTTPClient(server.HTTPClient()))
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		orders := rtx.On[int](t.Context(), client.Channel("orders"), "created")
		if err := orders.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}

		server.Stop()
		time.Sleep(8 * time.Hour)
		server.Resume()
		for _, gap := range orders.All() {
			if gap == nil || gap.Until.Sub(gap.Since) < 8*time.Hour {
				t.Errorf("got the gap %v, want one of eight hours", gap)
			}
			break
		}
	})
}

// A test of a night without the service runs in a bubble of testing/synctest, on connections in
// memory.
func ExampleNewPipeServer() {
	var t *testing.T // in a test, the one that it is given

	if t != nil {
		testANightWithoutTheService(t)
	}
}
