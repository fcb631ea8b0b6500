package rtx_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
)

// A service that answered pings once and no longer does is left once, for a deaf connection, and
// not again and again.
func TestServiceThatStopsAnsweringPingsIsLeftOnce(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		stream := opened[numbered](t, c.Channel("a"), "n")
		synctest.Wait() // the early probe is answered
		s.SetPong(false)
		time.Sleep(24 * time.Hour)
		if n := s.Stats().Connects; n != 2 {
			t.Errorf("%d connects, want 2", n)
		}
		publish(s, "a", 1)
		if got := outline(stream); got != "reconnected 1" {
			t.Errorf("got %s", got)
		}
	}, testserver.WithRecovery(time.Minute))
}
