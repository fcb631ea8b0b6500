package main

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
)

// A service that stands still for a second is seen in each of the events that were to go out
// meanwhile, and the rate is made up for.
func TestOpenLoopOmitsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		l := &loop{began: began, every: 100 * time.Millisecond, duration: 3 * time.Second, late: new(histogram)}
		var latencies []time.Duration
		n, err := l.run(t.Context(), func(intended time.Duration) error {
			if intended == time.Second {
				time.Sleep(time.Second)
			}
			latencies = append(latencies, time.Since(began)-intended)
			return nil
		})
		var want []time.Duration
		for i := range 30 {
			late := time.Duration(0)
			if i >= 10 && i < 20 {
				late = time.Second - time.Duration(i-10)*100*time.Millisecond
			}
			want = append(want, late)
		}
		if n != 30 || err != nil || !slices.Equal(latencies, want) {
			t.Errorf("%d sent, %v\ngot  %v\nwant %v", n, err, latencies, want)
		}
		if l.late.max() != 900*time.Millisecond { // the first that was held up; the one before went out in time
			t.Errorf("late by %v", l.late.max())
		}

		failed := errors.New("no")
		if n, err := l.run(t.Context(), func(time.Duration) error { return failed }); n != 0 || err != failed {
			t.Errorf("%d sent, %v", n, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 350*time.Millisecond)
		defer cancel()
		l.began = time.Now()
		if n, err := l.run(ctx, func(time.Duration) error { return nil }); n != 4 || err != nil {
			t.Errorf("%d sent, %v", n, err)
		}
	})
}

func TestBench(t *testing.T) {
	s := startServe(t, "127.0.0.1:0")
	out, _ := once(t, s.signing(), 0, "bench", "--connections", "7", "--channels", "3", "--rate", "300", "--size", "100", "--for", "1s", "--json")
	var r struct {
		Sent, Expected, Received, Connections, Channels uint64
		Latency                                         map[string]float64 `json:"latency_ms"`
	}
	if err := json.Unmarshal([]byte(timeless(t, out[0])), &r); err != nil {
		t.Fatal(err)
	}
	// The first channel has three connections, the others two.
	if r.Sent != 300 || r.Expected != 100*2+100+100 || r.Received != r.Expected || r.Connections != 7 || r.Channels != 3 {
		t.Errorf("%s", out[0])
	}
	if r.Latency["p50"] <= 0 || r.Latency["p50"] > r.Latency["max"] {
		t.Errorf("%s", out[0])
	}
	out, said := once(t, s.signing(), 0, "bench", s.ws, "--connections", "2", "--rate", "50", "--for", "200ms")
	if text := strings.Join(append(out, said...), "\n"); !strings.Contains(text, "published   10 of 128 B") || strings.Contains(text, "█") || strings.Contains(text, secret) || strings.Contains(text, "\x1b") {
		t.Errorf("%s", text)
	}

	l := start(t, s.env, "bench", "--listen", "orders", "--connections", "4", "--for", "3s", "--json")
	for n, tries := 0, 0; n < 4; tries++ { // until all of them listen
		if tries == 100 {
			t.Fatalf("%d of 4 listen", n)
		}
		out, _ := once(t, s.signing(), 0, "trigger", "orders", "e", "1", "--dev", "--json")
		var answer struct{ Subscribers int }
		if err := json.Unmarshal([]byte(out[0]), &answer); err != nil {
			t.Fatal(err)
		}
		n = answer.Subscribers
	}
	line := l.next()
	l.want(0)
	if err := json.Unmarshal([]byte(line), &r); err != nil || r.Received < 1 || strings.Contains(line, "latency") {
		t.Errorf("%s", line)
	}
}

// Events that do not arrive are counted, and are a failure.
func TestBenchCountsWhatIsLost(t *testing.T) {
	server := testserver.NewServer(t)
	server.LoseNext(5)
	code, out := within(t, "bench", server.URL(), "--key", server.Key(), "--secret", testserver.DefaultSecret, "--connections", "2", "--rate", "100", "--for", "200ms", "--json")
	if code != exitFailed || !strings.Contains(out, `"sent":20,"expected":20,"received":15,`) {
		t.Errorf("exit code %d: %s", code, out)
	}
}

func TestBenchIsBounded(t *testing.T) {
	const local = "ws://127.0.0.1:1"
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"wss://ws.realtimex.net"}, "wss://ws.realtimex.net is not on this machine, and a load can take it down: give --yes-load-this-server"},
		{[]string{"ws://localhost.example"}, "is not on this machine"},
		{[]string{local, "--connections", "10001"}, "--connections must be between 1 and 10000"},
		{[]string{local, "--connections", "0"}, "--connections must be between"},
		{[]string{local, "--channels", "6"}, "two --connections for each"},
		{[]string{local, "--rate", "0"}, "--rate must be more than 0"},
		{[]string{local, "--rate", "NaN"}, "--rate must be more than 0"},
		{[]string{local, "--rate", "100001"}, "--rate must be more than 0, and at most 100000"},
		{[]string{local, "--rate", "2000", "--connections", "1000"}, "2000000 events a second to receive"},
		{[]string{local, "--size", "10"}, "--size must be between 64 and 65536"},
		{[]string{local, "--size", "100000"}, "--size must be between 64 and 65536"},
		{[]string{local, "--for", "2h"}, "--for must be more than 0, and at most 1h"},
	} {
		_, said := once(t, nil, 2, append([]string{"bench", "--key", "k", "--secret", "s"}, test.args...)...)
		if last := said[len(said)-1]; !strings.Contains(last, test.want) {
			t.Errorf("%q: %q", test.args, last)
		}
	}
	_, said := once(t, nil, 2, "bench", local, "--key", "k")
	if !strings.Contains(said[0], "bench publishes on private channels: give --auth-endpoint") {
		t.Errorf("%q", said)
	}
}

// What is shown of a result, on a terminal and elsewhere.
func TestBenchReport(t *testing.T) {
	b := &bench{connections: 20, channels: 2, rate: 500, size: 128, duration: 10 * time.Second}
	b.conn.target = "ws://127.0.0.1:6001"
	r := &benchResult{bench: b, names: 2, took: 10 * time.Second, sent: 5000, expected: 45000, received: 44990, reconnects: 1, dropped: 10}
	for n := range 45000 {
		b.latency.add(300*time.Microsecond + time.Duration(n%1000)*time.Duration(n%100)*20*time.Nanosecond)
		b.late.add(time.Duration(n%100) * time.Microsecond)
	}
	b.latency.add(41 * time.Millisecond)
	for n := range 20 {
		b.ready.add(time.Duration(n+4) * time.Millisecond)
	}
	goldenFile(t, "bench.golden", r.lines(false, false))
	goldenFile(t, "bench-terminal.golden", r.lines(true, true))
	// A terminal without colours has no blocks either.
	if plain := r.lines(false, true); !slices.Equal(plain, r.lines(false, false)) {
		t.Errorf("%q", plain)
	}
	goldenFile(t, "bench-json.golden", []string{timeless(t, string(r.json()))})
	b.listen = []string{"orders"}
	goldenFile(t, "bench-listen.golden", r.lines(false, false))
}
