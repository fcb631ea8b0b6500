package ledger

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func second(n int) time.Time { return start.Add(time.Duration(n) * time.Second) }

// written is a book with events 1 to n of the channels, accepted in turn a second apart: a1 b1 a2
// b2. Numbers in broken are malformed.
func written(n int, broken []uint64, channels ...string) *Book {
	b := &Book{}
	at := 0
	for i := range n {
		for _, c := range channels {
			at++
			id := ID{N: uint64(i + 1)}
			b.Accept(Event{ID: id, Channel: c, Name: "e", At: second(at), Malformed: slices.Contains(broken, id.N)})
		}
	}
	return b
}

// played is a tape of what the words say: a3 is a value of the channel a, -a2 two dropped, !a1 one
// malformed, -a2@4-6 two dropped from second 4 to second 6, ~a4-6 a reconnection in that time, xa
// an end, -?1 a dropped value of no channel, and with + for the channel the same of several
// channels.
func played(t *testing.T, words string) *Tape {
	t.Helper()
	tape := &Tape{Name: "tape", Link: &Link{}}
	for w := range strings.FieldsSeq(words) {
		var n, m int
		if strings.HasPrefix(w[1:], "+") {
			several := played(t, w[:1]+"?"+w[2:]).entries[0].Gap
			several.Channel, several.Several = "", true
			tape.Gap(*several)
			continue
		}
		word, times, at := strings.Cut(w, "@")
		from, to := 0, 1000
		if at {
			if _, err := fmt.Sscanf(times, "%d-%d", &from, &to); err != nil {
				t.Fatal(w, err)
			}
		}
		switch w[0] {
		case '-':
			fmt.Sscan(word[2:], &n)
			tape.Gap(rtx.Gap{Channel: strings.Trim(w[1:2], "?"), Dropped: uint64(n), Since: second(from), Until: second(to)})
		case '!':
			fmt.Sscan(word[2:], &n)
			tape.Gap(rtx.Gap{Channel: w[1:2], Malformed: uint64(n), Since: second(from), Until: second(to), Err: errors.New("no Value")})
		case '~':
			if _, err := fmt.Sscanf(w[2:], "%d-%d", &n, &m); err != nil {
				t.Fatal(w, err)
			}
			tape.Gap(rtx.Gap{Channel: w[1:2], Reconnected: true, Since: second(n), Until: second(m)})
		case 'x':
			tape.Gap(rtx.Gap{Channel: w[1:2], Ended: true, Err: errors.New("refused"), Since: second(3), Until: second(3)})
		default:
			fmt.Sscan(w[1:], &n)
			tape.Value(w[:1], "e", Value{N: uint64(n)})
		}
	}
	return tape
}

// promise makes everything due that is accepted after second 0.
func (t *Tape) promise(channels ...string) *Tape {
	t.promises = make(map[string][]promise)
	for _, c := range channels {
		t.promises[c] = []promise{{from: start}}
	}
	t.end = second(1000)
	return t
}

func rules(bs []Breach) string {
	var rs []string
	for _, b := range bs {
		rs = append(rs, string(b.Rule))
	}
	return strings.Join(rs, " + ")
}

