package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// The charts of a run: the rows that a reader wants to compare, and no others.

// charted are the names that the charts have for rows, in their order.
var charted = []struct{ row, label string }{
	{"rtx", "rtx"},
	{"rtx Pending", "rtx, Pending"},
	{"rtx RawMessage", "rtx, not decoded"},
	{"floor5", "floor5: all by hand"},
	{"floor4", "floor4: coder/websocket"},
	{"floor3", "floor3: and encoding/json"},
	{"nats.go", "nats.go, encoding/json"},
	{"socket.io-client", "socket.io-client, Node"},
	{"realtimex-js", "realtimex-js, Node"},
}

const (
	nameWidth = 180.0 // of the column of names
	rowHeight = 22.0
)

// writeCharts writes the charts of what was measured into the folder. on says what it was measured on.
func writeCharts(folder, on string, lines []line, latencies []latencyLine) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	charts := make(map[string][]byte)
	if len(lines) > 0 {
		charts["cpu.svg"] = cpuChart(on, lines)
	}
	if len(latencies) > 0 {
		charts["latency.svg"] = latencyChart(on, latencies)
	}
	for name, text := range charts {
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// own is the class of a row's parts, those of the library marked.
func own(row, class string) string {
	if strings.HasPrefix(row, "rtx") {
		return class + " own"
	}
	return class
}

// begin writes the head of a chart and returns where its panels begin.
func (d *drawing) begin(subtitle string) (y float64) {
	d.text(margin, margin+14, 17, "start", "head", d.title)
	d.text(margin, margin+34, textSize, "start", "faint", subtitle)
	return margin + 52
}

// end writes what it was measured on below the panels, which end at y.
func (d *drawing) end(y float64, on string) []byte {
	d.text(margin, y+12, 11, "start", "faint", on)
	d.height = y + 12 + margin
	return d.bytes()
}

// cpuChart has a panel of bars for each size, each with a scale of its own.
func cpuChart(on string, lines []line) []byte {
	d := &drawing{title: "CPU time per message"}
	y := d.begin("µs of user and system time of the receiving process, by size of the payload; less is better")
	left, width := margin+nameWidth+10, drawingWidth-2*margin-nameWidth-10-80
	for _, size := range sizes {
		at := make(map[string]line)
		most := 0.0
		for _, l := range lines {
			if l.Size == size && slices.ContainsFunc(charted, func(c struct{ row, label string }) bool { return c.row == l.Name }) {
				at[l.Name] = l
				most = max(most, l.CPU)
			}
		}
		if most == 0 {
			continue
		}
		y += 18
		d.text(margin, y, 14, "start", "head", sizeText(size))
		d.desc += sizeText(size) + ": "
		y += 8
		for _, c := range charted {
			l, ok := at[c.row]
			if !ok {
				continue
			}
			length := width * l.CPU / most
			d.text(margin+nameWidth, y+15, textSize, "end", own(c.row, "name"), c.label)
			d.bar(left, y+4, length, rowHeight-7, own(c.row, "bar"))
			value := fmt.Sprintf("%.2f µs", l.CPU)
			d.text(left+length+6, y+15, textSize, "start", own(c.row, "value"), value)
			d.desc += c.label + " " + value + "; "
			y += rowHeight
		}
		y += 8
	}
	d.desc = strings.TrimSuffix(d.desc, "; ") + "."
	return d.end(y, on)
}

func sizeText(size int) string {
	if size >= 1<<10 {
		return fmt.Sprintf("%d KiB", size>>10)
	}
	return fmt.Sprintf("%d B", size)
}

// latencyChart has a panel for each rate, all on one logarithmic scale.
func latencyChart(on string, lines []latencyLine) []byte {
	d := &drawing{title: "Latency at a fixed rate"}
	y := d.begin("from when an event was due to be sent until it is received; logarithmic; left is better")

	least, most := math.Inf(1), 0.0
	for _, l := range lines {
		least, most = min(least, l.P50), max(most, l.P999)
	}
	from, to := math.Floor(math.Log10(max(least, 1))), math.Ceil(math.Log10(max(most, 10)))
	to = max(to, from+1)
	left, right := margin+nameWidth+20, drawingWidth-margin-215
	x := func(us float64) float64 { return left + (right-left)*(math.Log10(max(us, 1))-from)/(to-from) }
	columns := []struct {
		name  string
		right float64
		of    func(latencyLine) float64
	}{
		{"p50", drawingWidth - margin - 140, func(l latencyLine) float64 { return l.P50 }},
		{"p99", drawingWidth - margin - 70, func(l latencyLine) float64 { return l.P99 }},
		{"p99.9", drawingWidth - margin, func(l latencyLine) float64 { return l.P999 }},
	}

	for i := 0; i < len(lines); {
		rate := lines[i].Rate
		y += 18
		head := thousands(rate) + " events a second"
		d.text(margin, y, 14, "start", "head", head)
		d.desc += head + ": "
		for j, c := range columns { // the marks' key, above their figures
			d.mark(j, c.right-48, y-4, "")
			d.text(c.right, y, textSize, "end", "faint", c.name)
		}
		y += 8
		top := y
		n := i
		for ; n < len(lines) && lines[n].Rate == rate; n++ {
			y += rowHeight
		}
		for decade := from; decade <= to; decade++ {
			us := math.Pow(10, decade)
			d.line(x(us), top, x(us), y, "grid")
			d.text(x(us), y+14, 11, "middle", "faint", microseconds(us))
		}
		for row, l := range lines[i:n] {
			middle := top + rowHeight*(float64(row)+0.5)
			label := l.Client
			for _, c := range charted {
				if c.row == l.Client {
					label = c.label
				}
			}
			d.text(margin+nameWidth, middle+4, textSize, "end", own(l.Client, "name"), label)
			d.line(x(l.P50), middle, x(l.P999), middle, own(l.Client, "span"))
			d.desc += label
			for j, c := range columns {
				d.mark(j, x(c.of(l)), middle, l.Client)
				d.text(c.right, middle+4, textSize, "end", own(l.Client, "value"), microseconds(c.of(l)))
				d.desc += fmt.Sprintf(" %s %s,", c.name, microseconds(c.of(l)))
			}
			d.desc = strings.TrimSuffix(d.desc, ",") + "; "
		}
		i = n
		y += 26
	}
	d.desc = strings.TrimSuffix(d.desc, "; ") + "."
	d.text(margin, y+12, 11, "start", "faint", "Percentiles past p99 move up to twentyfold between rounds where two cores are shared: compare the medians.")
	return d.end(y+16, on)
}

// mark draws the mark of a percentile: a dot, a ring and a stroke, from the middle outwards.
func (d *drawing) mark(percentile int, x, y float64, row string) {
	switch percentile {
	case 0:
		d.circle(x, y, 5, own(row, "dot"))
	case 1:
		d.circle(x, y, 4, own(row, "ring"))
	case 2:
		d.line(x, y-6, x, y+6, own(row, "span"))
	}
}

func microseconds(us float64) string {
	switch {
	case us < 1e3:
		return fmt.Sprintf("%.0f µs", us)
	case us < 9.95e3:
		return strings.Replace(fmt.Sprintf("%.1f ms", us/1e3), ".0", "", 1)
	}
	return fmt.Sprintf("%.0f ms", us/1e3)
}

func thousands(n int) string {
	if n < 1_000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%d,%03d", n/1_000, n%1_000)
}
