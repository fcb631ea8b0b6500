package relay

import (
	"fmt"
	"runtime"
	"strconv"
	"testing"
	"time"
)

func ids(entries []Entry) (s string) {
	for _, e := range entries {
		s += e.ID
	}
	return s
}

func TestRingBounds(t *testing.T) {
	at := time.Unix(1000, 0)
	r := Ring{Bytes: 5 * (entryOverhead + 101), Age: time.Minute, base: 1}
	for i := range 8 {
		r.Add(Entry{ID: strconv.Itoa(i), Payload: make([]byte, 100), At: at.Add(time.Duration(i) * time.Second)})
	}
	if r.Len() != 5 || r.Held() != r.Bytes || ids(r.After("3", 1<<20).Entries) != "4567" {
		t.Errorf("%d events in %d bytes, after 3 come %q", r.Len(), r.Held(), ids(r.After("3", 1<<20).Entries))
	}
	// The place of the last event that was removed is known, and of none before.
	if run := r.After("2", 1<<20); !run.Found || ids(run.Entries) != "34567" || !run.Live {
		t.Errorf("after the one that was removed: %+v", run)
	}
	if r.After("1", 1<<20).Found {
		t.Error("an event is found that was removed long ago")
	}
	r.Trim(at.Add(64*time.Second + time.Millisecond))
	if r.Len() != 3 || ids(r.After("4", 1<<20).Entries) != "567" {
		t.Errorf("%d events are left after their time", r.Len())
	}
	r.Add(Entry{ID: "L", Payload: make([]byte, 1<<20), At: at.Add(65 * time.Second)})
	if r.Len() != 1 || !r.After("7", 1).Found {
		t.Errorf("%d events beside one that is larger than the ring", r.Len())
	}
	r.Trim(at.Add(time.Hour))
	if r.Len() != 0 || r.Held() != 0 || !r.After("L", 1).Found {
		t.Errorf("%d events in %d bytes after an hour", r.Len(), r.Held())
	}
}

func TestRunsEndAtHoles(t *testing.T) {
	at := time.Unix(1000, 0)
	r := Ring{Bytes: 1 << 20, Age: time.Minute, base: 1}
	add := func(id string) { r.Add(Entry{ID: id, At: at}) }
	add("a")
	add("b")
	r.dig(r.End(), &Hole{Reconnected: true})
	if r.After("b", 1<<20).Live {
		t.Error("nothing is said of the hole at the end")
	}
	add("c")
	add("d")
	if run := r.After("a", 1<<20); ids(run.Entries) != "b" || run.Live {
		t.Errorf("over a hole: %+v", run)
	}
	if run := r.After("c", 1<<20); ids(run.Entries) != "d" || !run.Live {
		t.Errorf("behind the hole: %+v", run)
	}
	if r.whole() != 3 {
		t.Errorf("the last hole is before %d, want 3", r.whole())
	}
	r.fill(3)
	if r.whole() != 3 || ids(r.After("a", 1<<20).Entries) != "b" {
		t.Error("a run goes over a hole whose events are not in the ring")
	}
	if r.After("b", 1<<20).Live {
		t.Error("the end of a run is taken for the newest event")
	}
	r.dig(r.End(), &Hole{Reconnected: true})
	r.heal(r.End())
	add("e")
	if ids(r.After("c", 1<<20).Entries) != "de" {
		t.Error("a hole that was none is kept")
	}
	if run := r.After("a", entryOverhead); ids(run.Entries) != "b" || run.Live {
		t.Errorf("a run of little room: %+v", run)
	}
}

// The ring takes the memory that it says, whatever the size of its events.
func TestRingMemory(t *testing.T) {
	for _, size := range []int{16, 256, 4096} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			const limit = 16 << 20
			heap := func() int {
				var m runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&m)
				return int(m.HeapAlloc)
			}
			before := heap()
			r := &Ring{Bytes: limit, Age: time.Hour, base: 1}
			at := time.Now()
			for i := 0; i < 2*limit/(size+entryOverhead); i++ {
				r.Add(Entry{ID: fmt.Sprintf("id-%012d", i), Event: string([]byte("created")), Payload: make([]byte, size), At: at})
			}
			took := heap() - before
			t.Logf("payloads of %d bytes: %d events, %.2f MiB counted, %.2f MiB taken, %.2f MiB allowed", size, r.Len(), float64(r.Held())/(1<<20), float64(took)/(1<<20), float64(limit)/(1<<20))
			if r.Held() > limit || float64(took) > 1.25*float64(limit) || float64(took) < 0.6*float64(limit) {
				t.Errorf("%d bytes counted and %d taken, want %d", r.Held(), took, limit)
			}
			runtime.KeepAlive(r)
		})
	}
}

func TestBatchesAreBounded(t *testing.T) {
	r := Ring{Bytes: 64 << 20, Age: time.Minute, base: 1}
	for i := range 2000 {
		r.Add(Entry{ID: strconv.Itoa(i), Payload: make([]byte, 1<<10), At: time.Unix(1000, 0)})
	}
	if n := len(r.run(1, 100)); n != 100 {
		t.Errorf("%d events, want 100", n)
	}
	size := 0
	for _, e := range r.run(1, 2000) {
		size += e.Size()
	}
	if size < maxBatchBytes || size > maxBatchBytes+2<<10 {
		t.Errorf("%d bytes, want %d and one event at most", size, maxBatchBytes)
	}
}
