package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// A latencyLine is a row of the latency report: medians over the rounds, in microseconds.
type latencyLine struct {
	Name    string  `json:"name"`   // with the rate
	Client  string  `json:"client"` // the row's name
	Rate    int     `json:"rate"`   // events a second
	Size    int     `json:"size"`   // bytes of a payload
	CPU     float64 `json:"cpu_us_msg"`
	P50     float64 `json:"p50_us"`
	P99     float64 `json:"p99_us"`
	P999    float64 `json:"p999_us"`
	LateP50 float64 `json:"late_p50_us"` // of the load itself
	LateP99 float64 `json:"late_p99_us"`
	Rounds  int     `json:"rounds"`
}

// latencyReport makes the lines of all paced rows, by rate.
func latencyReport(paces []*pace) []latencyLine {
	var lines []latencyLine
	for _, p := range paces {
		for rate, runs := range p.runs {
			of := func(figure func(pacedRun) float64) float64 {
				var v []float64
				for _, r := range runs {
					v = append(v, figure(r))
				}
				return median(v)
			}
			lines = append(lines, latencyLine{
				Name: latencyName(rate), Client: p.row.name, Rate: rate, Size: pacedSize, Rounds: len(runs),
				CPU:     of(func(r pacedRun) float64 { return r.CPU }),
				P50:     of(func(r pacedRun) float64 { return r.Figures["p50"] }),
				P99:     of(func(r pacedRun) float64 { return r.Figures["p99"] }),
				P999:    of(func(r pacedRun) float64 { return r.Figures["p99.9"] }),
				LateP50: of(func(r pacedRun) float64 { return r.late["p50"] }),
				LateP99: of(func(r pacedRun) float64 { return r.late["p99"] }),
			})
		}
	}
	slices.SortStableFunc(lines, func(a, b latencyLine) int { return cmp.Compare(a.Rate, b.Rate) })
	return lines
}

func printLatency(w io.Writer, lines []latencyLine) {
	if len(lines) == 0 {
		return
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "row\t\tµs CPU\tp50 µs\tp99 µs\tp99.9 µs\tload late p50\tp99\t")
	for _, l := range lines {
		fmt.Fprintf(t, "%s\t%s\t%.2f\t%.0f\t%.0f\t%.0f\t%.0f\t%.0f\t\n", l.Name, l.Client, l.CPU, l.P50, l.P99, l.P999, l.LateP50, l.LateP99)
	}
	_ = t.Flush()
}
