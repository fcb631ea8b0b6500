package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime/pprof"
	"strconv"
	"strings"
)

// Each row is measured in a process of its own, so that its figures are its own: this program
// again, told by the environment what to be, or Node.

const childVariable = "BENCH_CHILD"

// A spec is what a child is to do.
type spec struct {
	Row      string // its name in the table of rows
	Size     int    // bytes of a payload
	Channels int    // that the messages are spread over
	Streams  int    // bound, if more than channels are
	Buffer   int    // of the stream or channel that is read, in values
	URL      string // ws://…, of the load server or of nats-server
	Key      string // what the servers know the child by: its API key, or its NATS subject
	Credits  string // address
	Quick    bool
	Paced    bool   // messages come by a schedule, and their delays are measured
	Profile  string // file for a CPU profile of what is measured; none if empty
}

// A result is a line of a child's standard output.
type result struct {
	Ready    bool               `json:"ready,omitempty"`
	Error    string             `json:"error,omitempty"`
	Skip     string             `json:"skip,omitempty"` // why the row can't be measured here
	Messages int                `json:"messages,omitempty"`
	CPU      float64            `json:"cpu,omitempty"`     // µs a message, of the whole process
	Seconds  float64            `json:"seconds,omitempty"` // for all messages
	Allocs   *float64           `json:"allocs,omitempty"`  // a message; nil if the runtime does not tell
	Bytes    *float64           `json:"bytes,omitempty"`   // allocated, a message
	Digest   string             `json:"digest,omitempty"`  // of the content at both ends of the run
	Figures  map[string]float64 `json:"figures,omitempty"` // of the rows that are not a flood
}

// child is the process of one row.
func child(encoded string) {
	var s spec
	if err := json.Unmarshal([]byte(encoded), &s); err != nil {
		say(result{Error: err.Error()})
		os.Exit(1)
	}
	err := error(nil)
	if measure, ok := others[s.Row]; ok {
		var figures map[string]float64
		if figures, err = profiled(s, measure); err == nil {
			say(result{Figures: figures})
		}
	} else {
		err = flood(s)
	}
	if err != nil {
		say(result{Error: err.Error()})
		os.Exit(1)
	}
}

// profiled measures with a CPU profile, if one is wanted.
func profiled(s spec, measure func(spec) (map[string]float64, error)) (map[string]float64, error) {
	if s.Profile == "" {
		return measure(s)
	}
	f, err := os.Create(s.Profile)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, err
	}
	defer pprof.StopCPUProfile()
	return measure(s)
}

func say(r result) {
	line, err := json.Marshal(r)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(line))
}

// tally makes what the row's messages are counted by.
func (s spec) tally() (*tally, error) {
	if s.Paced {
		return newPacedTally(), nil
	}
	credit, err := net.Dial("tcp", s.Credits)
	if err != nil {
		return nil, err
	}
	if _, err := fmt.Fprintln(credit, s.Key); err != nil {
		return nil, err
	}
	return newTally(credit, cycleOf(s.Channels), s.Profile), nil
}

// flood runs a row under load: it connects, says that it is ready, and counts one run after
// another. It ends with standard input.
func flood(s spec) error {
	row, ok := clients[s.Row]
	if !ok {
		return fmt.Errorf("no row %q", s.Row)
	}
	t, err := s.tally()
	if err != nil {
		return err
	}
	ready := func() { say(result{Ready: true}) }
	ended := make(chan error, 1)
	go func() { ended <- row(s, t, ready) }()
	commands := make(chan int)
	go func() {
		defer close(commands)
		in := bufio.NewScanner(os.Stdin)
		for in.Scan() {
			n, err := strconv.Atoi(strings.TrimSpace(in.Text()))
			if err != nil {
				return
			}
			commands <- n
		}
	}()
	for {
		select {
		case err := <-ended:
			if err == nil {
				err = errors.New("the stream ended")
			}
			return err
		case n, ok := <-commands:
			if !ok {
				return nil
			}
			t.begin(n)
			say(result{Ready: true})
			select {
			case r := <-t.done:
				say(r)
			case err := <-ended:
				return fmt.Errorf("in the middle of a run: %w", err)
			}
		}
	}
}
