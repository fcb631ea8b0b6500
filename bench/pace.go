package main

import (
	"fmt"
	"os"
	"time"
)

// The latency rows: the load sends by a schedule and never waits for the client, so that a client
// that is late is late for everything that was due meanwhile. Each message carries the time when it
// was due.

// pacedRows are measured at each rate.
var pacedRows = []row{
	{name: "floor4"},
	{name: "floor5"},
	{name: "rtx"},
	{name: "rtx Pending"},
	{name: "nats.go", peer: "nats"},
	{name: "socket.io-client", peer: "node"},
}

// rates are in events a second.
var rates = []int{1_000, 10_000, 100_000}

const (
	pacedSize   = 150      // bytes of a payload
	pacedBuffer = 16 << 10 // of a stream or channel: what comes at the highest rate in a sixth of a second
)

// A pace is a row of those, with its child process and what it measured at each rate.
type pace struct {
	row    row
	child  *process
	send   sender
	frames *frames
	runs   map[int][]pacedRun
}

// A pacedRun is one run at one rate.
type pacedRun struct {
	result
	late map[string]float64 // percentiles of how late the load itself was, in microseconds
}

func latencyName(rate int) string { return fmt.Sprintf("latency %d/s", rate) }

func (r *runner) rates() []int {
	if r.quick {
		return []int{10_000}
	}
	return rates
}

// paced runs them: first a short run that does not count, then the rounds, each in another order.
func (r *runner) paced() ([]*pace, error) {
	var paces []*pace
	for _, row := range pacedRows {
		if row.peer == "node" && r.packages == "" {
			continue
		}
		for _, rate := range r.rates() {
			if r.match(latencyName(rate) + " " + row.name) {
				paces = append(paces, &pace{row: row, frames: newTimedFrames(pacedSize), runs: make(map[int][]pacedRun)})
				break
			}
		}
	}
	defer func() {
		for _, p := range paces {
			if p.child != nil {
				p.child.stop()
			}
		}
	}()
	for _, p := range paces {
		err := r.openPaced(p)
		if err == nil {
			_, err = p.run(10_000, 5_000)
		}
		if err != nil {
			return nil, fmt.Errorf("latency, %s: %w", p.row.name, err)
		}
	}
	seconds := 1.5
	if r.quick {
		seconds = 0.5
	}
	for round := range r.rounds {
		for _, rate := range r.rates() {
			for i := range paces {
				p := paces[(i+round)%len(paces)]
				if !r.match(latencyName(rate) + " " + p.row.name) {
					continue
				}
				fmt.Fprintf(os.Stderr, "\rround %d of %d: %-40s", round+1, r.rounds, latencyName(rate)+" "+p.row.name)
				run, err := p.run(rate, int(seconds*float64(rate)))
				if err != nil {
					return nil, fmt.Errorf("%s, %s: %w", latencyName(rate), p.row.name, err)
				}
				p.runs[rate] = append(p.runs[rate], run)
			}
		}
	}
	return paces, nil
}

func (r *runner) openPaced(p *pace) (err error) {
	s := spec{Size: pacedSize, Channels: 1, Buffer: pacedBuffer, Paced: true, Key: p.row.key("latency")}
	p.child, p.send, err = r.startRow(p.row, s, p.frames)
	return err
}

// run sends that many messages at that rate and returns what the client made of them.
func (p *pace) run(rate, messages int) (pacedRun, error) {
	if _, err := fmt.Fprintln(p.child.in, messages); err != nil {
		return pacedRun{}, err
	}
	if _, err := p.child.result(); err != nil {
		return pacedRun{}, err
	}
	defer time.AfterFunc(patience, p.child.kill).Stop()
	pause := newPause()
	defer pause.end()
	late, err := bySchedule(pause.until, rate, messages, p.frames, p.send)
	if err != nil {
		return pacedRun{}, err
	}
	got, err := p.child.result()
	return pacedRun{got, percentiles(late)}, err
}

// due is when message i is due after the first.
func due(i, rate int) time.Duration { return time.Duration(i) * time.Second / time.Duration(rate) }

// bySchedule sends each message when it is due, and those that are overdue at once. It returns how
// late each was.
func bySchedule(until func(time.Time), rate, messages int, f *frames, send sender) ([]time.Duration, error) {
	begin := time.Now().Add(5 * time.Millisecond)
	late := make([]time.Duration, 0, messages)
	for sent := 0; sent < messages; {
		until(begin.Add(due(sent, rate)))
		now := time.Since(begin)
		for len(late) < min(messages, sent+cycle) && due(len(late), rate) <= now {
			f.stamp(len(late), begin.Add(due(len(late), rate)))
			late = append(late, now-due(len(late), rate))
		}
		for sent < len(late) {
			n, err := send(sent, len(late)-sent)
			if err != nil {
				return nil, err
			}
			sent += n
		}
	}
	return late, nil
}
