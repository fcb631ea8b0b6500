//go:build linux

package main

import (
	"fmt"
	"html"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// A transcript is what terminals showed, as rows of coloured text.
type transcript struct{ rows []row }

type row struct {
	parts  []part
	prompt bool
}

// A part is text of one colour: a class of the picture's style, "" for the usual one.
type part struct{ class, text string }

func (t *transcript) prompt(command string) {
	t.rows = append(t.rows, row{prompt: true, parts: []part{{"d", "$ "}, {"e", command}}})
}

// classes are the colours that rtx uses.
var classes = map[string]string{"0": "", "1": "e", "2": "d", "31": "b", "32": "g", "36": "n"}

var sgr = regexp.MustCompile(`\x1b\[(\d*)m`)

// terminal takes what a terminal was sent: lines in colours, of which the last may have been erased
// and written anew. Empty lines are left out.
func (t *transcript) terminal(sent []byte) {
	for line := range strings.SplitSeq(strings.ReplaceAll(string(sent), "\r\n", "\n"), "\n") {
		if at := strings.LastIndex(line, eraseLine); at >= 0 {
			line = line[at+len(eraseLine):]
		}
		var parts []part
		class := ""
		for line != "" {
			at := sgr.FindStringSubmatchIndex(line)
			end, next := len(line), class
			if at != nil {
				end, next = at[0], classes[line[at[2]:at[3]]]
			}
			if end > 0 {
				parts = append(parts, part{class, line[:end]})
			}
			if class = next; at == nil {
				break
			}
			line = line[at[1]:]
		}
		if len(parts) > 0 {
			t.rows = append(t.rows, row{parts: parts})
		}
	}
}

// replace puts a text in place of another one.
func (t *transcript) replace(was, is string) {
	for _, r := range t.rows {
		for i := range r.parts {
			r.parts[i].text = strings.ReplaceAll(r.parts[i].text, was, is)
		}
	}
}

const (
	pictureColumns = 112
	charWidth      = 8 // of most monospaced fonts of 13 px, rounded up
	lineHeight     = 19
)

const pictureStyle = `text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre;fill:#1f2328}
rect{fill:#f6f8fa;stroke:#d1d9e0}.d{fill:#59636e}.e{font-weight:bold}.n{fill:#0550ae}.g{fill:#116329}.b{fill:#b31d28}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}rect{fill:#0d1117;stroke:#30363d}.d{fill:#9198a1}.n{fill:#79c0ff}.g{fill:#7ee787}.b{fill:#ff7b72}}
@keyframes a{from{opacity:0}to{opacity:1}}text{animation:a .2s both}@media(prefers-reduced-motion:reduce){text{animation:none}}`

// svg draws the rows, which appear one after the other, a command after a pause. Its text can be
// selected, and its colours are those of a light or a dark page.
func (t *transcript) svg() string {
	var b strings.Builder
	width, height := pictureColumns*charWidth+24, len(t.rows)*lineHeight+24
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" aria-label="rtx at a terminal">`, width, height, width, height)
	fmt.Fprintf(&b, "\n<style>%s</style>\n<rect x=\".5\" y=\".5\" width=\"%d\" height=\"%d\" rx=\"6\"/>\n", pictureStyle, width-1, height-1)
	delay := 0.0
	for i, r := range t.rows {
		if delay += 0.25; r.prompt && i > 0 {
			delay += 0.75
		}
		fmt.Fprintf(&b, `<text x="12" y="%d" style="animation-delay:%.2fs">`, 12+(i+1)*lineHeight-5, delay)
		left := pictureColumns
		for _, p := range r.parts {
			text := p.text
			if n := utf8.RuneCountInString(text); n > left {
				text = cut(text, max(0, left-1)) + "…"
			}
			left = max(0, left-utf8.RuneCountInString(text))
			if p.class == "" {
				b.WriteString(html.EscapeString(text))
			} else if text != "" {
				fmt.Fprintf(&b, `<tspan class="%s">%s</tspan>`, p.class, html.EscapeString(text))
			}
		}
		b.WriteString("</text>\n")
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func TestTranscript(t *testing.T) {
	run := new(transcript)
	run.prompt("rtx x")
	run.terminal([]byte("\x1b[2mrtx:\x1b[0m a <b>\r\n\r\n\r\x1b[Kgone\r\x1b[K\x1b[31mno\x1b[0m" + strings.Repeat("y", 200)))
	svg := run.svg()
	for _, want := range []string{
		`<tspan class="d">$ </tspan><tspan class="e">rtx x</tspan></text>`, `<tspan class="d">rtx:</tspan> a &lt;b&gt;</text>`,
		`<tspan class="b">no</tspan>` + strings.Repeat("y", 109) + "…</text>",
	} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %s in\n%s", want, svg)
		}
	}
	if strings.Contains(svg, "gone") || strings.Count(svg, "<text") != 3 {
		t.Errorf("%s", svg)
	}
}