func TestLaw(t *testing.T) {
	const n = 6
	tests := []struct {
		name, tape string
		broken     []uint64
		reader     Reader
		set        func(*Tape)
		want       Rule
	}{
		{name: "everything", tape: "a1 a2 a3 a4 a5 a6"},
		{name: "nothing at all", tape: "", want: Silent},
		{name: "nothing promised", tape: "a5", set: func(t *Tape) { t.promises, t.end = nil, time.Time{} }},
		{name: "twice", tape: "a1 a2 a2 a3 a4 a5 a6", want: Twice},
		{name: "order", tape: "a1 a3 a2 a4 a5 a6", want: Order},
		{name: "foreign", tape: "a1 a2 a3 a4 a5 a6 a7", want: Foreign},
		{name: "silent hole", tape: "a1 a2 a4 a5 a6", want: Silent},
		{name: "silent hole at the end", tape: "a1 a2 a3 a4 a5", want: Silent},
		{name: "silent hole at the beginning", tape: "a2 a3 a4 a5 a6", want: Silent},
		{name: "hole at the end of a stream that ended", tape: "a1 a2 a3", set: func(t *Tape) { t.end = time.Time{}; t.Ended(nil) }},
		{name: "overflow", tape: "a1 -a2 a4 a5 a6"},
		{name: "overflow in two", tape: "a1 -a1 -a1 a4 a5 a6"},
		{name: "overflow counted short", tape: "a1 -a1 a4 a5 a6", want: Silent},
		{name: "overflow counted long", tape: "a1 -a3 a4 a5 a6", want: Count},
		{name: "overflow of nothing", tape: "a1 a2 -a1 a3 a4 a5 a6", want: Count},
		{name: "overflow told late", tape: "a1 a4 -a2 a5 a6", want: Silent},
		{name: "overflow told early", tape: "-a2 a1 a4 a5 a6", want: Silent},
		{name: "malformed", tape: "a1 a2 !a1 a4 a5 a6", broken: []uint64{3}},
		{name: "malformed, silent", tape: "a1 a2 a4 a5 a6", broken: []uint64{3}, want: Silent},
		{name: "malformed told as overflow", tape: "a1 a2 -a1 a4 a5 a6", broken: []uint64{3}, want: Silent},
		{name: "malformed and delivered", tape: "a1 a2 a3 a4 a5 a6", broken: []uint64{3}, want: Foreign},
		{name: "reconnected", tape: "a1 ~a1-3 a4 a5 a6"},
		{name: "reconnected and overflow", tape: "a1 ~a1-2 -a1 a4 a5 a6"},
		{name: "reconnected at the end", tape: "a1 a2 ~a1-6"},
		{name: "reconnected, and something lost after", tape: "a1 ~a1-3 a5 a6", want: Silent},
		{name: "reconnected in the wrong place", tape: "a1 a4 ~a1-3 a5 a6", want: Silent},
		{name: "reconnected without a cause", tape: "a1 a2 ~a4-5 a3 a4 a5 a6", set: func(t *Tape) { t.Link.outages = nil }, want: Cause},
		{name: "reconnected after a recovery", tape: "a1 a2 ~a1-6 a3 a4 a5 a6", set: func(t *Tape) { t.Link.outages[0].Recovered = true }, want: Cause},
		{name: "ended", tape: "a1 a2 xa a6", set: func(t *Tape) { t.Link.Leaves("a") }},
		{name: "ended without a cause", tape: "a1 a2 xa", want: Cause},
		{name: "an empty gap", tape: "a1 -a0 a2 a3 a4 a5 a6", want: Cause},
		{name: "a gap of no channel", tape: "a1 -?1 a3 a4 a5 a6", want: Cause},
		{name: "Grow loses at the end", tape: "a1 a2 a3 a4 -a2", set: func(t *Tape) { t.Policy = rtx.Grow(9) }},
		{name: "Grow goes on after a loss", tape: "a1 a2 -a2 a5 a6", set: func(t *Tape) { t.Policy = rtx.Grow(9) }, want: Overflow},
		{name: "End loses one", tape: "a1 a2 -a1", set: func(t *Tape) { t.Policy, t.end = rtx.EndStream, time.Time{}; t.Ended(rtx.ErrOverflow) }},
		{name: "End loses two", tape: "a1 a2 -a2", set: func(t *Tape) { t.Policy, t.end = rtx.EndStream, time.Time{}; t.Ended(rtx.ErrOverflow) }, want: Overflow},
		{name: "End loses one, and goes on", tape: "a1 a2 a3 a4 a5 -a1", set: func(t *Tape) { t.Policy = rtx.EndStream }, want: Overflow},
		{name: "DropOldest ends", tape: "a1 -a1 a3", set: func(t *Tape) { t.end = time.Time{}; t.Ended(rtx.ErrOverflow) }, want: Overflow},
		{name: "overflow without a gap", tape: "a1 a2 a3", set: func(t *Tape) { t.end = time.Time{}; t.Ended(rtx.ErrOverflow) }, want: Overflow},

		{name: "reconnected, and it begins with what is missing", tape: "a1 ~a2-3 a4 a5 a6"},
		{name: "reconnected, and it begins after that", tape: "a1 ~a3-3 a4 a5 a6", want: Since},
		{name: "reconnected, and it begins while that is on its way", tape: "a1 ~a3-3 a4 a5 a6", set: func(t *Tape) { t.Flight = time.Second; t.Link.outages[0].Up = second(3) }},
		{name: "reconnected over a slow link", tape: "a1 ~a3-3 a4 a5 a6", set: func(t *Tape) {
			t.Slow = func(e Event) bool { return e.N == 2 }
			t.Link.outages[0].Up = second(3)
		}},
		{name: "reconnected twice, and something missing in between", tape: "a1 ~a2-2 ~a4-4 a5 a6", want: Since},
		{name: "reconnected twice, and one missing in between is counted", tape: "a1 ~a2-2 -a1 ~a4-4 a5 a6", set: func(t *Tape) { t.Link.outages[0].Up = second(4) }},
		{name: "overflow of what had come before", tape: "a1 -a1@4-4 a3 a4 a5 a6"},
		{name: "overflow of what comes after", tape: "a1 -a1@0-1 a3 a4 a5 a6", want: Since},
		{name: "overflow of the newest", tape: "a1 -a1@2-2 a3 a4 a5 a6", set: func(t *Tape) { t.Policy = rtx.DropNewest }},
		{name: "overflow of the newest, told for later", tape: "a1 -a1@3-4 a3 a4 a5 a6", set: func(t *Tape) { t.Policy = rtx.DropNewest }, want: Since},
		{name: "malformed then", tape: "a1 a2 !a1@3-3 a4 a5 a6", broken: []uint64{3}},
		{name: "malformed later", tape: "a1 a2 !a1@4-4 a4 a5 a6", broken: []uint64{3}, want: Since},
		{name: "malformed, and restored later", tape: "a1 a2 !a1@4-4 a4 a5 a6", broken: []uint64{3}, set: func(t *Tape) {
			t.Link.outages = []Outage{{Down: second(2), Up: second(4), Recovered: true}}
		}},
		{name: "malformed earlier", tape: "a1 a2 !a1@1-2 a4 a5 a6", broken: []uint64{3}, want: Since},

		{name: "early: reconnected, and it begins after what is missing", tape: "~a3-3 a1 a4 a5 a6", reader: Early, want: Since},
		{name: "early: reconnected twice, and something missing in between", tape: "~a2-2 ~a4-4 a1 a5 a6", reader: Early, want: Since},
		{name: "early: everything", tape: "a1 a2 a3 a4 a5 a6", reader: Early},
		{name: "early: overflow told early", tape: "-a2 a1 a4 a5 a6", reader: Early},
		{name: "early: overflow told late", tape: "a1 a4 -a2 a5 a6", reader: Early, want: Silent},
		{name: "early: counted long", tape: "a1 -a3 a4 a5 a6", reader: Early, want: Count},
		{name: "early: counted short", tape: "a1 -a1 a4 a5 a6", reader: Early, want: Silent},
		{name: "early: reconnected early", tape: "~a1-3 a1 a4 a5 a6", reader: Early},
		{name: "early: reconnected late", tape: "a1 a4 ~a1-3 a5 a6", reader: Early, want: Silent},
		{name: "early: lost after a reconnection", tape: "a1 ~a1-3 a5 a6", reader: Early, want: Silent},
		{name: "early: of no channel", tape: "a1 -?2 a4 a5 a6", reader: Early},
		{name: "early: of no channel, too few", tape: "a1 -?1 a4 a5 a6", reader: Early, want: Silent},
		{name: "early: of several channels", tape: "-+2 a1 a4 a5 a6", reader: Early},
		{name: "early: of several channels, too few", tape: "-+1 a1 a4 a5 a6", reader: Early, want: Silent},
		{name: "early: of several channels, late", tape: "a1 a4 -+2 a5 a6", reader: Early, want: Silent},
		{name: "early: of several channels, too many", tape: "-+3 a1 a4 a5 a6", reader: Early, want: Count},
		{name: "early: of no channel, too many", tape: "a1 -?3 a4 a5 a6", reader: Early, want: Count},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tape := played(t, tt.tape).promise("a")
			tape.Reader = tt.reader
			tape.Link.outages = []Outage{{Down: second(1), Up: second(2)}}
			if tt.set != nil {
				tt.set(tape)
			}
			got := Check(written(n, tt.broken, "a"), tape)
			if tt.want == "" {
				if len(got) > 0 {
					t.Errorf("breaches %v", got)
				}
				return
			}
			if !slices.ContainsFunc(got, func(b Breach) bool { return b.Rule == tt.want }) {
				t.Errorf("got %q, want %q", rules(got), tt.want)
			}
		})
	}
}

