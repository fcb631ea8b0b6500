package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
)

// A figure is one of those that are no flood: a median over the rounds. Its name says the unit.
type figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
}

// others runs the rows that are no flood.
func (r *runner) others() ([]figure, error) {
	all := make(map[string][]float64)
	rounds := 3
	if r.quick {
		rounds = 1
	}
	for range rounds {
		for _, name := range slices.Sorted(maps.Keys(others)) {
			if !r.match(name) {
				continue
			}
			fmt.Fprintf(os.Stderr, "\r%-40s", name)
			got, err := r.other(name)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			for what, v := range got {
				all[name+", "+what] = append(all[name+", "+what], v)
			}
		}
	}
	var figures []figure
	for name, values := range all {
		figures = append(figures, figure{Name: name, Value: median(values)})
	}
	slices.SortFunc(figures, func(a, b figure) int { return cmp.Compare(a.Name, b.Name) })
	return figures, nil
}

// other runs one of them once, in a child process.
func (r *runner) other(name string) (map[string]float64, error) {
	s := spec{Row: name, Quick: r.quick, URL: "ws://" + r.server.addr(), Key: strings.ReplaceAll(name, " ", "-"), Credits: r.credits.listener.Addr().String()}
	if r.profiles != "" {
		s.Profile = filepath.Join(r.profiles, s.Key+".pprof")
	}
	p, err := startProcess(s, "")
	if err != nil {
		return nil, err
	}
	defer p.stop()
	got, err := p.result()
	return got.Figures, err
}

func printFigures(w io.Writer, figures []figure) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range figures {
		fmt.Fprintf(t, "%s\t%.4g\n", f.Name, f.Value)
	}
	_ = t.Flush()
}
