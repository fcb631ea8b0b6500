package flow

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/stream"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// Over streams of a client, through overflow, a payload that is none and an outage, a feed has what
// All has, in the same places, and leaving it on the quiet stream leaves no goroutine.
func TestFeedsOfRealStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := rtxtest.NewPipeServer(t)
		client, err := rtx.Dial(t.Context(), server.Key(), rtx.WithURL(server.URL()), rtx.WithHTTPClient(server.HTTPClient()))
		if err != nil {
			t.Fatal(err)
		}
		var streams [4]*rtx.Stream[int]
		for i := range streams {
			streams[i] = rtx.On[int](t.Context(), client.Channel("a"), "n", rtx.WithBuffer(5))
			if err := streams[i].Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		seqs := map[string]Seq[int]{
			"All":        streams[0].All(),
			"Merge":      Merge(From(streams[1])),
			"OrderedMap": OrderedMap(From(streams[2]), 2, func(n int) int { time.Sleep(time.Duration(9 - n)); return n }),
			"Map":        Merge(Woken(streams[3].Wake, Map(streams[3].Pending(), func(n int) int { return n }))),
		}
		got := make(map[string]string)
		take := func(items int) {
			for name, seq := range seqs {
				left := items
				for v, gap := range seq {
					got[name] += fmt.Sprint(v, gap.Error(), "; ")
					if left--; left == 0 {
						break
					}
				}
			}
		}
		publish := func(payloads ...any) {
			for _, p := range payloads {
				server.Publish("a", "n", p)
			}
			synctest.Wait()
		}
		before := goroutines()
		publish(1, 2, "no number", 3)
		take(4)
		publish(4, 5, 6, 7, 8, 9) // one more than there is room for
		take(3)
		server.Restart()
		time.Sleep(time.Minute)
		publish(1)
		if now := goroutines(); now > before {
			t.Errorf("%d goroutines, %d before", now, before)
		}
		_ = client.Close()
		take(0)
		for name, told := range got {
			if told != got["All"] || len(told) < 200 {
				t.Errorf("%s told\n%s\nand All\n%s", name, told, got["All"])
			}
		}
		server.Close()
		time.Sleep(time.Minute) // for close timers to run out
	})
}

// A token with nothing to take, as a receive from C leaves it, is not the end of a feed.
func TestMergeOutlivesAnIdleToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := stream.New[int](stream.Config{Capacity: 8}), stream.New[int](stream.Config{Capacity: 8})
		time.AfterFunc(time.Second, func() { a.Push(1, "a", 1) }) // Merge waits by then
		var got []int
		for v := range Merge(feed(a), feed(b)) {
			got = append(got, v)
			switch v {
			case 1:
				b.Push(2, "b", 1)
				<-b.C()
				time.AfterFunc(time.Second, func() { b.Push(3, "b", 1); b.End(nil, false); a.End(nil, false) })
			case 3:
			default:
				t.Errorf("got %d", v)
			}
		}
		if len(got) != 2 {
			t.Errorf("got %v, want 1 and 3", got)
		}
	})
}
