package transport_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

func TestConnectTriesOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newOwner(t, &countingDialer{dial: unreachable}, transport.SupervisorOptions{})
		for n := 1; n <= 3; n++ {
			if err := w.sup.Connect(t.Context(), false); err != errNoRoute {
				t.Errorf("err = %v, want that of the dial", err)
			}
			if got := w.all("dialing"); len(got) != n || got[n-1].attempt != 1 || got[n-1].at != 0 {
				t.Errorf("dials %v, want %d first attempts", got, n)
			}
		}
		select {
		case <-w.sup.Done():
			t.Error("done")
		default:
		}
		if err := w.sup.Close(); err != nil || w.sup.Err() != nil {
			t.Errorf("Close %v, Err %v", err, w.sup.Err())
		}
		<-w.sup.Done()
		if err := w.sup.Connect(t.Context(), false); !errors.Is(err, transport.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
}

func TestUpIsNotEstablished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, func(p *peer) {
			p.greet()
			time.Sleep(time.Second)
			p.send("41")
			p.drain()
		})
		w := newOwner(t, mustDialer(t, srv.config()), transport.SupervisorOptions{})
		w.up = func(transport.Session) {}
		if err := w.sup.Connect(t.Context(), false); !errors.Is(err, transport.ErrServerDisconnect) {
			t.Errorf("err = %v", err)
		}
		if got, want := w.order(), []string{"dialing", "up", "down"}; !slices.Equal(got, want) {
			t.Errorf("order %v, want %v", got, want)
		}
	})
}

func TestConcurrentConnects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, func(p *peer) {
			time.Sleep(3 * time.Second)
			p.greet()
			p.drain()
		})
		w := newOwner(t, mustDialer(t, srv.config()), transport.SupervisorOptions{})
		results := make(chan error, 5)
		for range 4 {
			go func() { results <- w.sup.Connect(t.Context(), false) }()
		}
		// One that gives up early does not take the attempt from the others.
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := w.sup.Connect(ctx, false); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("err = %v", err)
		}
		for range 4 {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
		if err := w.sup.Connect(t.Context(), true); err != nil {
			t.Error(err)
		}
		if srv.count() != 1 || len(w.all("dialing")) != 1 {
			t.Errorf("%d links, %d dials, want one", srv.count(), len(w.all("dialing")))
		}
	})
}

func TestConnectAbandoned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, func(p *peer) {
			if p.n > 1 {
				p.greet()
			}
			p.drain()
		})
		w := newOwner(t, mustDialer(t, srv.config()), transport.SupervisorOptions{})
		why := errors.New("no more time")
		ctx, cancel := context.WithTimeoutCause(t.Context(), 5*time.Second, why)
		defer cancel()
		err := w.sup.Connect(ctx, true)
		if !errors.Is(err, why) || time.Since(w.start) != 5*time.Second {
			t.Errorf("%v after %v", err, time.Since(w.start))
		}
		if err := w.sup.Connect(ctx, true); !errors.Is(err, why) || len(w.all("dialing")) != 1 {
			t.Errorf("with an ended context: %v, and %d dials", err, len(w.all("dialing")))
		}
		if err := w.sup.Connect(t.Context(), false); err != nil {
			t.Error(err)
		}
		if got, want := w.order(), []string{"dialing", "dialing", "up"}; !slices.Equal(got, want) {
			t.Errorf("order %v, want %v", got, want)
		}
	})
}

func TestConnectContextEndsLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, func(p *peer) { p.greet(); p.drain() })
		w := newOwner(t, mustDialer(t, srv.config()), transport.SupervisorOptions{})
		ctx, cancel := context.WithCancel(t.Context())
		if err := w.sup.Connect(ctx, false); err != nil {
			t.Fatal(err)
		}
		cancel()
		time.Sleep(30 * time.Second)
		if downs := w.all("down"); len(downs) != 0 {
			t.Errorf("went down: %v", downs)
		}
	})
}

func TestRefusedAtFirst(t *testing.T) {
	refuse := func(p *peer) {
		p.send(openPacket)
		p.expect("40")
		p.send(`44{"message":"Invalid API key","data":{"code":4001}}`)
		p.drain()
	}
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, refuse)
		w := newOwner(t, mustDialer(t, srv.config()), transport.SupervisorOptions{})
		err := w.sup.Connect(t.Context(), true)
		var refused *transport.ConnectError
		if !errors.As(err, &refused) || refused.Code != 4001 {
			t.Fatalf("err = %v", err)
		}
		<-w.sup.Done()
		if w.sup.Err() != err {
			t.Errorf("Err = %v", w.sup.Err())
		}
		if again := w.sup.Connect(t.Context(), true); again != err || srv.count() != 1 {
			t.Errorf("again: %v, with %d links", again, srv.count())
		}
		w.sup.Close()
		if w.sup.Err() != err {
			t.Errorf("Err after Close = %v", w.sup.Err())
		}
	})
}
