package rtx_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
)

// A gap of a lost connection begins at most 10 s before the last byte that came before the loss,
// and not after it, however late the loss is found; and it ends with the confirmation, however late
// that is.
func TestTheTimesOfAGap(t *testing.T) {
	for name, lose := range map[string]func(*testserver.Server){
		"found at once":        func(s *testserver.Server) { s.DropAll(testserver.Reset) },
		"said by the service":  func(s *testserver.Server) { s.DropAll(testserver.Disconnect) },
		"found by the silence": func(s *testserver.Server) { s.HalfOpenAll(); time.Sleep(46 * time.Second) },
		"several, one by one":  func(s *testserver.Server) { s.RefuseNext(3); s.HalfOpenAll(); time.Sleep(46 * time.Second) },
		"a second before it is": func(s *testserver.Server) {
			s.DropAll(testserver.Reset)
			time.Sleep(time.Second)
			s.DropAll(testserver.Reset)
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *testserver.Server) {
				c := connect(t, s)
				stream := opened[numbered](t, c.Channel("a"), "n")
				time.Sleep(30 * time.Second) // a ping of the service has come at 25 s
				publish(s, "a", 1)
				heard := time.Now()
				time.Sleep(4 * time.Second)
				s.HangNext(testserver.StepSubscribe, 1)
				lose(s)
				if err := waitGap(t, stream); err != nil {
					t.Fatal(err)
				}
				confirmed := time.Now()
				next(t, stream)
				for g := range stream.Gaps() {
					early := heard.Sub(g.Since)
					if !g.Reconnected || early < 0 || early > 10*time.Second || !g.Until.Equal(confirmed) {
						t.Errorf("since %v before the last byte, until %v after the confirmation", early, g.Until.Sub(confirmed))
					}
					return
				}
				t.Error("no gap")
			})
		})
	}
}

// waitGap waits for the wake-up of a gap.
func waitGap(t *testing.T, s *rtx.Stream[numbered]) error {
	t.Helper()
	select {
	case <-s.Lost:
	case <-time.After(10 * time.Minute):
		t.Error("no wake-up")
	}
	synctest.Wait()
	return s.Err()
}
