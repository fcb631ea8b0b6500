package flow

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/realtimex/realtimex-go/internal/stream"
	"github.com/realtimex/realtimex-go/rtx"
)

// A script is what comes, in its order: "1 2 !a 3" is two values, a gap on channel a, and a value.
type script []item[int]

func parse(text string) (s script) {
	for word := range strings.FieldsSeq(text) {
		if channel, ok := strings.CutPrefix(word, "!"); ok {
			s = append(s, item[int]{gap: &rtx.Gap{Channel: channel, Reconnected: true}})
			continue
		}
		n, err := strconv.Atoi(word)
		if err != nil {
			panic(err)
		}
		s = append(s, item[int]{v: n})
	}
	return s
}

// random is a script of n items, about one in five a gap on one of three channels. No two gaps of
// one channel stand together: a stream merges them.
func random(r *rand.Rand, n int) (s script) {
	var since []string // gaps since the last value
	for len(s) < n {
		channel := string(rune('a' + r.IntN(3)))
		if r.IntN(5) == 0 && !slices.Contains(since, channel) {
			since = append(since, channel)
			s = append(s, item[int]{gap: &rtx.Gap{Channel: channel, Reconnected: true}})
			continue
		}
		since = nil
		s = append(s, item[int]{v: r.IntN(10)})
	}
	return s
}

func (s script) String() string { return show(s) }

func show[T any](items []item[T]) string {
	words := make([]string, len(items))
	for i, it := range items {
		if words[i] = fmt.Sprint(it.v); it.gap != nil {
			words[i] = "!" + it.gap.Channel
			if it.gap.Dropped > 0 {
				words[i] += fmt.Sprint("-", it.gap.Dropped)
			}
		}
	}
	return strings.Join(words, " ")
}

// queue is that of an open stream with the script in it, and with room for some more.
func (s script) queue() *stream.Queue[int] {
	q := stream.New[int](stream.Config{Capacity: len(s) + 8})
	for _, it := range s {
		if it.gap != nil {
			q.Mark(stream.Gap(*it.gap))
		} else {
			q.Push(it.v, "", 1)
		}
	}
	return q
}

func ended(q *stream.Queue[int]) *stream.Queue[int] {
	q.End(nil, false)
	return q
}

// all and pending are what a Stream has by those names.
func all(q *stream.Queue[int]) Seq[int] { return converted(q.All()) }

func feed(q *stream.Queue[int]) Feed[int] { return Woken(q.Wake(), converted(q.Pending())) }

func converted[T any](src func(func(T, *stream.Gap) bool)) Seq[T] {
	return func(yield func(T, *rtx.Gap) bool) {
		src(func(v T, gap *stream.Gap) bool { return yield(v, (*rtx.Gap)(gap)) })
	}
}

// drain takes everything, in ranges that are left at random, and then in one that is not. r may be
// nil.
func drain[T any](seq Seq[T], r *rand.Rand) (items []item[T]) {
	for r != nil && r.IntN(4) > 0 {
		for v, gap := range seq {
			if items = append(items, item[T]{v, gap}); r.IntN(4) == 0 {
				break
			}
		}
	}
	for v, gap := range seq {
		items = append(items, item[T]{v, gap})
	}
	return items
}

func expect(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
