package presence

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/realtimex/realtimex-go/internal/observe"
)

// A witness is a room that notes what it is told, and when among the others.
type witness struct {
	n   int
	log *[]string
}

func (w *witness) limits() config                   { return config{maxMembers: 1000, maxBytes: 1 << 20} }
func (w *witness) fits(members, size int) error     { return nil }
func (w *witness) figures() (observe.Figures, bool) { return observe.Figures{}, true }
func (w *witness) finish(error)                     { *w.log = append(*w.log, fmt.Sprint(w.n, " ends")) }
func (w *witness) follow(ops []op, kind Kind, _ string, _ bool) {
	var line strings.Builder
	line.WriteString(fmt.Sprint(w.n, " ", kind))
	for _, o := range ops {
		switch {
		case o.after == nil:
			line.WriteString(" -" + o.id())
		case o.before == nil:
			line.WriteString(" +" + o.id())
		default:
			line.WriteString(" ~" + o.id())
		}
	}
	*w.log = append(*w.log, line.String())
}

// Rooms are told in the order in which they were opened; changes come in the roster's own order,
// then leavers in the order in which they had joined. No order is that of a map.
func TestOrder(t *testing.T) {
	const rooms = 60
	var log []string
	tr := newTracker(testChannel)
	witnesses := make([]*witness, rooms)
	for i := range witnesses {
		witnesses[i] = &witness{i, &log}
		tr.attach(witnesses[i], nil, nil)
	}
	open := slices.Collect(func(yield func(int) bool) {
		for i := range rooms {
			_ = i%3 == 0 || yield(i)
		}
	})
	for i := 0; i < rooms; i += 3 {
		tr.detach(witnesses[i])
		tr.detach(witnesses[i]) // twice is once
	}
	expectLines := func(what string, changes ...string) {
		t.Helper()
		var want []string
		for _, c := range changes {
			for _, i := range open {
				want = append(want, fmt.Sprint(i, " ", c))
			}
		}
		if !slices.Equal(log, want) {
			t.Fatalf("%s:\n%s\nwant\n%s", what, strings.Join(log, "\n"), strings.Join(want, "\n"))
		}
		log = nil
	}
	list := func(sign string, ids []int) (s string) {
		for _, id := range ids {
			s += fmt.Sprint(" ", sign, id)
		}
		return s
	}
	roster := func(ids []int, info string) string {
		var parts []string
		for _, id := range ids {
			parts = append(parts, fmt.Sprintf(`{"user_id":%d,"user_info":%s}`, id, info))
		}
		return `{"members":[` + strings.Join(parts, ",") + `]}`
	}
	joined := []int{41, 7, 23, 2, 99, 56, 13, 70, 5, 88, 31, 64, 17, 90, 1, 47}
	tr.confirmed(roster(joined, `{}`), "")
	expectLines("the first roster", "snapshot"+list("+", joined))
	tr.event(added, `{"user_id":23,"user_info":{"x":1}}`) // keeps its place
	tr.event(removed, `7`)
	tr.event(added, `7`) // is the newest
	tr.event(removed, `47`)
	tr.event(removed, `41`)
	tr.event(added, `41`)
	joined = []int{23, 2, 99, 56, 13, 70, 5, 88, 31, 64, 17, 90, 1, 7, 41}
	expectLines("events", "diff ~23", "diff -7", "diff +7", "diff -47", "diff -41", "diff +41")

	late := &witness{rooms, &log}
	tr.attach(late, nil, nil)
	if want := fmt.Sprint(rooms, " snapshot", list("+", joined)); len(log) != 1 || log[0] != want {
		t.Fatalf("a late room is told\n%s\nwant\n%s", log, want)
	}
	tr.detach(late)
	log = nil

	tr.Down()
	tr.event(added, `200`)
	tr.event(removed, `101`)
	tr.event(removed, `103`)
	tr.confirmed(roster([]int{103, 56, 101, 102}, `{"y":1}`), `{"user_id":"me"}`)
	gone := slices.DeleteFunc(slices.Clone(joined), func(id int) bool { return id == 56 })
	expectLines("another roster", "stale", "snapshot ~56 +102 +me"+list("-", gone)+" +200")
	tr.End(nil)
	for i, id := range open {
		if log[i] != fmt.Sprint(id, " ends") {
			t.Fatalf("%s", log)
		}
	}
}

// The lists of a change are the same each time, also of one that was merged.
func TestSameInputSameChanges(t *testing.T) {
	play := func() string {
		tr := newTracker(testChannel)
		r := open[any](tr)
		tr.Confirmed(million("ids", 50), nil)
		<-r.C
		var all []Change[any]
		for i := range 40 {
			tr.event(removed, fmt.Sprintf(`"%07d"`, i*7%50))
			tr.event(added, fmt.Sprintf(`{"user_id":"%07d","user_info":%d}`, i*11%70, i))
		}
		all = append(all, <-r.C)
		tr.Down()
		tr.Confirmed(million("members", 30), nil)
		c := <-r.C
		c.Members = nil // in no particular order
		all = append(all, c)
		tr.End(nil)
		return fmt.Sprint(all)
	}
	first := play()
	for range 5 {
		if again := play(); again != first {
			t.Fatalf("%s\nand then\n%s", first, again)
		}
	}
}
