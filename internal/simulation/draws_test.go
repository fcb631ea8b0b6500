package simulation

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// What keeps a replay from being exact: each of these is drawn anew by the runtime, pinned or not,
// and takes no seed. If one of them no longer is, TestReplayIsTheSame can demand more.
func TestRuntimeDraws(t *testing.T) {
	pin(t)
	for what, take := range map[string]func(*strings.Builder){
		"the ready case that a select takes":                      selects,
		"which of the bubble's timers of one instant fires first": timers,
		"the order in which a context's children hear of its end": children,
	} {
		same := true
		first := ""
		for i := range 20 {
			var b strings.Builder
			synctest.Test(t, func(*testing.T) { take(&b) })
			if i == 0 {
				first = b.String()
			}
			same = same && b.String() == first
		}
		if same {
			t.Errorf("%s is the same 20 times out of 20", what)
		}
	}
}

func selects(b *strings.Builder) {
	one, two := make(chan int, 1), make(chan int, 1)
	for range 64 {
		one <- 1
		two <- 2
		select {
		case v := <-one:
			fmt.Fprint(b, v)
			<-two
		case v := <-two:
			fmt.Fprint(b, v)
			<-one
		}
	}
}

func timers(b *strings.Builder) {
	fired := make(chan int, 64)
	for i := range cap(fired) {
		time.AfterFunc(time.Second, func() { fired <- i })
	}
	for range cap(fired) {
		fmt.Fprint(b, <-fired, " ")
	}
}

func children(b *strings.Builder) {
	ctx, cancel := context.WithCancel(context.Background())
	heard := make(chan int, 64)
	for i := range cap(heard) {
		context.AfterFunc(ctx, func() { heard <- i })
	}
	cancel()
	for range cap(heard) {
		fmt.Fprint(b, <-heard, " ")
	}
}
