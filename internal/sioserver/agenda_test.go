package sioserver

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestAgendaKeepsTimesAndOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a agenda
		start := time.Now()
		type call struct {
			number uint64
			at     time.Duration
		}
		var calls []call
		all := make([]*entry, 6)
		for i := range all {
			all[i] = &entry{number: uint64(i)}
			all[i].do = func() { calls = append(calls, call{uint64(i), time.Since(start)}) }
		}
		all[2].do = func() { // sets itself anew, and one before it
			calls = append(calls, call{2, time.Since(start)})
			a.set(all[2], start.Add(2*time.Second))
			a.set(all[0], start.Add(time.Second+time.Millisecond))
			all[2].do = func() { calls = append(calls, call{2, time.Since(start)}) }
		}
		for _, i := range []int{4, 2, 5, 0, 3} { // of one instant, in any order
			a.set(all[i], start.Add(time.Second))
		}
		a.set(all[1], start.Add(time.Millisecond))
		a.drop(all[3])
		a.drop(all[3])
		a.set(all[5], start.Add(3*time.Second)) // later
		time.Sleep(time.Minute)
		synctest.Wait()
		want := []call{
			{1, time.Millisecond}, {0, time.Second}, {2, time.Second}, {4, time.Second},
			{0, time.Second + time.Millisecond}, {2, 2 * time.Second}, {5, 3 * time.Second},
		}
		if !slices.Equal(calls, want) {
			t.Errorf("calls %v, want %v", calls, want)
		}
		if len(a.due) != 0 || all[2].place != 0 {
			t.Errorf("%d are still due", len(a.due))
		}
	})
}