func TestLawOfSeveralChannels(t *testing.T) {
	for tape, want := range map[string]Rule{
		"a1 b1 a2 b2 a3 b3":      "",
		"b1 a1 a2 b2 a3 b3":      Order,
		"a1 b1 -a1 b2 a3 b3":     "",
		"a1 -a1 b1 b2 a3 b3":     Place,
		"a1 b1 b2 -a1 a3 b3":     Place,
		"a1 b1 -b1 b2 a3 b3":     Silent,
		"a1 ~a1-3 b1 b2 a3 b3":   "",
		"a1 -?1 ~a1-3 b2 a3 b3":  Cause,
		"a1 b1 a2 b2 a3":         Silent,
		"a1 b1 b2 a3 b3":         Silent,
		"a1 b1 -a1 -b1 a3 b3":    "",
		"a1 b1 -a1 -b1 -b1 a3":   "",
		"a1 b1 -a1 -b1 -b2 a3":   Count,
		"a1 b1 a2 b2 a3 b3 c1":   Foreign,
		"a1 b1 a2 b2 b2 a3 b3":   Twice,
		"a1 b1 a2 a3 b2 b3":      Order,
		"a1 b1 a2 ~b1-4 a3 b3":   "",
		"a1 b1 a2 a3 b3 ~b1-4":   Silent,
		"a1 b1 !a1 b2 a3 b3":     Silent,
		"a1 b1 ~a1-3 -b1 a3 b3":  "",
		"a1 b1 -a1 b2 ~a1-6 b3":  "",
		"a1 b1 ~a1-6 b2 b3 -a1":  Place,
		"a1 b1 ~a1-6 b2 -a1 b3":  "",
		"a1 b1 ~a1-6 b2 -a1 -b1": "",
		"a1 b1 -+2 a3 b3":        "",
		"a1 b1 -+1 a3 b3":        Silent,
		"a1 b1 -+3 a3 b3":        Count,
		"a1 b1 -a1 -+1 a3 b3":    "",
		"a1 b1 a3 -+2 b3":        Silent,
		"a1 -+2 b1 a3 b3":        Silent,
		"a1 b1 !+2 a3 b3":        Silent,
		"a1 b1 ~+1-4 a3 b3":      "",
		"a1 b1 ~+1-3 a3 b3":      Silent,
		"a1 b1 a3 ~+1-4 b3":      Silent,
		"a1 b1 x+ a3 b3":         "",
	} {
		tp := played(t, tape).promise("a", "b")
		tp.Link.outages = []Outage{{Down: second(1), Up: second(2)}}
		got := Check(written(3, nil, "a", "b"), tp)
		if want == "" && len(got) > 0 || want != "" && !slices.ContainsFunc(got, func(b Breach) bool { return b.Rule == want }) {
			t.Errorf("%s: got %v, want %q", tape, got, want)
		}
	}
}

