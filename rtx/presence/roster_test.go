package presence

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
)

func contents(r Roster[int]) map[string]int {
	got := make(map[string]int)
	for id, m := range r.All() {
		if id != m.ID {
			panic("key is not the member's")
		}
		got[id] = m.Info
	}
	return got
}

// A table against a map, with rosters handed out on the way: each stays as it was.
func TestTableAgainstMap(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	type moment struct {
		roster Roster[int]
		model  map[string]int
	}
	var table table[int]
	model := make(map[string]int)
	var moments []moment
	for i := range 30_000 {
		id := fmt.Sprint(rng.IntN(1 + i%3000))
		if rng.IntN(2) == 0 {
			table.put(Member[int]{id, i})
			model[id] = i
		} else {
			table.remove(id)
			delete(model, id)
		}
		if m, ok := table.Get(id); ok != (model[id] != 0) && i > 0 || m.Info != model[id] {
			t.Fatalf("step %d: %s is %v, %v", i, id, m, ok)
		}
		if table.Len() != len(model) {
			t.Fatalf("step %d: %d of %d", i, table.Len(), len(model))
		}
		if rng.IntN(1000) == 0 {
			moments = append(moments, moment{table.freeze(), maps.Clone(model)})
		}
	}
	for i, m := range append(moments, moment{table.freeze(), model}) {
		if got := contents(m.roster); !maps.Equal(got, m.model) || m.roster.Len() != len(m.model) {
			t.Fatalf("roster %d: %d members of %d", i, len(got), len(m.model))
		}
		if len(m.roster.list()) != len(m.model) {
			t.Fatalf("roster %d: its list has %d", i, len(m.roster.list()))
		}
	}
	for range table.freeze().All() {
		break // a loop that is left early
	}
}

// Members whose hashes agree to the last bit live in one list.
func TestTableCollisions(t *testing.T) {
	tb := table[int]{edit: new(edit)}
	root := &node[int]{edit: tb.edit}
	const h = 0x123456789abcdef
	for i, id := range []string{"a", "b", "c", "b"} {
		root = tb.insert(root, 65, h, Member[int]{id, i})
	}
	if tb.n != 3 || len(root.members) != 3 {
		t.Fatalf("%d members, %v", tb.n, root.members)
	}
	root = tb.delete(root, 65, h, "a")
	if _, lone := root.lone(); lone || root.at("b") < 0 || root.at("a") >= 0 {
		t.Fatalf("%v", root.members)
	}
	root = tb.delete(root, 65, h, "b")
	if m, lone := root.lone(); !lone || m.ID != "c" {
		t.Fatalf("%v", root.members)
	}
}

func TestZeroRosterAndSet(t *testing.T) {
	var r Roster[int]
	for range r.All() {
		t.Fatal("a member")
	}
	if _, ok := r.Get("x"); ok || r.Len() != 0 {
		t.Fatal("a member")
	}
	var s Set[int]
	if _, ok := s.Me(); ok || s.Len() != 0 || s.Stale() {
		t.Fatal("a member")
	}
	s.Apply(Change[int]{Kind: Snapshot, Me: "a", Members: []Member[int]{{"a", 1}, {"b", 2}}})
	s.Apply(Change[int]{}) // a closed channel's
	for id := range s.All() {
		s.Apply(Change[int]{Kind: Diff, Me: "a", Left: []Member[int]{{ID: id}}, Joined: []Member[int]{{id + id, 0}}})
	}
	if got := contents(s.Roster()); !maps.Equal(got, map[string]int{"aa": 0, "bb": 0}) {
		t.Fatal(got)
	}
	if _, ok := s.Me(); ok {
		t.Fatal("I have left")
	}
}
