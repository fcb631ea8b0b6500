package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
)

// A line is a row of the report: medians over the rounds.
type line struct {
	Name   string   `json:"name"`
	Size   int      `json:"size"` // bytes of a payload
	CPU    float64  `json:"cpu_us_msg"`
	Rate   float64  `json:"msgs_s"`
	Allocs *float64 `json:"allocs_msg,omitempty"`
	Bytes  *float64 `json:"bytes_msg,omitempty"`
	// The share of the time for which the load had to wait for the client. Below a tenth, the load
	// was the bound.
	Waited      float64 `json:"server_waited"`
	ServerBound bool    `json:"server_bound"`
	Rounds      int     `json:"rounds"`
	Floor3      float64 `json:"cpu_of_floor3,omitempty"` // ratio, the median of the rounds' own
	Floor4      float64 `json:"cpu_of_floor4,omitempty"`
	Floor5      float64 `json:"cpu_of_floor5,omitempty"`
	SocketIO    float64 `json:"rate_of_socketio,omitempty"`
	NATS        float64 `json:"rate_of_nats,omitempty"`
}

func (l *lane) values(of func(result) float64) (v []float64) {
	for _, r := range l.results {
		v = append(v, of(r))
	}
	return v
}

func cpu(r result) float64  { return r.CPU }
func rate(r result) float64 { return float64(r.Messages) / r.Seconds }

// ratio is the median of l's figures over those of other in the same round.
func (l *lane) ratio(other *lane, of func(result) float64) float64 {
	if other == nil {
		return 0
	}
	var v []float64
	for i := range l.results {
		v = append(v, of(l.results[i])/of(other.results[i]))
	}
	return median(v)
}

// report makes the lines of all lanes.
func report(lanes []*lane) []line {
	find := func(name string, size int) *lane {
		for _, l := range lanes {
			if l.row.name == name && l.size == size {
				return l
			}
		}
		return nil
	}
	var lines []line
	for _, l := range lanes {
		out := line{
			Name: l.row.name, Size: l.size, Rounds: len(l.results),
			CPU: median(l.values(cpu)), Rate: median(l.values(rate)), Waited: median(l.waited),
			Floor3: l.ratio(find("floor3", l.size), cpu), Floor4: l.ratio(find("floor4", l.size), cpu), Floor5: l.ratio(find("floor5", l.size), cpu),
			SocketIO: l.ratio(find(l.row.socketIO(), l.size), rate), NATS: l.ratio(find("nats.go", l.size), rate),
		}
		out.ServerBound = out.Waited < 0.1
		if l.results[0].Allocs != nil {
			out.Allocs = new(median(l.values(func(r result) float64 { return *r.Allocs })))
			out.Bytes = new(median(l.values(func(r result) float64 { return *r.Bytes })))
		}
		lines = append(lines, out)
	}
	return lines
}

// socketIO is the row of socket.io-client over the same transport.
func (r row) socketIO() string {
	if r.polling {
		return "socket.io-client polling"
	}
	return "socket.io-client"
}

func printTable(w io.Writer, lines []line) {
	if len(lines) == 0 {
		return
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "row\tbytes\tµs CPU\tmsgs/s\tallocs\tB alloc\tCPU/floor3\tCPU/floor4\tCPU/floor5\trate/socket.io\trate/nats\t")
	for _, l := range lines {
		fmt.Fprintf(t, "%s\t%d\t%.2f\t%.0f\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t", l.Name, l.Size, l.CPU, l.Rate,
			optional("%.2f", l.Allocs), optional("%.0f", l.Bytes), ratioText(l.Floor3), ratioText(l.Floor4), ratioText(l.Floor5),
			ratioText(l.SocketIO), ratioText(l.NATS))
		if l.ServerBound {
			fmt.Fprint(t, "  (bound by the load server)")
		}
		fmt.Fprintln(t)
	}
	_ = t.Flush()
}

func optional(format string, v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf(format, *v)
}

func ratioText(r float64) string {
	if r == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", r)
}

// printJSON writes one object a line.
func printJSON[T any](w io.Writer, objects []T) error {
	e := json.NewEncoder(w)
	for _, o := range objects {
		if err := e.Encode(o); err != nil {
			return err
		}
	}
	return nil
}