func TestLawOfSent(t *testing.T) {
	lost := errors.New("something else")
	const c = "private-a"
	sent := func() *Sent {
		return &Sent{From: "x", attempts: []attempt{
			{c, "s", 1, nil}, {c, "s", 1, nil}, {c, "", 1, rtx.ErrNotConnected}, {c, "s", 2, lost}, {c, "s", 2, nil}, {c, "s", 2, nil},
		}}
	}
	for _, tt := range []struct {
		arrived []uint64
		current uint64
		want    string
	}{
		{[]uint64{1, 2, 5, 6}, 2, ""},
		{[]uint64{1, 2, 3, 5, 6}, 2, ""},
		{[]uint64{1, 5, 6}, 2, ""},
		{[]uint64{5, 6}, 2, ""},
		{[]uint64{2, 5, 6}, 2, string(Silent)},
		{[]uint64{1, 2, 6}, 0, string(Silent)},
		{[]uint64{1, 2, 5}, 2, string(Silent)},
		{[]uint64{1, 2, 5}, 0, ""},
		{[]uint64{2, 1, 5, 6}, 2, string(Order)},
		{[]uint64{1, 2, 2, 5, 6}, 2, string(Twice)},
		{[]uint64{1, 2, 4, 5, 6}, 2, string(Foreign)},
		{[]uint64{1, 2, 5, 6, 7}, 2, string(Foreign)},
	} {
		var as []Arrival
		for _, n := range tt.arrived {
			as = append(as, Arrival{c, n})
		}
		if got := rules(sent().Check(as, tt.current)); got != tt.want {
			t.Errorf("%v: got %q, want %q", tt.arrived, got, tt.want)
		}
	}
}
