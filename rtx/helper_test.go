package rtx_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
)

type numbered struct {
	N int `json:"n"`
}

// bubble runs f in a synctest bubble with a server in memory, and closes the server at its end.
func bubble(t *testing.T, f func(t *testing.T, s *testserver.Server), opts ...testserver.Option) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := testserver.NewPipeServer(t, opts...)
		defer func() {
			s.Close()
			time.Sleep(time.Minute) // fake time: for close timers to run out
		}()
		f(t, s)
	})
}

// newClient makes a client of s that is closed at the test's end; the caller's options come last.
func newClient(t *testing.T, s *testserver.Server, opts ...rtx.Option) *rtx.Client {
	t.Helper()
	c, err := rtx.New(s.Key(), append([]rtx.Option{rtx.WithURL(s.URL()), rtx.WithHTTPClient(s.HTTPClient())}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// connect is newClient, connected.
func connect(t *testing.T, s *testserver.Server, opts ...rtx.Option) *rtx.Client {
	t.Helper()
	c := newClient(t, s, opts...)
	if err := c.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

// signing authorises with the server's own secret.
func signing(s *testserver.Server) rtx.Option {
	return rtx.WithAuth(s.Signer().Authorizer(auth.Member{}))
}

// opened opens a stream and waits for its subscription.
func opened[T any](t *testing.T, src rtx.Source, event string, opts ...rtx.StreamOption) *rtx.Stream[T] {
	t.Helper()
	s := rtx.On[T](t.Context(), src, event, opts...)
	if err := s.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// subscribe holds ch for good, if it can.
func subscribe(ctx context.Context, ch *rtx.Channel) error {
	_, err := ch.Subscribe(ctx)
	return err
}

// next receives a value; in a bubble it fails after an hour of fake time.
func next[T any](t *testing.T, s *rtx.Stream[T]) T {
	t.Helper()
	select {
	case v, ok := <-s.C:
		if !ok {
			t.Fatalf("the stream has ended: %v", s.Err())
		}
		return v
	case <-time.After(time.Hour):
		t.Fatal("no value came")
	}
	panic("unreachable")
}

// nextState receives a state; in a bubble it fails after an hour of fake time.
func nextState(t *testing.T, states *rtx.States) rtx.StateChange {
	t.Helper()
	select {
	case st, ok := <-states.C:
		if !ok {
			t.Fatalf("the states have ended: %v", states.Err())
		}
		return st
	case <-time.After(time.Hour):
		t.Fatal("no state came")
	}
	panic("unreachable")
}

// await reads states up to one that is want, and returns it.
func await(t *testing.T, states *rtx.States, want rtx.State) rtx.StateChange {
	t.Helper()
	for {
		if st := nextState(t, states); st.State == want {
			return st
		}
	}
}

// canceled is a context that has ended.
func canceled(cause error) context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	return ctx
}
