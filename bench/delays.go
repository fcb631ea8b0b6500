package main

import (
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"time"
)

// delays are the times between when messages were due to be sent and when they were received. What
// holds a message up at any place counts, and so does what it makes the next ones wait: the load does
// not wait for a client that is late. One goroutine calls take.
type delays struct {
	took []time.Duration
	n    int // received so far
	cpu  time.Duration
	done chan<- result
}

// begin expects a run of that many messages. It is called while none are under way.
func (d *delays) begin(messages int) {
	d.took, d.n = make([]time.Duration, messages), 0
	runtime.GC()
	d.cpu = cpuTime()
}

// take counts one message, which carries the time when it was due.
func (d *delays) take(p *Payload) {
	if d.n == len(d.took) { // after the run, or after a failure
		return
	}
	now := time.Now()
	due, err := strconv.ParseInt(p.ID, 10, 64)
	if want := d.n % cycle; err != nil || p.Seq != want || p.Tail != want {
		d.done <- result{Error: fmt.Sprintf("message %d of the run: got number %d to %d (%v) instead of %d", d.n, p.Seq, p.Tail, err, want)}
		d.took, d.n = nil, 0
		return
	}
	d.took[d.n] = time.Duration(now.UnixNano() - due*1e3)
	if d.n++; d.n == len(d.took) {
		d.done <- result{Messages: d.n, CPU: float64((cpuTime() - d.cpu).Nanoseconds()) / 1e3 / float64(d.n), Figures: percentiles(d.took)}
	}
}

// percentiles are in microseconds. It sorts took.
func percentiles(took []time.Duration) map[string]float64 {
	slices.Sort(took)
	return map[string]float64{"p50": times(took).percentile(0.5), "p99": times(took).percentile(0.99), "p99.9": times(took).percentile(0.999)}
}
