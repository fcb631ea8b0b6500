package main

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// TestMain is also the children of the rows that a test measures.
func TestMain(m *testing.M) {
	if told := os.Getenv(childVariable); told != "" {
		child(told)
		return
	}
	os.Exit(m.Run())
}

// Rows of each kind, measured once: what matters here is that they run, check what they receive and
// are in the report, and not their figures.
func TestRowsAreMeasured(t *testing.T) {
	m, err := measure(options{quick: true, rounds: 1, rows: "^(floor4|floor5|rtx|rtx sonic)$|^latency 10000/s (floor5|rtx|nats.go|socket.io-client)$|^scale"})
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range sizes {
		for _, name := range []string{"floor5", "rtx sonic"} {
			i := slices.IndexFunc(m.lines, func(l line) bool { return l.Name == name && l.Size == size })
			if i < 0 {
				t.Errorf("%s at %d bytes is not in the table", name, size)
				continue
			}
			if l := m.lines[i]; l.CPU <= 0 || l.Rate <= 0 || l.Floor5 <= 0 {
				t.Errorf("a figure is missing: %+v", l)
			}
		}
	}
	for _, row := range pacedRows {
		if row.name == "floor4" || row.name == "rtx Pending" {
			continue
		}
		i := slices.IndexFunc(m.latencies, func(l latencyLine) bool { return l.Client == row.name })
		switch {
		case i < 0 && row.peer == "node" && m.packages == "":
		case i < 0:
			t.Errorf("the latency of %s is not in the table", row.name)
		default:
			l := m.latencies[i]
			if l.Rate != 10_000 || l.CPU <= 0 || l.P50 <= 0 || l.P99 < l.P50 || l.P999 < l.P99 {
				t.Errorf("no latencies: %+v", l)
			}
		}
	}
	for _, name := range []string{
		"scale channels, subscribe, a channel of 10000 / of 1000",
		"scale channels, resubscribe after a cut, a channel of 10000 / of 1000",
		"scale channels, scrape, a channel of 10000 / of 1000",
		"scale channels, close, CPU, a channel of 10000 / of 1000",
		"scale clients, rtx, heartbeats, µs CPU a client and minute",
		"scale clients, rtx, reconnect storm, MiB at the peak",
		"scale clients, websocket, reconnect storm, ms until all are back",
	} {
		if !slices.ContainsFunc(m.figures, func(f figure) bool { return f.Name == name && f.Value > 0 }) {
			t.Errorf("there is no figure %q", name)
		}
	}
	for _, f := range m.figures {
		if strings.HasSuffix(f.Name, "clients") && f.Value != 500 {
			t.Errorf("%s: %v", f.Name, f.Value)
		}
	}
}

// A pattern chooses rows of every kind by the names that the tables show.
func TestPatternsChooseRows(t *testing.T) {
	m, err := measure(options{quick: true, rounds: 1, rows: "^latency 10000/s floor5$"})
	if err != nil {
		t.Fatal(err)
	}
	if len(m.lines) != 0 || len(m.figures) != 0 || len(m.latencies) != 1 || m.latencies[0].Client != "floor5" {
		t.Errorf("got %d lines, %d figures and %+v", len(m.lines), len(m.figures), m.latencies)
	}
}
