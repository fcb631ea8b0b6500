package flow

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/stream"
	"github.com/realtimex/realtimex-go/rtx"
)

// The law of operators, a row for each: what becomes of a gap, and what of the state that was made
// from what came before it.
func TestLaw(t *testing.T) {
	const script = "1 1 2 !a 2 3"
	double := func(n int) int { return 2 * n }
	add := func(sum, n int) int { return sum + n }
	self := func(n int) int { return n }
	same := func(a, b int) bool { return a == b }
	queue := func() *stream.Queue[int] { return ended(parse(script).queue()) } // for what stands in package rtx
	for _, row := range []struct {
		name, want string
		run        func(src Seq[int], feed Feed[int]) string
	}{
		{"Map: passes", "2 2 4 !a 4 6", func(src Seq[int], _ Feed[int]) string {
			return show(drain(Map(src, double), nil))
		}},
		{"Filter: passes", "1 1 !a 3", func(src Seq[int], _ Feed[int]) string {
			return show(drain(Filter(src, func(n int) bool { return n != 2 }), nil))
		}},
		{"FlatMap: passes, between what its neighbours become", "1 1 2 2 !a 2 2 3 3 3", func(src Seq[int], _ Feed[int]) string {
			return show(drain(FlatMap(src, func(n int) []int { return []int{n, n, n}[:n] }), nil))
		}},
		{"Scan: passes, and the state is kept", "1 2 4 !a 6 9", func(src Seq[int], _ Feed[int]) string {
			return show(drain(Scan(src, 0, add, nil), nil))
		}},
		{"Scan: or becomes what a function says", "1 2 4 !a 102 105", func(src Seq[int], _ Feed[int]) string {
			return show(drain(Scan(src, 0, add, func(int, *rtx.Gap) int { return 100 }), nil))
		}},
		{"Changed: passes, and so does the next value", "1 2 !a 2 3", func(src Seq[int], _ Feed[int]) string {
			return show(drain(Changed(src, func(int) bool { return true }, same, nil), nil))
		}},
		{"Changed: also if its channel is known", "1 2 !a 2 3", func(src Seq[int], _ Feed[int]) string {
			return show(drain(Changed(src, self, same, func(int) string { return "a" }), nil))
		}},
		{"Changed: but not that of another channel", "1 2 !a 3", func(src Seq[int], _ Feed[int]) string {
			return show(drain(Changed(src, self, same, func(int) string { return "b" }), nil))
		}},
		{"Merge: passes", "1 1 2 !a 2 3", func(_ Seq[int], feed Feed[int]) string {
			return show(drain(Merge(feed, Feed[int]{}), nil))
		}},
		{"Tee: passes to every taker", "1 1 2 !a 2 3 | 1 1 2 !a 2 3", func(src Seq[int], _ Feed[int]) string {
			takers := Tee(src, 2, 10)
			return show(drain(takers[0], nil)) + " | " + show(drain(takers[1], nil))
		}},
		{"Tee: what a slow taker misses is a gap, and gaps among it are in it", "1 1 2 !a 2 3 | !-3 2 3", func(src Seq[int], _ Feed[int]) string {
			takers := Tee(src, 2, 2)
			return show(drain(takers[0], nil)) + " | " + show(drain(takers[1], nil))
		}},
		{"Latest: passes, and who asks is told of a gap since", "1 1 2 !a 2 3, held: - 1 1 2 2!a 2, late: 2 !a", func(src Seq[int], _ Feed[int]) string {
			latest := NewLatest(src)
			var passed []item[int]
			var held []string
			var late []item[int]
			for v, gap := range latest.All() {
				passed = append(passed, item[int]{v, gap})
				if gap != nil {
					for v, gap := range latest.Watch(context.Background()) {
						if late = append(late, item[int]{v, gap}); len(late) == 2 {
							break
						}
					}
				}
				now, behind, _ := latest.Get()
				if held = append(held, fmt.Sprint(now)); behind != nil {
					held[len(held)-1] += "!" + behind.Channel
				}
			}
			return fmt.Sprintf("%s, held: - %s, late: %s", show(passed), strings.Join(held[:5], " "), show(late))
		}},
		{"OrderedMap: waits for its turn", "2 2 4 !a 4 6", func(_ Seq[int], feed Feed[int]) string {
			return show(drain(OrderedMap(feed, 3, func(n int) int {
				time.Sleep(time.Duration(10-n) * time.Second) // the later, the sooner
				return 2 * n
			}), nil))
		}},
		{"ForEach: is a barrier", "began 3, ended 3, gap, began 2, ended 2", func(_ Seq[int], feed Feed[int]) string {
			var mu sync.Mutex
			var began, ended int
			var told []string
			tell := func(format string, args ...any) { told = append(told, fmt.Sprintf(format, args...)) }
			err := ForEach(context.Background(), feed, 5, func(context.Context, int) error {
				mu.Lock()
				began++
				mu.Unlock()
				time.Sleep(time.Second)
				mu.Lock()
				ended++
				mu.Unlock()
				return nil
			}, func(context.Context, *rtx.Gap) error {
				tell("began %d, ended %d", began, ended)
				tell("gap")
				began, ended = 0, 0
				return nil
			})
			if err != nil {
				return err.Error()
			}
			tell("began %d, ended %d", began, ended)
			return strings.Join(told, ", ")
		}},
		{"Errors: becomes an error", `1 1 2 rtx: gap on "a": connection was down 2 3`, func(src Seq[int], _ Feed[int]) string {
			var told []string
			for n, err := range Errors(src) {
				var gap *rtx.Gap
				switch {
				case err == nil:
					told = append(told, fmt.Sprint(n))
				case errors.As(err, &gap):
					told = append(told, err.Error())
				}
			}
			return strings.Join(told, " ")
		}},
		{"Batches: closes what is open", "[1 1 2] !a [2 3]", func(Seq[int], Feed[int]) string {
			return show(drain(converted(queue().Batches(10, time.Second)), nil))
		}},
		{"Window: closes what is open", "[1 1 2] !a [2 3]", func(Seq[int], Feed[int]) string {
			return show(drain(converted(queue().Window(time.Second)), nil))
		}},
		{"Debounce: the pending value first, and what is left out is no gap", "2 !a 3", func(Seq[int], Feed[int]) string {
			return show(drain(converted(queue().Debounce(time.Second, time.Minute)), nil))
		}},
		{"Sample: the pending value first, and what is left out is no gap", "2 !a 3", func(Seq[int], Feed[int]) string {
			return show(drain(converted(queue().Sample(time.Second)), nil))
		}},
		{"Conflate: passes, and what is superseded is no gap", "2 !a 3", func(Seq[int], Feed[int]) string {
			q := new(stream.Queue[int])
			q.OpenConflated(stream.Config{Capacity: 10}, stream.By(func(int) bool { return true }))
			var told []item[int]
			for _, it := range parse(script) {
				if it.gap != nil {
					told = append(told, drain(converted(q.Pending()), nil)...)
					q.Mark(stream.Gap(*it.gap))
				} else if err := q.Look(it.v); err != nil || !q.Push(it.v, "a", 1) {
					return "refused"
				}
			}
			return show(append(told, drain(converted(ended(q).All()), nil)...))
		}},
		{"Outages: one item of all", "[a] of 1", func(src Seq[int], _ Feed[int]) string {
			var o Outages
			for _, gap := range src {
				o.Note(gap)
			}
			for outage := range o.All(context.Background()) {
				return fmt.Sprintf("%v of %d", outage.Channels, outage.Gaps)
			}
			return ""
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				expect(t, row.run(all(ended(parse(script).queue())), feed(ended(parse(script).queue()))), row.want)
			})
		})
	}
}
