package main

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtxtest"
	"go.uber.org/goleak"
)

// At the end of the package, no goroutine may be left: neither the program's own nor the client's.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start runs Sales against srv, and returns what it reports.
func start(t *testing.T, srv *rtxtest.Server, h *http.Client, backfill float64) <-chan float64 {
	t.Helper()
	client, err := rtx.Dial(t.Context(), srv.Key(), rtx.WithURL(srv.URL()), rtx.WithHTTPClient(h))
	if err != nil {
		t.Fatal(err)
	}
	sums := make(chan float64, 16)
	sales := Sales{
		Backfill: func(context.Context) (float64, error) { return backfill, nil },
		Changed:  func(sum float64) { sums <- sum },
	}
	done := make(chan error, 1)
	go func() { done <- sales.Run(context.WithoutCancel(t.Context()), client) }()
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
		if err := <-done; !errors.Is(err, rtx.ErrClosed) {
			t.Errorf("Run ended with %v", err)
		}
	})
	srv.WaitSubscribed("orders") // no sleep: from here on, what is published arrives
	return sums
}

// next returns the next sum. It fails the test after a minute, because a test that waits for ever
// does not say why.
func next(t *testing.T, sums <-chan float64) float64 {
	t.Helper()
	select {
	case sum := <-sums:
		return sum
	case <-time.After(time.Minute):
		t.Fatal("no new sum within a minute")
		return 0
	}
}

// The everyday test: a real WebSocket on loopback, a few orders, and the connection lost in the
// middle.
func TestAnOutageIsMadeUpFor(t *testing.T) {
	srv := rtxtest.NewServer(t)
	sums := start(t, srv, srv.HTTPClient(), 150)

	srv.Publish("orders", "order-created", Order{ID: 1, Total: 10})
	if sum := next(t, sums); sum != 10 {
		t.Fatalf("the sum is %v, want 10", sum)
	}
	srv.Stop()
	srv.Publish("orders", "order-created", Order{ID: 2, Total: 140}) // while nobody is there
	srv.Resume()
	if sum := next(t, sums); sum != 150 {
		t.Fatalf("after the outage the sum is %v, want the backfilled 150", sum)
	}
	srv.Publish("orders", "order-created", Order{ID: 3, Total: 1})
	if sum := next(t, sums); sum != 151 {
		t.Fatalf("the sum is %v, want 151", sum)
	}
}

// A payload of the wrong type is a gap as well.
func TestABadPayloadIsMadeUpFor(t *testing.T) {
	srv := rtxtest.NewServer(t)
	sums := start(t, srv, srv.HTTPClient(), 42)
	srv.Publish("orders", "order-created", map[string]any{"id": 1, "total": "a lot"})
	if sum := next(t, sums); sum != 42 {
		t.Fatalf("the sum is %v, want the backfilled 42", sum)
	}
}

// In a bubble of testing/synctest a night without a server passes at once, and every delay of the
// client is exact.
func TestANightWithoutAServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := rtxtest.NewPipeServer(t)
		sums := start(t, srv, srv.HTTPClient(), 150)
		synctest.Wait() // the client has read all that was sent
		srv.Stop()
		time.Sleep(8 * time.Hour)
		srv.Resume()
		began := time.Now()
		if sum := next(t, sums); sum != 150 {
			t.Fatalf("in the morning the sum is %v, want the backfilled 150", sum)
		}
		if waited := time.Since(began); waited > 30*time.Second {
			t.Errorf("the client came back after %v; its longest pause is 30 s", waited)
		}
		srv.Close()
	})
}
