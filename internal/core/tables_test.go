package core

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"reflect"
	"strings"
	"testing"
)

// moves are those that were observed.
type moves struct {
	channel    map[[2]Phase]bool
	connection map[[2]Conn]bool
	recovery   map[[2]Recovery]bool
}

func newMoves() moves {
	return moves{map[[2]Phase]bool{}, map[[2]Conn]bool{}, map[[2]Recovery]bool{}}
}

// hooks write down what they are told.
func (m moves) hooks() hooks {
	return hooks{
		moved:      func(from, to Phase) { m.channel[[2]Phase{from, to}] = true },
		entered:    func(from, to Conn) { m.connection[[2]Conn{from, to}] = true },
		remembered: func(from, to Recovery) { m.recovery[[2]Recovery{from, to}] = true },
	}
}

// check holds the tables against what was observed: no move that is not listed, and none listed
// that does not happen.
func (m moves) check(t *testing.T) {
	listed := newMoves()
	for _, mv := range Moves {
		listed.hooks().moved(mv.From, mv.To)
	}
	for _, mv := range ConnMoves {
		listed.hooks().entered(mv.From, mv.To)
	}
	for _, mv := range RecoveryMoves {
		listed.hooks().remembered(mv.From, mv.To)
	}
	same(t, "Moves", m.channel, listed.channel)
	same(t, "ConnMoves", m.connection, listed.connection)
	same(t, "RecoveryMoves", m.recovery, listed.recovery)
}

func same[S interface {
	comparable
	fmt.Stringer
}](t *testing.T, table string, observed, listed map[[2]S]bool) {
	t.Helper()
	for mv := range observed {
		if !listed[mv] {
			t.Errorf("%s has no row %s → %s, and it happens", table, mv[0], mv[1])
		}
	}
	for mv := range listed {
		if !observed[mv] {
			t.Errorf("%s has a row %s → %s, and no path shows it", table, mv[0], mv[1])
		}
	}
}

var updateFlag = flag.Bool("update", false, "write the tables of the machine into docs/architecture.md")

// TestTablesAreDocumented holds docs/architecture.md against the tables.
func TestTablesAreDocumented(t *testing.T) {
	const file, begin, end = "../../docs/architecture.md", "<!-- core:moves -->\n", "<!-- /core:moves -->\n"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no %s", file, strings.TrimSpace(begin))
	}
	want := before + begin + tables() + end + after
	if want == string(text) {
		return
	}
	if !*updateFlag {
		t.Fatalf("the tables in %s differ from those of the machine: run go test ./internal/core -run Tables -update", file)
	}
	if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// tables are the drawings and the tables, as Markdown.
func tables() string {
	var b strings.Builder
	b.WriteString("### A channel\n\n")
	draw(&b, len(Moves), func(i int) (string, string, string) {
		return Moves[i].From.String(), Moves[i].To.String(), Moves[i].Cause
	})
	b.WriteString("### The connection\n\n")
	draw(&b, len(ConnMoves), func(i int) (string, string, string) {
		return ConnMoves[i].From.String(), ConnMoves[i].To.String(), ConnMoves[i].Cause
	})
	b.WriteString("### What there is to recover\n\n")
	draw(&b, len(RecoveryMoves), func(i int) (string, string, string) {
		return RecoveryMoves[i].From.String(), RecoveryMoves[i].To.String(), RecoveryMoves[i].Cause
	})
	return b.String()
}

// draw draws a table, and writes it.
func draw(b *strings.Builder, n int, row func(i int) (from, to, cause string)) {
	b.WriteString("```mermaid\nstateDiagram-v2\n")
	for i := range n {
		from, to, _ := row(i)
		if i == 0 {
			fmt.Fprintf(b, "    [*] --> %s\n", from)
		}
		fmt.Fprintf(b, "    %s --> %s\n", from, to)
	}
	b.WriteString("```\n\n| from | to | because |\n| --- | --- | --- |\n")
	for i := range n {
		from, to, cause := row(i)
		fmt.Fprintf(b, "| %s | %s | %s |\n", from, to, cause)
	}
	b.WriteString("\n")
}

// TestChannelStaysSmall bounds what is kept of a channel: a state that needs more is more than one.
func TestChannelStaysSmall(t *testing.T) {
	var bools int
	typ := reflect.TypeFor[Channel]()
	for f := range typ.Fields() {
		if f.Type.Kind() == reflect.Bool {
			bools++
		}
	}
	if n := typ.NumField(); n > 16 || bools > 2 {
		t.Errorf("a Channel has %d fields, %d of them bools; 16 and 2 are the most", n, bools)
	}
	if n := typ.Size(); n > 128 {
		t.Errorf("a Channel has %d bytes; 128 are the most", n)
	}
}

func (m moves) add(o moves) {
	maps.Copy(m.channel, o.channel)
	maps.Copy(m.connection, o.connection)
	maps.Copy(m.recovery, o.recovery)
}
