package rtx_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
)

// A channel is live again as soon as the service has restored the session: who waits for it waits
// no longer than that, though it is asked for once more and the answer is late.
func TestARestoredChannelIsReadyAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		stream := opened[numbered](t, c.Channel("a"), "n")
		publish(s, "a", 1)
		s.RefuseNext(1)
		s.HangNext(testserver.StepSubscribe, 1)
		s.DropAll(testserver.Reset)
		synctest.Wait()
		states := c.States(t.Context())
		ready := make(chan time.Time, 1)
		go func() {
			if err := stream.Ready(t.Context()); err != nil {
				t.Error(err)
			}
			ready <- time.Now()
		}()
		connected := await(t, states, rtx.StateConnected)
		if !connected.Recovered {
			t.Fatal("not recovered")
		}
		if at := <-ready; !at.Equal(connected.At) {
			t.Errorf("ready %v after the connection", at.Sub(connected.At))
		}
	}, testserver.WithRecovery(time.Minute))
}
