package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"sync"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
)

// pingInterval is the default of the real service's heartbeat.
const pingInterval = 25 * time.Second

// A crowd is many clients in one process, each with a channel.
type crowd struct {
	name string
	// join connects client number i. It calls back once its channel is confirmed, and again each time
	// that it is after a cut.
	join func(s spec, i int, back func()) (leave func(), err error)
}

var crowds = []crowd{{"websocket", joinBare}, {"rtx", joinLibrary}}

// scaleClients measures many clients in one process, and as many bare WebSockets.
func scaleClients(s spec) (map[string]float64, error) {
	n := 5_000
	if s.Quick {
		n = 500
	}
	figures := make(map[string]float64)
	for _, c := range crowds {
		got, err := c.measure(s, n)
		if err != nil {
			return nil, fmt.Errorf("%d of %s: %w", n, c.name, err)
		}
		for what, v := range got {
			figures[c.name+", "+what] = v
		}
	}
	return figures, nil
}

func (c crowd) measure(s spec, n int) (map[string]float64, error) {
	s.Key += "-" + c.name + "-"
	confirmed := newArrivals()
	var leave []func()
	defer func() {
		for _, l := range leave {
			l()
		}
	}()
	before := takeFootprint()
	confirmed.expect(n)
	for i := range n {
		l, err := c.join(s, i, confirmed.one)
		if err != nil {
			return nil, err
		}
		leave = append(leave, l)
	}
	if err := confirmed.wait(); err != nil {
		return nil, err
	}
	each := before.each(float64(n))
	figures := map[string]float64{
		"clients":                   float64(n),
		"idle, KiB a client":        each.bytes / 1024,
		"idle, goroutines a client": each.goroutines,
	}

	const turns = 2
	begun := cpuTime()
	if err := crowdRequest(s, pingPath, turns); err != nil {
		return nil, err
	}
	ping := float64((cpuTime() - begun).Nanoseconds()) / 1e3 / float64(turns*n)
	figures["heartbeats, µs CPU a client and minute"] = ping * time.Minute.Seconds() / pingInterval.Seconds()

	debug.FreeOSMemory()
	figures["reconnect storm, MiB before"] = float64(inUse()) / (1 << 20)
	peak := watchPeak()
	confirmed.expect(n)
	begun = cpuTime()
	begin := time.Now()
	if err := crowdRequest(s, cutPath, 1); err != nil {
		return nil, err
	}
	if err := confirmed.wait(); err != nil {
		return nil, err
	}
	figures["reconnect storm, ms until all are back"] = float64(time.Since(begin).Milliseconds())
	figures["reconnect storm, µs CPU a client"] = float64((cpuTime() - begun).Nanoseconds()) / 1e3 / float64(n)
	figures["reconnect storm, MiB at the peak"] = float64(peak()) / (1 << 20)
	return figures, nil
}

func joinLibrary(s spec, i int, back func()) (leave func(), err error) {
	s.Key = fmt.Sprintf("%s%04d", s.Key, i)
	c, err := dialLibrary(s, rtx.WithTrace(&rtx.Trace{Subscribed: func(rtx.SubscribedInfo) { back() }}))
	if err != nil {
		return nil, err
	}
	rtx.On[Payload](context.Background(), c.Channel(channelName), eventName, rtx.WithBuffer(1))
	return func() { _ = c.Close() }, nil
}

// joinBare is what a careful user of a WebSocket does at least: it answers heartbeats, and after a cut
// waits as the library does, up to 250 ms by chance, and dials and subscribes again.
func joinBare(s spec, i int, back func()) (leave func(), err error) {
	s.Key = fmt.Sprintf("%s%04d", s.Key, i)
	dial := func() (*floor, error) {
		f, err := dialFloor(s)
		if err != nil {
			return nil, err
		}
		if err := subscribe(f, channelName); err != nil {
			return nil, err
		}
		back()
		return f, nil
	}
	f, err := dial()
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex // of f, for others than the reader, and of left
	left := false
	isLeft := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return left
	}
	keep := func(again *floor) bool {
		mu.Lock()
		defer mu.Unlock()
		if f = again; left {
			_ = f.conn.CloseNow()
		}
		return !left
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			for text, err := f.read(); err == nil; text, err = f.read() {
				if string(text) == "2" {
					_ = f.write("3") // an error is found by read
				}
			}
			again := (*floor)(nil)
			for again == nil && !isLeft() {
				time.Sleep(rand.N(250 * time.Millisecond))
				again, _ = dial()
			}
			if again == nil || !keep(again) {
				return
			}
		}
	}()
	return func() {
		mu.Lock()
		left = true
		_ = f.conn.CloseNow()
		mu.Unlock()
		<-done
	}, nil
}

// crowdRequest has the server do something with all clients whose key begins with s.Key.
func crowdRequest(s spec, path string, turns int) error {
	q := url.Values{"prefix": {s.Key}, "turns": {fmt.Sprint(turns)}}
	resp, err := http.Get("http" + strings.TrimPrefix(s.URL, "ws") + path + "?" + q.Encode())
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("the load server says %s", resp.Status)
	}
	_ = resp.Body.Close()
	return err
}

// inUse is the memory that the runtime has from the kernel, in bytes: what GOMEMLIMIT limits.
func inUse() uint64 {
	m := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(m)
	return m[0].Value.Uint64() - m[1].Value.Uint64()
}

// watchPeak looks at inUse again and again until the function that it returns is called, which
// returns the most that was seen.
func watchPeak() (peak func() uint64) {
	stop, most := make(chan struct{}), make(chan uint64)
	go func() {
		t := time.NewTicker(5 * time.Millisecond)
		defer t.Stop()
		for seen := inUse(); ; seen = max(seen, inUse()) {
			select {
			case <-t.C:
			case <-stop:
				most <- seen
				return
			}
		}
	}()
	return func() uint64 {
		close(stop)
		return <-most
	}
}
