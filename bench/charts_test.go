package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

var update = flag.Bool("update", false, "write the charts of testdata anew")

// chartFigures are those of no run.
func chartFigures() ([]line, []latencyLine) {
	var lines []line
	for i, size := range sizes {
		for j, c := range charted {
			lines = append(lines, line{Name: c.row, Size: size, CPU: float64((i*i*9+1)*(j+2)) * 0.613})
		}
		lines = append(lines, line{Name: "spread 100", Size: size, CPU: 9999}) // in no chart
	}
	var latencies []latencyLine
	for i, rate := range rates {
		for j, r := range pacedRows {
			base := float64(i*i*40+j*23) + 48.4
			latencies = append(latencies, latencyLine{Name: latencyName(rate), Client: r.name, Rate: rate, P50: base, P99: base * 12.5, P999: base * 210})
		}
	}
	return lines, latencies
}

func TestChartsAreAsAgreed(t *testing.T) {
	folder := t.TempDir()
	lines, latencies := chartFigures()
	for range 2 { // the same figures, the same bytes
		if err := writeCharts(folder, "go1.26 linux/amd64, 2 CPUs <&> 3 rounds", lines, latencies); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"cpu.svg", "latency.svg"} {
			got, err := os.ReadFile(filepath.Join(folder, name))
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", name)
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s differs from %s; look at it, then: go test ./bench -run Charts -update", name, golden)
			}
		}
	}
}

// A box is where a part of a drawing is.
type box struct {
	what                     string
	left, top, right, bottom float64
}

func (a box) overlaps(b box) bool {
	return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
}

// boxesOf reads a drawing and returns the boxes of its texts, taken as wide as a common font gets, and
// of its bars.
func boxesOf(t *testing.T, svg []byte) (texts, bars []box, title, desc string, width, height float64) {
	t.Helper()
	number := func(e xml.StartElement, name string) float64 {
		for _, a := range e.Attr {
			if a.Name.Local == name {
				v, err := strconv.ParseFloat(a.Value, 64)
				if err != nil {
					t.Fatal(err)
				}
				return v
			}
		}
		return 0
	}
	attr := func(e xml.StartElement, name string) string {
		for _, a := range e.Attr {
			if a.Name.Local == name {
				return a.Value
			}
		}
		return ""
	}
	d := xml.NewDecoder(bytes.NewReader(svg))
	var in xml.StartElement
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return texts, bars, title, desc, width, height
		}
		if err != nil {
			t.Fatalf("not well-formed: %v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			in = token.Copy()
			switch class := attr(in, "class"); {
			case in.Name.Local == "svg":
				view := strings.Fields(attr(in, "viewBox"))
				width, _ = strconv.ParseFloat(view[2], 64)
				height, _ = strconv.ParseFloat(view[3], 64)
			case in.Name.Local == "rect" && strings.HasPrefix(class, "bar"):
				x, y := number(in, "x"), number(in, "y")
				bars = append(bars, box{"a bar", x, y, x + number(in, "width"), y + number(in, "height")})
			}
		case xml.CharData:
			switch s := string(token); in.Name.Local {
			case "title":
				title += s
			case "desc":
				desc += s
			case "text":
				size := number(in, "font-size")
				wide := 0.58 * size * float64(utf8.RuneCountInString(s))
				b := box{s, number(in, "x"), number(in, "y") - 0.8*size, 0, number(in, "y") + 0.25*size}
				switch attr(in, "text-anchor") {
				case "middle":
					b.left -= wide / 2
				case "end":
					b.left -= wide
				}
				b.right = b.left + wide
				b.left, b.right = b.left-2, b.right+2 // apart, and not just beside each other
				texts = append(texts, b)
			}
		case xml.EndElement:
			in = xml.StartElement{}
		}
	}
}

func TestChartsCanBeRead(t *testing.T) {
	lines, latencies := chartFigures()
	few, _ := chartFigures()
	for name, svg := range map[string][]byte{
		"cpu":     cpuChart("on a machine", lines),
		"latency": latencyChart("on a machine", latencies),
		"one row": cpuChart("on a machine", few[:1]),
		"equal":   latencyChart("on a machine", []latencyLine{{Client: "rtx", Rate: 100, P50: 10, P99: 10, P999: 10}}),
	} {
		texts, bars, title, desc, width, height := boxesOf(t, svg)
		if title == "" || !strings.Contains(desc, "rtx") || !strings.Contains(desc, "µs") {
			t.Errorf("%s: for those who do not see it there is %q and %q", name, title, desc)
		}
		for i, a := range texts {
			if a.left < 0 || a.right > width || a.top < 0 || a.bottom > height {
				t.Errorf("%s: %q leaves the picture: %+v", name, a.what, a)
			}
			for _, b := range append(texts[i+1:], bars...) {
				if a.overlaps(b) {
					t.Errorf("%s: %q is over %q", name, a.what, b.what)
				}
			}
		}
		for _, bar := range bars {
			if bar.left >= bar.right || bar.right > width {
				t.Errorf("%s: a bar from %v to %v", name, bar.left, bar.right)
			}
		}
		if name == "cpu" && len(bars) != len(sizes)*len(charted) {
			t.Errorf("there are %d bars, not %d", len(bars), len(sizes)*len(charted))
		}
	}
}
