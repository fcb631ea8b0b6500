package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"net"
	"os"
	"runtime"
	"runtime/pprof"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// A tally takes the messages of a run, checks them and measures what lies between the verified
// ends. A run's messages are verified, then measured, then verified again: at the ends the content
// of each is hashed, in between its order and both its ends are looked at, which costs next to
// nothing.
//
// One goroutine calls take or takeRaw; several call takeAny.
type tally struct {
	credit   net.Conn
	cycle    int
	profile  string
	measured int
	n        int // taken so far
	next     int // the Seq that is due
	hash     hash.Hash
	begun    snapshot
	result   result
	done     chan result
	failed   atomic.Bool

	delays *delays // of a paced row, which measures nothing else; nil for a flood

	mu  sync.Mutex // of takeAny
	sum int
	run int // counts them
}

// A worker is what takeAny remembers of each of its callers.
type worker struct{ last, run int }

func newTally(credit net.Conn, cycle int, profile string) *tally {
	return &tally{credit: credit, cycle: cycle, profile: profile, done: make(chan result, 1)}
}

// newPacedTally makes one that only measures delays.
func newPacedTally() *tally {
	t := &tally{done: make(chan result, 1)}
	t.delays = &delays{done: t.done}
	return t
}

// begin expects a run of that many measured messages. It is called while none are under way.
func (t *tally) begin(measured int) {
	if t.delays != nil {
		t.delays.begin(measured)
		return
	}
	t.measured, t.n, t.next, t.sum = measured, 0, 0, 0
	t.hash = sha256.New()
	t.run++
}

// complete says that the message taken last was the run's last.
func (t *tally) complete() bool { return t.n == 2*verified+t.measured }

// take counts one message. It does not keep p.
func (t *tally) take(p *Payload) {
	if t.delays != nil {
		t.delays.take(p)
		return
	}
	if p.Seq != t.next || p.Tail != t.next {
		t.fail(fmt.Errorf("message %d of the run: got number %d to %d instead of %d", t.n, p.Seq, p.Tail, t.next))
		return
	}
	if t.verifying() {
		c := *p
		t.hash.Write(encode(&c))
	}
	t.count()
}

var seqHead = []byte(`{"seq":`)

// takeRaw counts a message that was not decoded: its number is read, no more.
func (t *tally) takeRaw(b []byte) {
	seq, rest := 0, bytes.TrimPrefix(b, seqHead)
	for _, c := range rest {
		if c < '0' || c > '9' {
			break
		}
		seq = seq*10 + int(c-'0')
	}
	if seq != t.next || b[len(b)-1] != '}' {
		t.fail(fmt.Errorf("message %d of the run: got number %d instead of %d", t.n, seq, t.next))
		return
	}
	if t.verifying() {
		t.hash.Write(b)
	}
	t.count()
}

// takeAny counts a message for one of several workers, each of which sees an ascending part of the
// run. The content is verified by the sum of the numbers.
func (t *tally) takeAny(p *Payload, w *worker) {
	t.mu.Lock()
	defer t.mu.Unlock()
	ahead := (p.Seq - w.last + t.cycle) % t.cycle
	if p.Seq != p.Tail || w.run == t.run && (ahead == 0 || ahead > t.cycle/2) {
		t.fail(fmt.Errorf("a worker got number %d to %d after %d", p.Seq, p.Tail, w.last))
		return
	}
	w.last, w.run = p.Seq, t.run
	t.sum += p.Seq
	t.count()
}

func (t *tally) verifying() bool { return t.n < verified || t.n >= verified+t.measured }

func (t *tally) count() {
	t.n++
	if t.next++; t.next == t.cycle {
		t.next = 0
	}
	if t.n%grain == 0 {
		if _, err := t.credit.Write([]byte{1}); err != nil {
			t.fail(err)
		}
	}
	switch t.n {
	case verified:
		t.begun = t.look()
	case verified + t.measured:
		t.end()
	}
	if t.complete() && !t.failed.Load() {
		t.result.Digest = hex.EncodeToString(t.hash.Sum(nil))
		if t.sum > 0 {
			t.result.Digest = fmt.Sprint(t.sum)
		}
		t.done <- t.result
	}
}

func (t *tally) end() {
	now, begun := t.look(), t.begun
	n := float64(t.measured)
	t.result = result{
		Messages: t.measured,
		CPU:      float64(now.cpu-begun.cpu) / 1e3 / n,
		Seconds:  now.at.Sub(begun.at).Seconds(),
		Allocs:   new(float64(now.mallocs-begun.mallocs) / n),
		Bytes:    new(float64(now.bytes-begun.bytes) / n),
	}
}

// fail ends the run. The first fault counts.
func (t *tally) fail(err error) {
	if !t.failed.Swap(true) {
		t.done <- result{Error: err.Error()}
	}
}

var errGap = errors.New("values were lost")

// A snapshot is what the process has used so far.
type snapshot struct {
	at      time.Time
	cpu     time.Duration
	mallocs uint64
	bytes   uint64
}

// look also starts the profile at the first look of a run, and ends it at the second.
func (t *tally) look() snapshot {
	if t.profile != "" && t.n > verified {
		pprof.StopCPUProfile()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	s := snapshot{at: time.Now(), cpu: cpuTime(), mallocs: m.Mallocs, bytes: m.TotalAlloc}
	if t.profile != "" && t.n == verified {
		f, err := os.Create(t.profile) // the last run's stays
		if err == nil {
			err = pprof.StartCPUProfile(f)
		}
		if err != nil {
			t.fail(err)
		}
	}
	return s
}

// cpuTime is the user and system time of the whole process.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
