package core

import (
	"fmt"
	"strings"
	"testing"
)

// replay has in a world of that kind one thing happen after the other, and then lets it go on as
// well as it can. The schedule of a broken invariant is a call of it. What only the fault made
// possible stands in parentheses. With -v it tells what the machine decided.
func replay(t *testing.T, kind string, schedule ...string) {
	t.Helper()
	var cfg *config
	for _, c := range configs {
		if c.name == kind {
			cfg = c
		}
	}
	if cfg == nil {
		t.Fatalf("no kind of world is named %q", kind)
	}
	w := newWorld(cfg)
	w.trace = t.Logf
	for _, name := range schedule {
		t.Log(name)
		may := strings.HasPrefix(name, "(")
		if !w.named(strings.Trim(name, "()")) && !may {
			t.Fatalf("%q can't happen here", name)
		}
		if w.bad != "" {
			t.Fatal(w.bad)
		}
	}
	t.Log("all goes well from here on")
	if w.complete(); w.bad != "" {
		t.Fatal(w.bad)
	}
}

// describe is an Action in words.
func describe(a Action) string {
	var b strings.Builder
	b.WriteString(a.Op.String())
	if a.Channel != nil {
		fmt.Fprintf(&b, " %s", a.Channel.Name)
	}
	if a.State != nil {
		fmt.Fprintf(&b, " %s", a.State.Conn)
	}
	if a.Resume {
		b.WriteString(" (resume)")
	}
	if a.Err != nil {
		fmt.Fprintf(&b, ": %v", a.Err)
	}
	return b.String()
}
