package main

import (
	"strings"
	"unicode/utf8"
)

// A table is rows with columns that are as wide as their widest cell. Its cells are printable, and it
// is for people: --json has no table.
type table struct {
	style style
	names int        // the column with the names
	rows  [][]string // the first is the head
}

func newTable(s style, names int, head ...string) *table {
	return &table{style: s, names: names, rows: [][]string{head}}
}

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

// print prints the rows.
func (t *table) print(console *console) error {
	for _, line := range t.lines() {
		if err := console.Print([]byte(line)); err != nil {
			return err
		}
	}
	return nil
}

func (t *table) lines() (lines []string) {
	widths := make([]int, len(t.rows[0]))
	for _, row := range t.rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for n, row := range t.rows {
		var b strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == len(row)-1 {
				pad = ""
			}
			b.WriteString(t.paint(n, i, cell) + pad)
			if i < len(row)-1 {
				b.WriteString("  ")
			}
		}
		lines = append(lines, strings.TrimRight(b.String(), " "))
	}
	return lines
}

// paint has the head dim, and names in the colour of names.
func (t *table) paint(row, column int, cell string) string {
	switch {
	case row == 0:
		return t.style.dim(cell)
	case column == t.names:
		return t.style.name(cell)
	}
	return cell
}
