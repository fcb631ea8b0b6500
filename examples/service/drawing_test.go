//go:build picture

package main

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"regexp"
	"strings"
	"time"

	"github.com/realtimex/realtimex-go/internal/prometheus"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
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

// svg returns the picture, with the panels where the dashboard has them.
func (d *drawing) svg() string {
	plot.DefaultFont.Variant = "Sans"
	tiles := draw.Tiles{Cols: 3, PadTop: 8, PadBottom: 8, PadLeft: 8, PadRight: 8, PadX: 16, PadY: 18}
	for _, p := range d.panels {
		tiles.Rows = max(tiles.Rows, p.GridPos.Y/p.GridPos.H+1)
	}
	image := vgsvg.New(960, 210*vg.Length(tiles.Rows))
	canvas := draw.New(image)
	canvas.SetColor(color.White)
	canvas.Fill(canvas.Rectangle.Path())
	for _, p := range d.panels {
		d.plot(&p).Draw(tiles.At(canvas, p.GridPos.X/p.GridPos.W, p.GridPos.Y/p.GridPos.H))
	}
	var b bytes.Buffer
	if _, err := image.WriteTo(&b); err != nil {
		panic(err) // a Buffer takes everything
	}
	const font = "font-family:Liberation Sans"
	return strings.ReplaceAll(b.String(), font, font+",Arial,Helvetica,sans-serif")
}

// seconds is where a time is on the axis.
func (d *drawing) seconds(at time.Time) float64 { return at.Sub(d.from).Seconds() }

// plot draws a panel, and marks when each fault was there.
func (d *drawing) plot(p *drawnPanel) *plot.Plot {
	plt := plot.New()
	plt.Title.Text, plt.Title.Padding = p.Title, 5
	plt.X.Padding, plt.Y.Padding = 0, 0
	plt.X.Tick.Length, plt.X.Tick.Color = 4, color.White
	plt.X.Tick.Label.Font.Size, plt.Y.Tick.Label.Font.Size, plt.Legend.TextStyle.Font.Size = 9, 9, 9
	plt.Legend.Top, plt.Legend.Left, plt.Legend.ThumbnailWidth = true, true, 10
	plt.Legend.XOffs, plt.Legend.Padding = 4, 1
	var shown []plot.Plotter
	switch {
	case len(p.lines) == 0:
		plt.Title.Text += ": no data"
		plt.Y.Min, plt.Y.Max = 0, 1
	case p.Type == "state-timeline":
		shown = d.states(plt, p.lines)
	default:
		shown = d.curves(plt, p)
	}
	var times plot.ConstantTicks
	for s := 0.0; s <= d.seconds(d.to); s += 20 {
		times = append(times, plot.Tick{Value: s, Label: fmt.Sprintf("%g s", s)})
	}
	for _, f := range d.faults {
		from := d.seconds(f.from)
		to := max(d.seconds(f.to), from+1) // to be seen
		plt.Add(box(from, to, plt.Y.Min, plt.Y.Max, color.NRGBA{R: 255, G: 150, A: 50}))
		times = append(times, plot.Tick{Value: (from + to) / 2, Label: "\n" + strings.Replace(f.name, " ", "\n", 1)})
	}
	plt.Add(shown...)
	plt.X.Min, plt.X.Max = 0, d.seconds(d.to)
	plt.X.Tick.Marker = times
	return plt
}

// states returns a bar for each line, red where it is 0, and sets the axis.
func (d *drawing) states(plt *plot.Plot, lines []line) (shown []plot.Plotter) {
	names := make([]string, len(lines))
	for i, l := range lines {
		names[i] = l.legend
		first, y := l.samples[0], float64(i)
		for j, s := range l.samples {
			if s.Value == first.Value && j < len(l.samples)-1 {
				continue
			}
			fill := plotutil.DarkColors[1] // green
			if first.Value == 0 {
				fill = plotutil.DarkColors[0] // red
			}
			shown = append(shown, box(d.seconds(first.At), d.seconds(s.At), y-0.3, y+0.3, fill))
			first = s
		}
	}
	plt.Title.Text += ": green yes, red no"
	plt.NominalY(names...)
	plt.Y.Scale = plot.InvertedScale{Normalizer: plt.Y.Scale} // the first at the top
	plt.Y.Min, plt.Y.Max = -0.5, float64(len(lines))-0.5
	return shown
}

// curves returns the lines, each with a hole where it has no number, and sets the axis, with a place
// for the legend above.
func (d *drawing) curves(plt *plot.Plot, p *drawnPanel) []plot.Plotter {
	grid := plotter.NewGrid()
	grid.Vertical.Color = nil
	shown, highest := []plot.Plotter{grid}, 0.0
	for i, l := range p.lines {
		style := draw.LineStyle{Color: plotutil.DarkColors[2+i%5], Width: 1.5}
		curve := &plotter.Line{LineStyle: style}
		plt.Legend.Add(l.legend, curve)
		shown = append(shown, curve)
		for _, s := range l.samples {
			if math.IsNaN(s.Value) || math.IsInf(s.Value, 0) {
				curve = &plotter.Line{LineStyle: style}
				shown = append(shown, curve)
				continue
			}
			curve.XYs = append(curve.XYs, plotter.XY{X: d.seconds(s.At), Y: s.Value})
			highest = max(highest, s.Value)
		}
	}
	if highest == 0 {
		highest = 1
	}
	plt.Y.Min, plt.Y.Max = 0, highest/(0.95-0.08*float64(len(p.lines)))
	plt.Y.Tick.Marker = ticks(highest, p.FieldConfig.Defaults.Unit)
	return shown
}

// ticks returns those up to the highest value, in the unit that a panel has.
func ticks(highest float64, unit string) plot.ConstantTicks {
	ticks := plot.DefaultTicks{}.Ticks(0, highest)
	for i, t := range ticks {
		switch {
		case t.IsMinor():
		case unit == "percentunit":
			ticks[i].Label = fmt.Sprintf("%.4g %%", 100*t.Value)
		case unit == "cps":
			ticks[i].Label = fmt.Sprintf("%.4g/s", t.Value)
		case unit == "s":
			ticks[i].Label = fmt.Sprintf("%.4g s", t.Value)
		default:
			ticks[i].Label = fmt.Sprintf("%.4g", t.Value)
		}
	}
	return ticks
}

func box(from, to, low, high float64, fill color.Color) *plotter.Polygon {
	corners := plotter.XYs{{X: from, Y: low}, {X: from, Y: high}, {X: to, Y: high}, {X: to, Y: low}}
	return &plotter.Polygon{XYs: []plotter.XYs{corners}, Color: fill}
}

var variable = regexp.MustCompile(`{{(\w+)}}`)

// legend fills in the labels, as Grafana does.
func legend(format string, labels map[string]string) string {
	return strings.TrimSpace(variable.ReplaceAllStringFunc(format, func(v string) string { return labels[strings.Trim(v, "{}")] }))
}
