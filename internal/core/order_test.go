package core

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// The order in which channels were first held stays, and each stays in it, however many others come
// and go.
func TestTheOrderOutlivesThoseThatGo(t *testing.T) {
	now := time.Unix(0, 0)
	m := New(Config{Pace: even{}})
	var all []*Channel
	for i := range 200 {
		ch := NewChannel(fmt.Sprint(i), false)
		m.Hold(ch)
		all = append(all, ch)
	}
	release := func(from []*Channel) {
		for _, ch := range from {
			m.Release(now, ch, ch.Generation())
			if !slices.ContainsFunc(m.Actions(), func(a Action) bool { return a.Op == Forget && a.Channel == ch }) {
				t.Fatalf("%s is not forgotten", ch.Name)
			}
		}
	}
	check := func(want ...*Channel) {
		t.Helper()
		if got := slices.Collect(m.Channels()); !slices.Equal(got, want) {
			t.Fatalf("%d channels are left, want %d in their order", len(got), len(want))
		}
	}
	release(all[:150])
	check(all[150:]...)
	late := NewChannel("late", false)
	m.Hold(late)
	release(all[160:190])
	check(slices.Concat(all[150:160], all[190:], []*Channel{late})...)
	release(all[190:])
	check(slices.Concat(all[150:160], []*Channel{late})...)
}
