package simulation

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/internal/ledger"
	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
)

var soakFlag = flag.Duration("soak", 0, "run the soak for this time; 0 skips it")

// soakHeap is what the heap may have grown by, at most, from the end of the warm-up to the end.
const soakHeap = 8 << 20

// usage is what a process holds.
type usage struct {
	heap       uint64
	goroutines int
	files      int // open file descriptors; 0 where the system does not tell
}

func measure() usage {
	var m runtime.MemStats
	for range 3 {
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	u := usage{heap: m.HeapAlloc, goroutines: runtime.NumGoroutine()}
	if files, err := os.ReadDir("/proc/self/fd"); err == nil {
		u.files = len(files)
	}
	return u
}

func (u usage) String() string {
	return fmt.Sprintf("heap %.1f MiB, %d goroutines, %d file descriptors", float64(u.heap)/(1<<20), u.goroutines, u.files)
}

// A client with a stream on each of 1,000 channels, over TCP, under a steady load and a fault every
// second, holds in the end what it held after a warm-up: as many goroutines and file descriptors,
// and no more memory than by soakHeap.
func TestSoak(t *testing.T) {
	if *soakFlag == 0 {
		t.Skip("runs with -soak 2m")
	}
	const n = 1000
	s := testserver.NewServer(t)
	c, err := rtx.New(s.Key(), rtx.WithURL(s.URL()), rtx.WithHTTPClient(s.HTTPClient()), rtx.WithBackoff(time.Millisecond, 20*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	var readers sync.WaitGroup
	streams := make([]*rtx.Stream[ledger.Value], n)
	var values, gaps [n]int
	var rising [n]uint64
	for i := range streams {
		streams[i] = rtx.On[ledger.Value](t.Context(), c.Channel(fmt.Sprint("channel-", i)), "e", rtx.WithBuffer(16))
		readers.Go(func() {
			for v, g := range streams[i].All() {
				switch {
				case g != nil:
					gaps[i]++
				case v.N <= rising[i]:
					t.Errorf("channel %d: %d after %d", i, v.N, rising[i])
				default:
					values[i]++
					rising[i] = v.N
				}
			}
		})
	}
	ready := func() {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for _, st := range streams {
			if err := st.Ready(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := c.Ping(ctx); err != nil {
			t.Fatal(err)
		}
	}
	var number uint64
	round := func() {
		number++
		for i := range n {
			s.Publish(fmt.Sprint("channel-", i), "e", ledger.Value{N: number})
		}
	}
	// The server's own memory of what clients asked is bounded, and full after this.
	outage := func(how testserver.Drop) {
		before := c.Stats().Connects
		s.DropAll(how)
		s.WaitStats(func(st testserver.Stats) bool { return uint64(st.Connects) > before })
		ready()
	}
	ready()
	for i := range 150 {
		round()
		outage(testserver.Drop(i % 3))
	}
	warm := measure()
	t.Logf("after the warm-up: %v", warm)
	faults := 0
	for began := time.Now(); time.Since(began) < *soakFlag; {
		for range 10 {
			round()
			<-time.After(100 * time.Millisecond) // the load's pace; nothing is asserted of it
		}
		outage(testserver.Drop(faults % 3))
		faults++
	}
	ready()
	// What ends a connection, such as the close of the old one, may take a moment.
	var end usage
	for range 50 {
		if end = measure(); end.goroutines <= warm.goroutines && end.files <= warm.files {
			break
		}
		<-time.After(100 * time.Millisecond)
	}
	t.Logf("in the end: %v", end)
	if end.goroutines > warm.goroutines || end.files > warm.files || end.heap > warm.heap+soakHeap {
		t.Errorf("held after the warm-up: %v; in the end: %v", warm, end)
	}
	_ = c.Close()
	readers.Wait()
	var v, g int
	for i := range n {
		v, g = v+values[i], g+gaps[i]
	}
	t.Logf("%d channels, %d rounds, %d faults, %d values, %d gaps", n, number, faults, v, g)
}
