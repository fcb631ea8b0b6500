package main

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// A benchResult is what a load came to.
type benchResult struct {
	bench                    *bench
	names                    int // channels
	took                     time.Duration
	sent, expected, received uint64
	reconnects, dropped      uint64
}

// quantiles are those that are shown.
var quantiles = []struct {
	name string
	q    float64
}{{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}}

// lines are the result for people: a table, and a picture of the latencies.
func (r *benchResult) lines(s style, terminal bool) (lines []string) {
	b := r.bench
	say := func(name, format string, args ...any) {
		lines = append(lines, s.dim(fmt.Sprintf("%-12s", name))+fmt.Sprintf(format, args...))
	}
	say("service", "%s", printable(b.conn.target))
	say("load", "%s, %s, for %v", counted(b.connections, "connection"), counted(uint(r.names), "channel"), b.duration)
	perSecond := func(n uint64) string { return fmt.Sprintf("%.0f/s", float64(n)/max(r.took.Seconds(), 1e-9)) }
	if len(b.listen) > 0 {
		say("received", "%d, %s", r.received, perSecond(r.received))
	} else {
		say("published", "%d of %d B, %s of %.0f/s", r.sent, b.size, perSecond(r.sent), b.rate)
		say("received", "%d of %d, %s", r.received, r.expected, perSecond(r.received))
	}
	if r.reconnects+r.dropped > 0 {
		say("trouble", "%s", s.bad(fmt.Sprintf("%d reconnects, %d dropped", r.reconnects, r.dropped)))
	}
	t := newTable(s, 0, "", "p50", "p90", "p99", "p99.9", "max")
	add := func(name string, h *histogram) {
		cells := []string{name}
		for _, q := range quantiles {
			cells = append(cells, millis(h.quantile(q.q)))
		}
		t.row(append(cells, millis(h.max()))...)
	}
	add("connect", &b.ready)
	if len(b.listen) == 0 {
		add("latency", &b.latency)
		add("late", &b.late)
	}
	lines = append(append(lines, ""), t.lines()...)
	if len(b.listen) > 0 || b.latency.n.Load() == 0 {
		return lines
	}
	lines = append(lines, "", s.dim("latency up to"))
	return append(lines, bars(b.latency.spans(), s, terminal)...)
}

// counted is a number of things in words.
func counted(n uint, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// barWidth is how long the longest bar is, in characters.
const barWidth = 40

// bars draws spans, in blocks on a terminal, and in ASCII where output may be a file.
func bars(spans []span, s style, terminal bool) (lines []string) {
	most := uint64(1)
	for _, sp := range spans {
		most = max(most, sp.count)
	}
	for _, sp := range spans {
		share := float64(sp.count) / float64(most) * barWidth
		bar := strings.Repeat("#", int(math.Ceil(share)))
		if terminal && bool(s) {
			bar = blocks(share)
		}
		if bar != "" {
			bar = s.good(bar) + " "
		}
		lines = append(lines, fmt.Sprintf("%12s  %s%d", millis(sp.upTo), bar, sp.count))
	}
	return lines
}

// blocks is a bar of eighths.
func blocks(width float64) string {
	const eighths = "▏▎▍▌▋▊▉█"
	n := int(math.Ceil(width * 8))
	bar := strings.Repeat("█", n/8)
	if rest := n % 8; rest > 0 {
		bar += string([]rune(eighths)[rest-1])
	}
	return bar
}

// millis is a time in milliseconds, with as many digits as it has use for.
func millis(d time.Duration) string {
	switch v := ms(d); {
	case v >= 1000:
		return fmt.Sprintf("%.0f ms", v)
	case v >= 10:
		return fmt.Sprintf("%.1f ms", v)
	case v >= 0.1:
		return fmt.Sprintf("%.2f ms", v)
	default:
		return fmt.Sprintf("%.3f ms", v)
	}
}

// json is the result as one line.
func (r *benchResult) json() []byte {
	b, line := r.bench, newJSONLine()
	line.begin(time.Now())
	line.add("url", shownURL(b.conn.url))
	line.add("connections", b.connections)
	line.add("channels", r.names)
	line.add("seconds", r.took.Seconds())
	if len(b.listen) == 0 {
		line.add("rate", b.rate)
		line.add("size", b.size)
		line.add("sent", r.sent)
		line.add("expected", r.expected)
	}
	line.add("received", r.received)
	line.add("reconnects", r.reconnects)
	line.add("dropped", r.dropped)
	of := func(name string, h *histogram) {
		figures := make(map[string]float64)
		for _, q := range quantiles {
			figures[q.name] = ms(h.quantile(q.q))
		}
		figures["max"] = ms(h.max())
		line.add(name, figures)
	}
	of("connect_ms", &b.ready)
	if len(b.listen) == 0 {
		of("latency_ms", &b.latency)
		of("late_ms", &b.late)
	}
	return line.end()
}
