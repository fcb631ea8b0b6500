package rtx_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
)

// A channel leaves a group while the link is half-open, and comes back after the reconnection, or
// does not: what was missed while it was in is told, with times of when it was.
func TestLeftTheGroupOnADeadLink(t *testing.T) {
	for name, back := range map[string]bool{"and comes back": true, "for good": false} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *testserver.Server) {
				c := connect(t, s)
				a, b := c.Channel("a"), c.Channel("b")
				group := rtx.NewGroup(a, b)
				stream := opened[rtx.Message[numbered]](t, group, "n")
				publish(s, "b", 1)
				<-stream.C
				heard := time.Now()
				s.HalfOpenAll()
				time.Sleep(time.Second)
				publish(s, "b", 2) // lost, and b is in
				time.Sleep(time.Second)
				group.Remove(b)
				left := time.Now()
				time.Sleep(time.Minute)
				if err := stream.Ready(t.Context()); err != nil {
					t.Fatal(err)
				}
				if back {
					if err := group.Add(b); err != nil {
						t.Fatal(err)
					}
				}
				if err := stream.Ready(t.Context()); err != nil {
					t.Fatal(err)
				}
				publish(s, "b", 3)
				publish(s, "a", 4)
				var values, gaps []string
				for len(stream.C) > 0 {
					m := <-stream.C
					for g := range stream.Gaps() {
						gaps = append(gaps, g.Channel)
						if g.Channel == "b" && (!g.Reconnected || g.Since.After(heard) || g.Until.Before(left)) {
							t.Errorf("since %v after the last byte, until %v after it left", g.Since.Sub(heard), g.Until.Sub(left))
						}
					}
					values = append(values, m.Channel)
				}
				if n := count(gaps, "b"); n != 1 {
					t.Errorf("gaps %v, values %v", gaps, values)
				}
				if want := map[bool]int{true: 1}[back]; count(values, "b") != want || count(values, "a") != 1 {
					t.Errorf("values %v", values)
				}
				synctest.Wait()
			})
		})
	}
}

func count(all []string, one string) (n int) {
	for _, s := range all {
		if s == one {
			n++
		}
	}
	return n
}
