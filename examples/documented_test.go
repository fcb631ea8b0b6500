package examples

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
)

type Order struct{ ID int }

// A program is what the loops of the documentation use, under the names that they have there.
type program struct {
	orders *rtx.Stream[Order]
	ticker *time.Ticker
	handle func(Order)
	reload func(*rtx.Gap)
	flush  func()
}

// The loops that the documentation shows, word for word.

func wakeLoop(p program) error {
	orders, ticker, handle, reload, flush := p.orders, p.ticker, p.handle, p.reload, p.flush
	for {
		select {
		case <-orders.Wake:
			for order, gap := range orders.Pending() {
				if gap != nil {
					reload(gap)
					continue
				}
				handle(order)
			}
			if orders.Ended() {
				return orders.Err()
			}
		case <-ticker.C:
			flush()
		}
	}
}

func channelLoop(p program) error {
	orders, ticker, handle, reload, flush := p.orders, p.ticker, p.handle, p.reload, p.flush
	for {
		select {
		case order, ok := <-orders.C:
			for gap := range orders.Gaps() {
				reload(gap)
			}
			if !ok {
				return orders.Err()
			}
			handle(order)
		case <-orders.Lost:
			for gap := range orders.Gaps() {
				reload(gap)
			}
		case <-ticker.C:
			flush()
		}
	}
}

func allLoop(p program) error {
	orders, handle, reload := p.orders, p.handle, p.reload
	for order, gap := range orders.All() {
		if gap != nil {
			reload(gap)
			continue
		}
		handle(order)
	}
	return orders.Err()
}

var documentedLoops = []string{"wakeLoop", "channelLoop", "allLoop"}

// Each loop over a stream that the README, docs and the doc comments show is one of those above,
// which the next test runs. The documentation of package rtx has all three, in this order, and the
// README those in which a gap has its place.
func TestDocumentedLoopsAreThoseThatAreRun(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "documented_test.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	run := make(map[string]string) // the names of the functions, by their loops
	for _, decl := range file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && slices.Contains(documentedLoops, f.Name.Name) {
			for _, loop := range loopsOver(f) {
				run[source(t, loop)] = f.Name.Name
			}
		}
	}
	if len(run) != len(documentedLoops) {
		t.Fatalf("%d loops are run, want %d", len(run), len(documentedLoops))
	}
	shown := make(map[string][]string) // by place
	for _, s := range slices.Concat(texts(t), comments(t, "../rtx"), comments(t, "../rtxtest")) {
		place, _, _ := strings.Cut(s.place, ":")
		if place == "../docs/guide.md" {
			continue // its code is that of examples/guide, which is run there
		}
		for _, loop := range loopsOver(s.file) {
			name, ok := run[source(t, loop)]
			if !ok {
				t.Errorf("%s shows a loop that no test runs:\n%s", s.place, source(t, loop))
			}
			shown[place] = append(shown[place], name)
		}
	}
	for place, want := range map[string][]string{"../README.md": {"wakeLoop", "allLoop"}, "../rtx/doc.go": documentedLoops} {
		if !slices.Equal(shown[place], want) {
			t.Errorf("%s shows %v, want %v", place, shown[place], want)
		}
	}
}

// loopsOver returns the loops over a stream: those that range over All, and those with a select on
// its Wake or on its C.
func loopsOver(root ast.Node) (loops []ast.Node) {
	file, isFile := root.(*ast.File)
	without := make(map[string]bool)
	if isFile {
		without = gapless(file)
	}
	ast.Inspect(root, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.RangeStmt:
			if calls(n.X, "All") && !without[types.ExprString(n.X)] {
				loops = append(loops, n)
				return false
			}
		case *ast.ForStmt:
			for _, statement := range n.Body.List {
				choice, ok := statement.(*ast.SelectStmt)
				if !ok {
					continue
				}
				for _, c := range choice.Body.List {
					comm := c.(*ast.CommClause).Comm
					stream := receives(comm, "C")
					if receives(comm, "Wake") != "" || stream == "orders" || isFile && streamNames(file)[stream] {
						loops = append(loops, n)
						return false
					}
				}
			}
		}
		return true
	})
	return loops
}

// source prints code without comments.
func source(t *testing.T, n ast.Node) string {
	t.Helper()
	var b bytes.Buffer
	if err := printer.Fprint(&b, token.NewFileSet(), n); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
