//go:build picture

package main

import (
	"encoding/xml"
	"flag"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/internal/prometheus"
)

var picture = flag.String("picture", "", "draw the dashboard during the whole scene into this file, in about two minutes")

// The picture in docs is made from the dashboard's own queries, behind a tag so that nothing else
// compiles what draws it:
//
//	go test ./examples/service -tags picture -run TestPicture -picture ../../docs/dashboard.svg
func TestPicture(t *testing.T) {
	if *picture == "" {
		t.Skip("draws a picture: -picture FILE")
	}
	t.Setenv("REALTIMEX_REQUIRE_PROMETHEUS", "1") // who asks for a picture wants no test that is skipped
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
	samples := []prometheus.Sample{{At: from, Value: 1}, {At: from.Add(4 * time.Second), Value: math.NaN()}, {At: from.Add(5 * time.Second), Value: 0}}
	for i, p := range panels(t)[:3] { // the first has states
		drawn := drawnPanel{panel: p}
		if i < 2 {
			drawn.lines = []line{{fmt.Sprintf("<line %d>", i), samples}}
		}
		image.panels = append(image.panels, drawn)
	}
	text := image.svg()
	if err := xml.Unmarshal([]byte(text), new(struct{})); err != nil {
		t.Error(err)
	}
	for _, want := range []string{"Connected and ready: green yes, red no<", "&lt;line 0&gt;", "Events<", "&lt;line 1&gt;", "Reconnections: no data<", ">outage<", "/s<"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "NaN") {
		t.Errorf("a place that is no number in\n%s", text)
	}
}
