package main

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A load that waits for a slow client, or that stamps messages with the time when they went out,
// measures less than what a user has to bear.
func TestScheduleIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rate, messages, stall = 10_000, 3_000, 150 * time.Millisecond
		f := newTimedFrames(150)
		begin := time.Now().Add(5 * time.Millisecond)
		next := 0
		send := func(from, n int) (int, error) {
			if from != next {
				t.Fatalf("sends from %d on, not %d", from, next)
			}
			frames, n := f.slice(from, n)
			for i := from; i < from+n; i++ {
				want := fmt.Sprintf("%016d", begin.Add(due(i, rate)).UnixMicro())
				frame := frames[:bytes.Index(frames, messageTail)+len(messageTail)]
				frames = frames[len(frame):]
				for _, text := range [][]byte{frame, f.payloads[i%cycle]} {
					if !bytes.Contains(text, []byte(`"id":"`+want+`"`)) {
						t.Fatalf("message %d goes out as %s, which was due at %s", i, text, want)
					}
				}
			}
			next += n
			if from == 100 { // the connection takes no more for a while
				time.Sleep(stall)
			}
			return n, nil
		}
		late, err := bySchedule(func(at time.Time) { time.Sleep(time.Until(at)) }, rate, messages, f, send)
		if err != nil || len(late) != messages || next != messages {
			t.Fatalf("sent %d of %d, %d are late: %v", next, messages, len(late), err)
		}
		for i, got := range late {
			want := time.Duration(0)
			if behind := due(100, rate) + stall - due(i, rate); i > 100 && behind > 0 {
				want = behind
			}
			if got != want {
				t.Fatalf("message %d was late by %v, want %v", i, got, want)
			}
		}
	})
}

func TestDelaysAreFromTheScheduledTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		y := newPacedTally()
		y.begin(1_000)
		for i := range 1_000 {
			at := time.Now().Add(-time.Duration(i+1) * time.Millisecond)
			y.take(&Payload{Seq: i % cycle, Tail: i % cycle, ID: strconv.FormatInt(at.UnixMicro(), 10)})
		}
		r := <-y.done
		for name, want := range map[string]float64{"p50": 500e3, "p99": 990e3, "p99.9": 999e3} {
			if got := r.Figures[name]; got != want {
				t.Errorf("%s is %v µs, want %v", name, got, want)
			}
		}
		if r.Messages != 1_000 || r.Error != "" {
			t.Errorf("got %+v", r)
		}
	})
}

func TestDelaysRefuse(t *testing.T) {
	const now = "1700000000000000"
	for name, second := range map[string]Payload{
		"lost":       {Seq: 2, Tail: 2, ID: now},
		"repeated":   {Seq: 0, Tail: 0, ID: now},
		"mixed up":   {Seq: 1, Tail: 2, ID: now},
		"not a time": {Seq: 1, Tail: 1, ID: "ord_00000001"},
	} {
		y := newPacedTally()
		y.begin(3)
		y.take(&Payload{ID: now})
		y.take(&second)
		select {
		case r := <-y.done:
			if !strings.HasPrefix(r.Error, "message 1 ") {
				t.Errorf("%s: %+v", name, r)
			}
		default:
			t.Errorf("%s: no verdict", name)
		}
		y.take(&Payload{Seq: 1, Tail: 1, ID: now}) // what is on its way still has no effect
	}
}
