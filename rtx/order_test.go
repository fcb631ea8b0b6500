package rtx_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// Channels are subscribed again in the order in which they were first held, every time.
func TestOrderOfSubscribingAgain(t *testing.T) {
	for _, recovery := range []bool{false, true} {
		t.Run(fmt.Sprint("recovery ", recovery), func(t *testing.T) {
			var opts []rtxtest.Option
			if recovery {
				opts = append(opts, rtxtest.WithRecovery(time.Minute))
			}
			for run := range 10 {
				bubble(t, func(t *testing.T, s *rtxtest.Server) {
					c := connect(t, s)
					var names []string
					for _, i := range rand.New(rand.NewPCG(1, uint64(run))).Perm(60) {
						names = append(names, fmt.Sprint("c", i))
					}
					group := rtx.Channels()
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
					_ = c.Channel(moved).Unsubscribe()
					time.Sleep(time.Second)
					opened[numbered](t, c.Channel(moved), "n")
					want := append(slices.Delete(slices.Clone(names), 10, 11), "last", moved)
					opened[numbered](t, c.Channel("last"), "m")
					before := len(s.Received())
					s.DropAll(rtxtest.Reset)
					time.Sleep(time.Minute)
					var got []string
					for _, r := range s.Received()[before:] {
						if r.Kind == rtxtest.KindSubscribe {
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
