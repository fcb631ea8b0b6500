package rtx_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
)

// A write that meets the service's close frame must not hide it: what the service knows of the end
// decides whether the session is taken up again.
func TestCloseFrameIsTheCauseAlsoWhileWriting(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		states := c.States(t.Context())
		await(t, states, rtx.StateConnected)
		for round := range 200 {
			ctx, cancel := context.WithCancel(t.Context())
			var writers sync.WaitGroup
			for range 4 {
				writers.Go(func() {
					for ctx.Err() == nil {
						if _, err := c.Ping(ctx); err != nil {
							return
						}
						time.Sleep(100 * time.Microsecond)
					}
				})
			}
			time.Sleep(time.Millisecond) // fake time: the pings are under way
			s.DropAll(testserver.CloseFrame)
			st := await(t, states, rtx.StateReconnecting)
			if _, ok := errors.AsType[*rtx.CloseError](st.Err); !ok {
				t.Fatalf("round %d: the cause is %v", round, st.Err)
			}
			cancel()
			writers.Wait()
			await(t, states, rtx.StateConnected)
		}
	}, testserver.WithPing(time.Hour, time.Hour))
}
