package main

import (
	"fmt"
	"html"
	"strings"
)

// A drawing is an SVG with a few kinds of parts. It has colours for light and for dark, by what the
// reader's system prefers, and a text for those who do not see it.
type drawing struct {
	title, desc string
	parts       strings.Builder
	height      float64
}

// drawingWidth and what follows are in pixels, or as many as the reader makes of one.
const (
	drawingWidth = 760.0
	margin       = 20.0
	textSize     = 13.0
)

const drawingStyle = `
    svg { --paper: #ffffff; --ink: #1f2328; --faint: #59636e; --line: #d1d9e0; --bar: #8c959f; --own: #0969da; color-scheme: light dark }
    @media (prefers-color-scheme: dark) {
      svg { --paper: #0d1117; --ink: #f0f6fc; --faint: #9198a1; --line: #3d444d; --bar: #656c76; --own: #4493f8 }
    }
    text { font-family: system-ui, -apple-system, "Segoe UI", "Liberation Sans", Arial, sans-serif; fill: var(--ink); font-variant-numeric: tabular-nums }
    .head { font-weight: 600 }
    .faint { fill: var(--faint) }
    .own { font-weight: 600 }
    .paper { fill: var(--paper) }
    .bar { fill: var(--bar) }
    .bar.own, .dot.own { fill: var(--own) }
    .grid { stroke: var(--line) }
    .span { stroke: var(--bar); stroke-width: 2 }
    .span.own { stroke: var(--own) }
    .dot { fill: var(--bar) }
    .ring { fill: var(--paper); stroke: var(--bar); stroke-width: 2 }
    .ring.own { stroke: var(--own) }
`

// text writes s on the line whose foot is y. The anchor is "start", "middle" or "end".
func (d *drawing) text(x, y float64, size float64, anchor, class, s string) {
	fmt.Fprintf(&d.parts, "  <text x=\"%.1f\" y=\"%.1f\" font-size=\"%g\" text-anchor=\"%s\" class=\"%s\">%s</text>\n",
		x, y, size, anchor, class, html.EscapeString(s))
}

func (d *drawing) bar(x, y, width, height float64, class string) {
	fmt.Fprintf(&d.parts, "  <rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"2\" class=\"%s\"/>\n", x, y, width, height, class)
}

func (d *drawing) line(x1, y1, x2, y2 float64, class string) {
	fmt.Fprintf(&d.parts, "  <line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" class=\"%s\"/>\n", x1, y1, x2, y2, class)
}

func (d *drawing) circle(x, y, r float64, class string) {
	fmt.Fprintf(&d.parts, "  <circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" class=\"%s\"/>\n", x, y, r, class)
}

// bytes is the whole file.
func (d *drawing) bytes() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-labelledby=\"title desc\">\n",
		drawingWidth, d.height)
	fmt.Fprintf(&b, "  <title id=\"title\">%s</title>\n  <desc id=\"desc\">%s</desc>\n", html.EscapeString(d.title), html.EscapeString(d.desc))
	fmt.Fprintf(&b, "  <style>%s  </style>\n", drawingStyle)
	fmt.Fprintf(&b, "  <rect width=\"%.0f\" height=\"%.0f\" class=\"paper\"/>\n", drawingWidth, d.height)
	b.WriteString(d.parts.String())
	b.WriteString("</svg>\n")
	return []byte(b.String())
}
