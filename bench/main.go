// Bench measures the library beside the floor that it stands on and beside its peers, in one run on
// one machine. It starts every server itself, on loopback. See README.md for what the rows are and
// what each leaves out.
//
//	go run ./bench [-quick] [-json] [-rounds n] [-rows regexp] [-scale n] [-profile folder] [-svg folder]
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

func main() {
	if told := os.Getenv(childVariable); told != "" {
		child(told)
		return
	}
	var o options
	flag.BoolVar(&o.json, "json", false, "print one JSON object a row")
	flag.BoolVar(&o.quick, "quick", false, "end within 90 seconds: fewer messages, rounds and clients")
	flag.IntVar(&o.rounds, "rounds", 0, "rounds that all rows take part in, after a first that does not count (default 7; 2 with -quick)")
	flag.StringVar(&o.rows, "rows", "", "regular expression: only the rows whose name matches")
	flag.IntVar(&o.scale, "scale", 1, "multiply the messages of each round, for steadier profiles")
	flag.StringVar(&o.profiles, "profile", "", "folder for a CPU profile of each Go row, but of those at fixed rates")
	flag.StringVar(&o.charts, "svg", "", "folder for charts of the run: cpu.svg and latency.svg")
	flag.Parse()
	if err := bench(o); err != nil {
		fmt.Fprintln(os.Stderr, "\nbench:", err)
		os.Exit(1)
	}
}

// options are those of the command line.
type options struct {
	json, quick            bool
	rounds, scale          int
	rows, profiles, charts string
}

func bench(o options) error {
	m, err := measure(o)
	if err != nil {
		return err
	}
	if o.charts != "" {
		if err := writeCharts(o.charts, fmt.Sprintf("%s, medians of %d rounds", platform(), m.rounds), m.lines, m.latencies); err != nil {
			return err
		}
	}
	if o.json {
		return errors.Join(printJSON(os.Stdout, m.lines), printJSON(os.Stdout, m.latencies), printJSON(os.Stdout, m.figures))
	}
	fmt.Println(machine(m.packages))
	printTable(os.Stdout, m.lines)
	printLatency(os.Stdout, m.latencies)
	printFigures(os.Stdout, m.figures)
	fmt.Printf("measured in %.0f s\n", m.took.Seconds())
	if m.skipped != "" {
		fmt.Println(m.skipped)
	}
	return nil
}

// measurements are what a run has found.
type measurements struct {
	lines     []line
	latencies []latencyLine
	figures   []figure
	rounds    int
	took      time.Duration
	packages  string // folder of npm's packages
	skipped   string // what is missing, and why
}

// measure runs all rows that were asked for.
func measure(o options) (*measurements, error) {
	begin := time.Now()
	match, err := regexp.Compile(o.rows)
	if err != nil {
		return nil, err
	}
	if o.rounds <= 0 {
		o.rounds = 7
		if o.quick {
			o.rounds = 2
		}
	}
	r := &runner{quick: o.quick, rounds: o.rounds, scale: max(o.scale, 1), profiles: o.profiles, match: match.MatchString}
	m := &measurements{rounds: o.rounds}
	if r.packages, err = nodePackages(); err != nil {
		m.skipped = "socket.io-client and realtimex-js are skipped: " + err.Error()
		fmt.Fprintln(os.Stderr, m.skipped)
	}
	m.packages = r.packages
	defer r.stop()
	if err := r.start(); err != nil {
		return nil, err
	}
	lanes := r.lanes()
	if err := r.flood(lanes); err != nil {
		return nil, err
	}
	m.lines = report(lanes)
	paces, err := r.paced()
	if err != nil {
		return nil, err
	}
	m.latencies = latencyReport(paces)
	if m.figures, err = r.others(); err != nil {
		return nil, err
	}
	m.took = time.Since(begin)
	return m, nil
}

func platform() string {
	return fmt.Sprintf("%s %s/%s, %d CPUs", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
}

// machine says what was measured on what.
func machine(packages string) string {
	lines := []string{platform()}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, d := range info.Deps {
			switch d.Path {
			case "github.com/coder/websocket", "github.com/nats-io/nats.go", "github.com/nats-io/nats-server/v2",
				"github.com/go-json-experiment/json", "github.com/bytedance/sonic", "github.com/destel/rill", "github.com/samber/ro":
				lines = append(lines, d.Path+" "+d.Version)
			}
		}
	}
	if packages != "" {
		for _, name := range []string{"socket.io-client", "realtimex-js"} {
			lines = append(lines, name+" "+packageVersion(packages, name))
		}
	}
	return strings.Join(lines, "\n")
}
