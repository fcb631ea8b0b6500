package rtx_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
)

// NewGroup are subscribed again in the order in which they were first held, every time.
func TestOrderOfSubscribingAgain(t *testing.T) {
	for _, recovery := range []bool{false, true} {
		t.Run(fmt.Sprint("recovery ", recovery), func(t *testing.T) {
			var opts []testserver.Option
			if recovery {
				opts = append(opts, testserver.WithRecovery(time.Minute))
			}
			for run := range 10 {
				bubble(t, func(t *testing.T, s *testserver.Server) {
					c := connect(t, s)
					var names []string
					for _, i := range rand.New(rand.NewPCG(1, uint64(run))).Perm(60) {
						names = append(names, fmt.Sprint("c", i))
					}
					group := rtx.NewGroup()
					for i, name := range names {
						if i%2 == 0 {
							_ = group.Add(c.Channel(name))
							opened[numbered](t, group, "n").Close() // held, and released
						}
						_ = rtx.On[numbered](t.Context(), c.Channel(name), "n")
						_ = rtx.On[numbered](t.Context(), c.Channel(name), "m") // held once more
					}
					opened[numbered](t, c.Channel("last"), "n")
					// One that is left and held again is the last: it was first held now.
					moved := names[10]
					_ = c.ForceUnsubscribe(moved)
					time.Sleep(time.Second)
					opened[numbered](t, c.Channel(moved), "n")
					want := append(slices.Delete(slices.Clone(names), 10, 11), "last", moved)
					opened[numbered](t, c.Channel("last"), "m")
					before := len(s.Received())
					s.DropAll(testserver.Reset)
					time.Sleep(time.Minute)
					var got []string
					for _, r := range s.Received()[before:] {
						if r.Kind == testserver.KindSubscribe {
							got = append(got, r.Channel)
						}
					}
					if !slices.Equal(got, want) {
						t.Fatalf("run %d: got %v, want %v", run, got, want)
					}
				}, opts...)
			}
		})
	}
}
