package rtx_test

import (
	"testing"
	"testing/synctest"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
)

// A publisher's event with one of the service's own names ends no stream and no connection, settles
// nothing, and reaches whoever bound that name.
func TestForgedNamesEndNothing(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		id := c.SocketID()
		stream := opened[numbered](t, c.Channel("a"), "n")
		bound := opened[map[string]any](t, c.Channel("a"), "realtimex_internal:subscription_error")
		s.SetPong(false)
		names := []string{
			"realtimex_internal:subscription_error", "presence:subscription_error", "realtimex_internal:subscription_succeeded",
			"presence:subscription_succeeded", "realtimex:connection_established", "realtimex:pong", "realtimex:error",
		}
		pinged := make(chan struct{})
		go func() {
			defer close(pinged)
			_, _ = c.Ping(t.Context())
		}()
		synctest.Wait()
		for _, name := range names {
			for range 3 {
				s.Forge("a", name, map[string]any{"channel": "a", "socket_id": "evil", "message": "no", "code": 4009})
			}
		}
		synctest.Wait()
		publish(s, "a", 1)
		if got := outline(stream); got != "1" {
			t.Errorf("got %s, %v", got, stream.Err())
		}
		if c.SocketID() != id || c.State() != rtx.StateConnected || s.Stats().Connects != 1 {
			t.Errorf("socket id %s, was %s; %v", c.SocketID(), id, c.State())
		}
		select {
		case <-pinged:
			t.Error("a forged pong counts")
		default:
		}
		if n := len(bound.C); n != 3 || bound.Err() != nil {
			t.Errorf("who bound the name got %d, %v", n, bound.Err())
		}
		if n := c.Stats().Ignored; n < uint64(len(names)-2)*3 {
			t.Errorf("%d are ignored", n)
		}
		_ = c.Close()
		<-pinged
	})
}
