package main

import (
	"encoding/xml"
	"fmt"
	"html"
	"io"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/internal/prometheus"
)

// A drawing is a picture of panels, which Prometheus has answered the queries of.
type drawing struct {
	from, to time.Time
	faults   []fault
	panels   []drawnPanel
}

type drawnPanel struct {
	panel
	lines []line
}

type line struct {
	legend  string
	samples []prometheus.Sample
}

const (
	panelWidth, panelHeight  = 440, 250
	left, right, top, bottom = 52, 14, 34, 62 // what is around the plot of a panel
	head                     = 64             // of the whole picture
)

var colors = []string{"#1f77b4", "#d9480f", "#2b8a3e", "#862e9c", "#c92a2a", "#0b7285"}

// svg returns the picture, with the panels where the dashboard has them.
func (d *drawing) svg() string {
	rows := 1
	for _, p := range d.panels {
		rows = max(rows, p.GridPos.Y/7+1)
	}
	var b strings.Builder
	width, height := 3*panelWidth, head+rows*panelHeight+10
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="Helvetica, Arial, 'Liberation Sans', sans-serif" font-size="11" fill="#333">`+"\n",
		width, height, width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#f4f5f7"/>`+"\n", width, height)
	text(&b, 16, 28, `font-size="19" font-weight="bold"`, "RealtimeX clients")
	text(&b, 16, 48, `font-size="12" fill="#666"`, fmt.Sprintf("examples/service during %d faults, by the dashboard's queries; time in seconds", len(d.faults)))
	for _, p := range d.panels {
		fmt.Fprintf(&b, `<g transform="translate(%d %d)">`+"\n", p.GridPos.X/8*panelWidth, head+p.GridPos.Y/7*panelHeight)
		d.panel(&b, &p)
		b.WriteString("</g>\n")
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// x is where a time is in a panel.
func (d *drawing) x(at time.Time) float64 {
	share := float64(at.Sub(d.from)) / float64(d.to.Sub(d.from))
	return left + min(max(share, 0), 1)*(panelWidth-left-right)
}

func (d *drawing) panel(b *strings.Builder, p *drawnPanel) {
	fmt.Fprintf(b, `<rect x="5" y="5" width="%d" height="%d" rx="4" fill="#fff" stroke="#dcdfe4"/>`+"\n", panelWidth-10, panelHeight-10)
	text(b, 16, 24, `font-size="13" font-weight="bold"`, p.Title)
	d.shadeFaults(b)
	for s := 0.0; s <= d.to.Sub(d.from).Seconds(); s += 20 {
		at := d.x(d.from.Add(time.Duration(s * float64(time.Second))))
		text(b, at, panelHeight-bottom+14, `text-anchor="middle" fill="#888"`, fmt.Sprintf("%.0f", s))
	}
	switch {
	case len(p.lines) == 0:
		text(b, panelWidth/2, panelHeight/2, `text-anchor="middle" fill="#888"`, "no data")
	case p.Type == "state-timeline":
		d.states(b, p)
	default:
		d.curves(b, p)
	}
}

// shadeFaults marks when each fault was there. The names stand at the bottom, in two rows.
func (d *drawing) shadeFaults(b *strings.Builder) {
	for i, f := range d.faults {
		from, to := d.x(f.from), d.x(f.to)
		fmt.Fprintf(b, `<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="#ffe8cc" fill-opacity="0.7"/>`+"\n",
			from, top, max(to-from, 2), panelHeight-top-bottom)
		text(b, (from+to)/2, panelHeight-bottom+26+i%2*10, `text-anchor="middle" font-size="9" fill="#b35c00"`, f.name)
	}
}

// states draws a bar for each line, red where it is 0.
func (d *drawing) states(b *strings.Builder, p *drawnPanel) {
	each := float64(panelHeight-top-bottom) / float64(len(p.lines))
	for i, l := range p.lines {
		y := top + float64(i)*each + 18
		for j := 0; j < len(l.samples); {
			sample, end := l.samples[j], l.samples[j].At
			for ; j < len(l.samples) && l.samples[j].Value == sample.Value; j++ {
				end = l.samples[min(j+1, len(l.samples)-1)].At
			}
			color := "#2b8a3e"
			if sample.Value == 0 {
				color = "#e03131"
			}
			fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`+"\n",
				d.x(sample.At), y, d.x(end)-d.x(sample.At), each-26, color)
		}
		text(b, left, y-4, "", l.legend+": green yes, red no")
	}
}

// curves draws the lines with a scale and a legend.
func (d *drawing) curves(b *strings.Builder, p *drawnPanel) {
	highest := 0.0
	for _, l := range p.lines {
		for _, s := range l.samples {
			if !math.IsNaN(s.Value) && !math.IsInf(s.Value, 0) {
				highest = max(highest, s.Value)
			}
		}
	}
	step := niceStep(highest / 4)
	scale := math.Max(step, math.Ceil(highest/step-1e-9)*step)
	y := func(v float64) float64 { return panelHeight - bottom - v/scale*(panelHeight-top-bottom) }
	for v := 0.0; v <= scale*1.001; v += step {
		fmt.Fprintf(b, `<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="#e5e7eb"/>`+"\n", left, panelWidth-right, y(v), y(v))
		text(b, left-6, y(v)+4, `text-anchor="end" fill="#888"`, amount(v, p.FieldConfig.Defaults.Unit))
	}
	at := 16.0
	for i, l := range p.lines {
		color := colors[i%len(colors)]
		var path strings.Builder
		command := "M"
		for _, s := range l.samples {
			if math.IsNaN(s.Value) || math.IsInf(s.Value, 0) {
				command = "M"
				continue
			}
			fmt.Fprintf(&path, "%s%.1f %.1f", command, d.x(s.At), y(s.Value))
			command = "L"
		}
		fmt.Fprintf(b, `<path d="%s" fill="none" stroke="%s" stroke-width="1.8" stroke-linejoin="round"/>`+"\n", path.String(), color)
		fmt.Fprintf(b, `<rect x="%.1f" y="%d" width="12" height="3" fill="%s"/>`+"\n", at, panelHeight-17, color)
		text(b, at+16, panelHeight-13, "", l.legend)
		at += 16 + 5.4*float64(len(l.legend)) + 8
	}
}

// niceStep is the smallest of 1, 2, 5, 10, 20 and so on that is not less than v.
func niceStep(v float64) float64 {
	if v <= 0 {
		return 1
	}
	base := math.Pow(10, math.Floor(math.Log10(v)))
	for _, n := range []float64{1, 2, 5} {
		if n*base >= v {
			return n * base
		}
	}
	return 10 * base
}

// amount writes a value in the unit that the panel has.
func amount(v float64, unit string) string {
	v = math.Round(v*1e6) / 1e6
	switch unit {
	case "percentunit":
		return fmt.Sprintf("%.0f %%", 100*v)
	case "cps":
		return fmt.Sprintf("%g/s", v)
	case "s":
		return fmt.Sprintf("%g s", v)
	}
	return fmt.Sprintf("%g", v)
}

func text[X, Y int | float64](b *strings.Builder, x X, y Y, style, words string) {
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" %s>%s</text>`+"\n", float64(x), float64(y), style, html.EscapeString(words))
}

var variable = regexp.MustCompile(`{{(\w+)}}`)

// legend fills in the labels, as Grafana does.
func legend(format string, labels map[string]string) string {
	return strings.TrimSpace(variable.ReplaceAllStringFunc(format, func(v string) string { return labels[strings.Trim(v, "{}")] }))
}

// checkXML fails the test if the text is no XML, or has none of the words.
func checkXML(t *testing.T, text string, words ...string) {
	t.Helper()
	for d := xml.NewDecoder(strings.NewReader(text)); ; {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("no %q in\n%s", w, text)
		}
	}
}
