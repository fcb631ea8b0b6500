package console

import (
	"crypto/rand"
	"encoding/hex"
	"sync"

	"github.com/realtimex/realtimex-go/internal/testserver"
)

// What a feed keeps is bounded by count and by bytes; the oldest go first. Of one event no more than
// maxKept bytes are kept of the data, and as much of the frame.
const (
	maxEntries   = 10_000
	maxFeedBytes = 32 << 20
	maxKept      = 256 << 10
)

// An entry is one thing that happened, with its number: they count from 1, without a hole.
type entry struct {
	testserver.Activity
	number uint64
	size   int // of the frame, or of the data if there is no frame, in bytes
	cut    bool
	fault  *faultRecord
}

// faultRecord is a fault that was asked for.
type faultRecord struct {
	Name     string   `json:"name"`
	Detail   string   `json:"detail"`
	Affected []string `json:"affected"` // socket ids, at most maxListed
	Count    int      `json:"count"`    // of all that are affected
}

// A Feed remembers what happened last on a server. Its methods may be called concurrently.
type Feed struct {
	epoch string // tells the numbers of this feed from those of another life

	mu      sync.Mutex
	entries []entry
	next    uint64 // the number of the next entry
	bytes   int
	change  chan struct{} // closed and made anew when something is added
}

// NewFeed returns an empty feed.
func NewFeed() *Feed {
	var id [4]byte
	_, _ = rand.Read(id[:]) // it never fails
	return &Feed{epoch: hex.EncodeToString(id[:]), next: 1, change: make(chan struct{})}
}

// Observe takes what happened. It is for testserver.WithObserver, and never blocks.
func (f *Feed) Observe(a testserver.Activity) { f.add(entry{Activity: a}) }

func (f *Feed) add(e entry) {
	if e.size = len(e.Frame); e.size == 0 {
		e.size = len(e.Data)
	}
	if len(e.Data) > maxKept || len(e.Frame) > maxKept {
		e.cut = true
		e.Data, e.Frame = clip(e.Data, maxKept), clip(e.Frame, maxKept)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	e.number = f.next
	f.next++
	f.entries = append(f.entries, e)
	f.bytes += e.weight()
	drop := 0
	for len(f.entries)-drop > maxEntries || f.bytes > maxFeedBytes {
		f.bytes -= f.entries[drop].weight()
		drop++
	}
	clear(f.entries[:drop])
	f.entries = f.entries[drop:]
	close(f.change)
	f.change = make(chan struct{})
}

// weight is what an entry counts for, in bytes.
func (e *entry) weight() int { return len(e.Data) + len(e.Frame) + 256 }

// clip copies the beginning of b, so that the rest can be let go.
func clip[T ~[]byte](b T, n int) T {
	if len(b) <= n {
		return b
	}
	return append(T(nil), b[:n]...)
}

// after returns the entries after a number, at most limit, how many of them are forgotten, and a
// channel that the next entry closes.
func (f *Feed) after(number uint64, limit int) (entries []entry, missed uint64, change <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	first := f.next - uint64(len(f.entries))
	if number >= f.next {
		number = f.next - 1
	}
	if number+1 < first {
		missed = first - number - 1
		number = first - 1
	}
	rest := f.entries[number+1-first:]
	return append([]entry(nil), rest[:min(limit, len(rest))]...), missed, f.change
}

// last returns the number that the newest n entries follow.
func (f *Feed) last(n int) uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.next - 1 - uint64(min(n, len(f.entries)))
}

// find returns the entry with that number.
func (f *Feed) find(number uint64) (entry, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	first := f.next - uint64(len(f.entries))
	if number < first || number >= f.next {
		return entry{}, false
	}
	return f.entries[number-first], true
}

// forget drops all entries. The numbers go on.
func (f *Feed) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.entries, f.bytes = nil, 0
}
