package ledger

import (
	"errors"
	"testing"

	"github.com/realtimex/realtimex-go/rtx"
)

func TestAValueMustSayWhatWasAccepted(t *testing.T) {
	book := &Book{}
	book.Accept(Event{ID: ID{N: 1}, Channel: "a", Name: "e", Key: 7, At: second(1)})
	for _, tt := range []struct {
		event string
		key   int
		want  Rule
	}{
		{"e", 7, ""},
		{"f", 7, Foreign},
		{"e", 8, Foreign},
	} {
		tape := &Tape{Name: "tape", Link: &Link{}}
		tape.Value("a", tt.event, Value{N: 1, Key: tt.key})
		if got := rules(Check(book, tape)); got != string(tt.want) {
			t.Errorf("%q with the key %d: got %q, want %q", tt.event, tt.key, got, tt.want)
		}
	}
}

func TestAGapMustBeOne(t *testing.T) {
	for name, gap := range map[string]rtx.Gap{
		"it ends before it begins":     {Channel: "a", Dropped: 1, Since: second(2), Until: second(1)},
		"malformed without an error":   {Channel: "a", Malformed: 1, Since: second(1), Until: second(2)},
		"a channel ended, and no word": {Channel: "a", Ended: true, Since: second(1), Until: second(2)},
	} {
		tape := &Tape{Name: "tape", Link: &Link{}}
		tape.Link.Leaves("a")
		tape.Gap(gap)
		tape.Value("a", "e", Value{N: 2})
		got := Check(written(2, []uint64{1}[:gap.Malformed], "a"), tape)
		if rules(got) != string(Cause) {
			t.Errorf("%s: got %v, want %q", name, got, Cause)
		}
	}
}

func TestWhatArrivesMustBeOnTheChannelThatItWasSentOn(t *testing.T) {
	sent := &Sent{From: "x", attempts: []attempt{{"private-a", "s", 1, nil}, {"private-a", "s", 1, errors.New("too large")}}}
	if got := rules(sent.Check([]Arrival{{"private-a", 1}}, 1)); got != "" {
		t.Errorf("sent and arrived: %q", got)
	}
	if got := rules(sent.Check([]Arrival{{"private-b", 1}}, 1)); got != string(Foreign) {
		t.Errorf("arrived on another channel: got %q, want %q", got, Foreign)
	}
}

// Each of these is found by one clause alone.
func TestCountsAreJudgedByChannelAndKind(t *testing.T) {
	for words, want := range map[string]Rule{
		"a1 !a1 b1 a2 b2":    Count, // nothing of a is malformed
		"a1 -a1 a2 ~b1-6 b2": Count, // what is missing of b does not make up for it
		"a1 a2 ~b1-6 b2":     "",
	} {
		tape := played(t, words).promise("a", "b")
		tape.Reader = Early
		tape.Link.outages = []Outage{{Down: second(1), Up: second(2)}}
		if got := rules(Check(written(2, nil, "a", "b"), tape)); got != string(want) {
			t.Errorf("%s: got %q, want %q", words, got, want)
		}
	}
}

func TestAnEndByOverflowIsTold(t *testing.T) {
	tape := played(t, "a1 a2").promise("a")
	tape.Policy, tape.end = rtx.EndStream, second(0)
	tape.Ended(rtx.ErrOverflow)
	if got := rules(Check(written(3, nil, "a"), tape)); got != string(Overflow) {
		t.Errorf("got %q, want %q", got, Overflow)
	}
}
