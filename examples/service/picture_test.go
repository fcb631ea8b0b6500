package main

import (
	"flag"
	"os"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/internal/prometheus"
)

var picture = flag.String("picture", "", "draw the dashboard during the whole scene into this file, in about two minutes")

// The picture in docs is made from the dashboard's own queries:
//
//	go test ./examples/service -run TestPicture -picture ../../docs/dashboard.svg
func TestPicture(t *testing.T) {
	if *picture == "" {
		t.Skip("draws a picture: -picture FILE")
	}
	const interval = 500 * time.Millisecond
	s, _ := newScene(t, interval, 8*time.Second)
	s.play()
	image := drawing{from: s.began.Add(7 * time.Second), to: time.Now(), faults: s.faults} // Prometheus begins after some 5 s
	for _, p := range panels(t) {
		drawn := drawnPanel{panel: p}
		for _, q := range p.Targets {
			found, err := s.prom.QueryRange(t.Context(), concrete(q.Expr, 4*time.Second), image.from, image.to, interval)
			if err != nil {
				t.Fatalf("%s: %v", p.Title, err)
			}
			for _, series := range found {
				drawn.lines = append(drawn.lines, line{legend(q.LegendFormat, series.Labels), series.Samples})
			}
		}
		image.panels = append(image.panels, drawn)
	}
	if err := os.WriteFile(*picture, []byte(image.svg()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// A drawing draws what it is given, and marks nothing as nothing.
func TestDrawing(t *testing.T) {
	from := time.Unix(1000, 0)
	image := drawing{from: from, to: from.Add(10 * time.Second), faults: []fault{{"outage", from.Add(time.Second), from.Add(2 * time.Second)}}}
	p := drawnPanel{panel: panels(t)[0]}
	p.lines = []line{{"shop <ready>", []prometheus.Sample{{At: from, Value: 1}, {At: from.Add(5 * time.Second), Value: 0}}}}
	image.panels = []drawnPanel{p}
	checkXML(t, image.svg(), "shop &lt;ready&gt;", "outage", p.Title)
	p.Type = "timeseries"
	image.panels = []drawnPanel{p, {panel: p.panel}}
	checkXML(t, image.svg(), "shop &lt;ready&gt;", "<path", "no data")
}
