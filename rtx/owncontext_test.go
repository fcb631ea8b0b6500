package rtx

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

// An ownContext is a context of the user's, with callbacks of its own: taking one back runs the
// user's code.
type ownContext struct {
	context.Context
	stopping func()
}

// Value hides the standard library's context inside, which would know its callbacks without asking.
func (c ownContext) Value(any) any { return nil }

func (c ownContext) AfterFunc(f func()) (stop func() bool) {
	inner := context.AfterFunc(c.Context, f)
	return func() bool {
		c.stopping()
		return inner()
	}
}

// The user's code runs without the client's lock: else a context that looks at the client, or waits
// for somebody who does, stops everything. Here it is the stop of a context's callback, at each end
// of a stream.
func TestAContextsStopRunsWithoutTheLock(t *testing.T) {
	for name, end := range map[string]func(s *scripted, ctx context.Context){
		"Close": func(s *scripted, ctx context.Context) { On[int](ctx, s.c.Channel("a"), "n").Close() },
		"Unsubscribe": func(s *scripted, ctx context.Context) {
			_ = On[int](ctx, s.c.Channel("a"), "n")
			_ = s.c.ForceUnsubscribe("a")
		},
		"Drain": func(s *scripted, ctx context.Context) {
			_, _, _ = On[int](ctx, s.c, "n"), s.c.States(ctx), s.c.Errors(ctx)
			_ = s.c.Drain(context.Background())
		},
		"the client's end": func(s *scripted, ctx context.Context) {
			_, _, _ = On[int](ctx, s.c, "n"), s.c.States(ctx), s.c.Errors(ctx)
			_ = s.c.Close()
		},
		"the end of a spill, seen by others": func(s *scripted, ctx context.Context) {
			var streams []*Stream[int]
			for range 40 {
				stream := On[int](ctx, s.c.Channel("a"), "n", WithBuffer(1), WithOverflow(Grow(1<<20)))
				_ = stream.Ready(context.Background())
				streams = append(streams, stream)
			}
			for i := range 3 {
				s.session().publish("a", "n", fmt.Sprint(i))
			}
			synctest.Wait()
			drained, cancel := context.WithCancel(context.Background())
			cancel()
			_ = s.c.Drain(drained)
			for _, stream := range streams {
				for range stream.C {
				}
			}
			for range 40 {
				_ = On[int](ctx, s.c.Channel("a"), "n", WithOverflow(Grow(1)))
			}
			_ = s.c.Drain(context.Background())
		},
		"Ready": func(s *scripted, ctx context.Context) {
			_ = On[int](context.Background(), s.c.Channel("a"), "n").Ready(ctx)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScripted(t)
				s.connect()
				stopped := 0
				end(s, ownContext{t.Context(), func() {
					stopped++
					for range 10_000 { // the client's goroutines hold it for a moment
						if s.c.mu.TryLock() {
							s.c.mu.Unlock()
							return
						}
						runtime.Gosched()
					}
					t.Error("the client's lock is held while the user's code runs")
				}})
				synctest.Wait()
				if stopped == 0 {
					t.Error("no callback was taken back")
				}
				_ = s.c.Close()
				time.Sleep(time.Minute)
			})
		})
	}
}
