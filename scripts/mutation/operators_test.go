package main

import (
	"go/format"
	"strings"
	"testing"
)

// change applies m to testdata/shapes, and returns the lines that it took away and those that it
// put in their place.
func change(t *testing.T, m mutation) (before, after string) {
	t.Helper()
	m.name, m.in = t.Name(), "shapes"
	_, old, changed, err := m.apply("testdata")
	if err != nil {
		t.Fatal(err)
	}
	if changed, err = format.Source(changed); err != nil {
		t.Fatal(err)
	}
	was, is := strings.Split(string(old), "\n"), strings.Split(string(changed), "\n")
	for len(was) > 0 && len(is) > 0 && was[0] == is[0] {
		was, is = was[1:], is[1:]
	}
	for len(was) > 0 && len(is) > 0 && was[len(was)-1] == is[len(is)-1] {
		was, is = was[:len(was)-1], is[:len(is)-1]
	}
	flat := func(lines []string) string { return strings.Join(strings.Fields(strings.Join(lines, " ")), " ") }
	return flat(was), flat(is)
}

func TestOperators(t *testing.T) {
	tests := []struct {
		name, fn      string
		do            operator
		before, after string
	}{
		{"drop", "box.take", drop("b.note(__)"), "b.note(n, limit)", "if false { b.note(n, limit) }"},
		{"drop a statement of a generic type", "bag.add", drop("_b.items = append(_b.items, _)"),
			"b.items = append(b.items, v) // a comment in the way",
			"if false { b.items = append(b.items, v) } // a comment in the way"},
		{"twice", "box.take", twice("b.n += n"), "", "b.n += n"},
		{"before", "box.take", before("b.note(_x, __)", "_x = 7"), "", "n = 7"},
		{"after", "box.take", after("b.note(_x, _)", "_x = 7"), "", "n = 7"},
		{"first", "box.take", first("return true"), "", "if true { return true }"},
		{"replace an expression", "box.take", replace("b.note(_x, _y)", "b.note(_y, _x)"), "b.note(n, limit)", "b.note(limit, n)"},
		{"replace keeps what belongs together", "box.take", replace("_c || _", "!_c"), "if n < 0 || n > limit {", "if !(n < 0) {"},
		{"let statements change places", "box.take", replace("b.n += _n\nb.note(_x, _y)", "b.note(_x, _y)\nb.n += _n"),
			"b.n += n b.note(n, limit)", "b.note(n, limit) b.n += n"},
		{"replace statements", "box.take", replace("b.lost++\nreturn _x", "return !_x"), "b.lost++ return false", "return !false"},
		{"negate", "box.take", negate("n > limit"), "if n < 0 || n > limit {", "if n < 0 || !(n > limit) {"},
		{"always", "box.take", always("n < 0"), "if n < 0 || n > limit {", "if (n < 0 || true) || n > limit {"},
		{"never", "box.take", never("n < _"), "if n < 0 || n > limit {", "if ((n < 0) && false) || n > limit {"},
		{"never, of both", "box.take", never("n < 0 || __"), "if n < 0 || n > limit {", "if (n < 0 || n > limit) && false {"},
		{"guarding", "box.take", guarding("b.lost++", negate("_")), "if n < 0 || n > limit {", "if !(n < 0 || n > limit) {"},
		{"constant", "", constant("limit", "11"), "const limit = 10", "const limit = 11"},
		{"field", "box.wait", field("lost", "0"), "return box{n: b.n, lost: 1}", "return box{n: b.n, lost: 0}"},
		{"drop a case of several", "box.note", dropCase("c < 0"), "case a > c, c < 0: b.lost += 2", ""},
		{"drop a case of a select", "box.wait", dropCase("<-done"), "case <-done: return box{n: b.n, lost: 1}", ""},
		{"drop a case that receives", "box.wait", dropCase("n := <-_"), "case n := <-c: b.n = n", ""},
		{"drop the default", "box.note", dropCase("default"), "default: b.lost += 3", ""},
		{"in a case", "box.note", in("a == c", replace("0", "1")), "b.lost = 0", "b.lost = 1"},
		{"in the default", "box.note", in("default", replace("b.lost += _", "b.lost--")), "b.lost += 3", "b.lost--"},
		{"in an if", "box.take", in("_ || n > limit", drop("b.lost++")), "b.lost++", "if false { b.lost++ }"},
		{"in a for", "box.wait", in("b.n < 3", in("default", twice("b.n++"))), "", "b.n++"},
		{"otherwise", "box.wait", otherwise("b.n == 4", replace("b.n = _", "b.n = 7")), "b.n = 6", "b.n = 7"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before, after := change(t, mutation{fn: tt.fn, do: tt.do})
			if before != tt.before || after != tt.after {
				t.Errorf("%q became %q, want %q to become %q", before, after, tt.before, tt.after)
			}
		})
	}
}

func TestPatternsMatchShapesOnly(t *testing.T) {
	for _, tt := range []struct {
		pattern, code string
		want          bool
	}{
		{"f(_)", "f(1)", true},
		{"f(_)", "f(1, 2)", false},
		{"f(__)", "f()", true},
		{"f(__, 3)", "f(1, 2, 3)", true},
		{"f(__, 3)", "f(1, 2)", false},
		{"f(_x, _x)", "f(a.b, a.b)", true},
		{"f(_x, _x)", "f(a.b, a.c)", false},
		{"f(__, _x, _x)", "f(1, 2, 2)", true},
		{"a + b", "(a) + (b)", true},
		{"a + b", "a - b", false},
		{"_.lose(_)", "s.b.sink.lose(g)", true},
		{"_.lose(_)", "lose(g)", false},
		{"x == nil", "x != nil", false},
		{"T{__, A: _}", "T{B: 1, A: 2}", true},
	} {
		if got := parse(tt.pattern).is(parse(tt.code).expr); got != tt.want {
			t.Errorf("%s matches %s: %t", tt.pattern, tt.code, got)
		}
	}
}

func TestMutationThatDoesNotFindOnePlaceIsAnError(t *testing.T) {
	for _, tt := range []struct {
		m    mutation
		want string
	}{
		{mutation{in: "shapes", fn: "box.take", do: drop("b.gone()")}, "nothing in shapes box.take is of that shape"},
		{mutation{in: "shapes", fn: "box.note", do: replace("b.lost", "b.n")}, "3 places are of that shape"},
		{mutation{in: "shapes", fn: "box.give", do: drop("_")}, "shapes has no function box.give"},
		{mutation{in: "nowhere", do: drop("_")}, "nowhere has no Go files"},
	} {
		tt.m.name = "break something"
		_, _, _, err := tt.m.apply("testdata")
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "break something") {
			t.Errorf("%v, want an error with %q that names the mutation", err, tt.want)
		}
	}
}
