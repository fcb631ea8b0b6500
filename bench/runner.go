package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// A runner has the servers and runs the rows.
type runner struct {
	quick    bool
	rounds   int
	scale    int
	profiles string // folder; empty for none
	match    func(name string) bool
	packages string // folder of npm's packages; empty if the Node rows are skipped

	server  *server
	credits *credits
	nats    *natsserver.Server
	publish *nats.Conn
}

func (r *runner) start() (err error) {
	if r.server, err = startServer(); err != nil {
		return err
	}
	if r.credits, err = startCredits(); err != nil {
		return err
	}
	if r.nats, err = startNATS(); err != nil {
		return err
	}
	r.publish, err = nats.Connect("", nats.InProcessServer(r.nats))
	return err
}

func (r *runner) stop() {
	if r.publish != nil {
		r.publish.Close()
	}
	if r.nats != nil {
		r.nats.Shutdown()
	}
	if r.credits != nil {
		r.credits.close()
	}
	if r.server != nil {
		r.server.close()
	}
}

// patience is how long one run may take.
const patience = time.Minute

// A lane is a row at one size, with its child process and what it measured in each round.
type lane struct {
	row     row
	size    int
	child   *process
	credit  net.Conn
	send    sender
	frames  *frames
	results []result
	waited  []float64
}

// lanes are all floods that were asked for.
func (r *runner) lanes() []*lane {
	var all []*lane
	for _, size := range sizes {
		for _, row := range rows {
			if row.size != 0 && row.size != size || !r.match(row.name) || row.peer == "node" && r.packages == "" {
				continue
			}
			all = append(all, &lane{row: row, size: size})
		}
	}
	return all
}

// key is what the servers know the row's client by.
func (r row) key(what any) string {
	return fmt.Sprintf("%s-%v", strings.ReplaceAll(r.name, " ", "-"), what)
}

// open starts the lane's child and waits until it is subscribed.
func (r *runner) open(l *lane) error {
	key := l.row.key(l.size)
	s := spec{
		Size: l.size, Channels: max(l.row.channels, 1), Streams: l.row.streams, Buffer: buffer,
		Key: key, Credits: r.credits.listener.Addr().String(),
	}
	if r.profiles != "" && l.row.peer != "node" {
		s.Profile = filepath.Join(r.profiles, key+".pprof")
	}
	var err error
	if l.child, l.send, err = r.startRow(l.row, s, l.frames); err != nil {
		return err
	}
	l.credit = r.credits.of(key)
	return nil
}

// startRow starts a row's child, waits until it is subscribed, and returns how it is sent frames.
func (r *runner) startRow(row row, s spec, f *frames) (*process, sender, error) {
	s.Row, s.URL = row.name, "ws://"+r.server.addr()
	packages := ""
	switch row.peer {
	case "nats":
		s.URL = r.nats.ClientURL()
	case "node":
		packages = r.packages
	}
	child, err := startProcess(s, packages)
	if err != nil {
		return nil, nil, err
	}
	if _, err := child.result(); err != nil {
		child.stop()
		return nil, nil, err
	}
	switch {
	case row.peer == "nats":
		return child, overNATS(r.publish, s.Key, f), nil
	case row.polling:
		return child, overPolling(r.server.polled(s.Key), f), nil
	}
	return child, overWebSocket(r.server.session(s.Key).conn, f), nil
}

// run floods the lane's client once.
func (r *runner) run(l *lane, measured int) error {
	if _, err := fmt.Fprintln(l.child.in, measured); err != nil {
		return err
	}
	if _, err := l.child.result(); err != nil {
		return err
	}
	defer time.AfterFunc(patience, l.child.kill).Stop()
	type loaded struct {
		waited float64
		err    error
	}
	done := make(chan loaded, 1)
	go func() {
		waited, err := load(l.credit, l.send, measured+2*verified)
		done <- loaded{waited, err}
	}()
	got, err := l.child.result()
	if err != nil {
		_ = l.credit.Close() // ends the load
		<-done
		return err
	}
	sent := <-done
	if sent.err != nil {
		return sent.err
	}
	want := l.frames.digest(measured)
	if l.row.shared {
		want = l.frames.sum(measured)
	}
	if got.Digest != want {
		return errors.New("the content is not what was sent")
	}
	l.results = append(l.results, got)
	l.waited = append(l.waited, sent.waited)
	return nil
}

// flood runs all lanes: first a short round that does not count, then the rounds, each in another
// order.
func (r *runner) flood(lanes []*lane) error {
	type kind struct {
		size, channels int
		polling        bool
	}
	ready := make(map[kind]*frames)
	defer func() {
		for _, l := range lanes {
			if l.child != nil {
				l.child.stop()
			}
		}
	}()
	for round := -1; round < r.rounds; round++ {
		for i := range lanes {
			l := lanes[(i+max(round, 0)*7)%len(lanes)]
			n := messages(l.size, r.quick) * r.scale
			if l.child == nil {
				is := kind{l.size, max(l.row.channels, 1), l.row.polling}
				if ready[is] == nil {
					encode := newFrames
					if is.polling {
						encode = newPackets
					}
					ready[is] = encode(is.size, is.channels)
				}
				l.frames = ready[is]
				if err := r.open(l); err != nil {
					return fmt.Errorf("%s, %d bytes: %w", l.row.name, l.size, err)
				}
			}
			if round < 0 {
				n = n / 4 / grain * grain
			}
			if err := r.run(l, n); err != nil {
				return fmt.Errorf("%s, %d bytes: %w", l.row.name, l.size, err)
			}
			if round < 0 {
				l.results, l.waited = nil, nil
			}
			fmt.Fprintf(os.Stderr, "\rround %d of %d: %-40s", round+1, r.rounds, fmt.Sprintf("%s, %d bytes", l.row.name, l.size))
		}
	}
	fmt.Fprintln(os.Stderr)
	return nil
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	v := slices.Sorted(slices.Values(values))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}
