package ledger

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
)

// A Reader says how exact the places of gaps are.
type Reader uint8

const (
	InPlace Reader = iota // Pending, All and Batches: each gap exactly where the loss is
	Early                 // C, then Gaps before the value is handled: there or earlier
)

// An Entry is a value or a gap.
type Entry struct {
	Channel, Name string // of a value
	ID            ID
	Key           int
	Gap           *rtx.Gap // nil for a value
	At            time.Time
}

// A Tape is what one stream handed out. Values and gaps are recorded by one goroutine; the other
// methods may be called concurrently. The exported fields are set before, but for Want, Maybe and
// Slow, which may be set until Check.
type Tape struct {
	Name    string
	Reader  Reader
	Link    *Link
	Maybe   func(Event) bool // of these, the ones that may be for another stream; nil for none
	Slow    func(Event) bool // the ones that may have been on their way for any time; nil for none
	Flight  time.Duration    // the longest time that others may have
	Want    func(Event) bool // the events that the stream is for; nil for all of its channels
	Policy  rtx.Policy       // the stream's
	Channel string           // of a stream of one channel whose values don't say theirs
	Event   string           // and of one event

	mu       sync.Mutex
	entries  []Entry
	promises map[string][]promise
	end      time.Time // everything accepted until then is due; zero: nothing after the last value
	ended    bool
	err      error
}

// A promise is a time during which everything that a channel has is due.
type promise struct{ from, to time.Time }

// Value records a value; an empty channel or name is the tape's.
func (t *Tape) Value(channel, name string, v Value) {
	if channel == "" {
		channel = t.Channel
	}
	if name == "" {
		name = t.Event
	}
	t.add(Entry{Channel: channel, Name: name, ID: v.ID(), Key: v.Key})
}

// Gap records a gap.
func (t *Tape) Gap(g rtx.Gap) { t.add(Entry{Gap: &g}) }

func (t *Tape) add(e Entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e.At = time.Now()
	t.entries = append(t.entries, e)
}

// String lists the tape, for whoever looks into a breach.
func (t *Tape) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var b strings.Builder
	fmt.Fprintln(&b, t.Name)
	for _, c := range slices.Sorted(maps.Keys(t.promises)) {
		for _, p := range t.promises[c] {
			fmt.Fprintf(&b, "\t%s is due from %s to %s\n", c, clock(p.from), clock(p.to))
		}
	}
	if t.Link != nil {
		for _, o := range t.Link.Outages() {
			fmt.Fprintf(&b, "\tno link from %s to %s, recovered %v\n", clock(o.Down), clock(o.Up), o.Recovered)
		}
	}
	for _, e := range t.entries {
		if e.Gap == nil {
			fmt.Fprintf(&b, "\t%s %s %v %q\n", clock(e.At), e.Channel, e.ID, e.Name)
			continue
		}
		g := e.Gap
		fmt.Fprintf(&b, "\t%s gap of %s: %d dropped, %d malformed, reconnected %v, ended %v, from %s to %s: %v\n",
			clock(e.At), g.Channel, g.Dropped, g.Malformed, g.Reconnected, g.Ended, clock(g.Since), clock(g.Until), g.Err)
	}
	fmt.Fprintf(&b, "\tended %v: %v", t.ended, t.err)
	return b.String()
}

// Promise says that the stream is ready: what these channels have from now on is due.
func (t *Tape) Promise(channels ...string) {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.promises == nil {
		t.promises = make(map[string][]promise)
	}
	for _, c := range channels {
		if ps := t.promises[c]; len(ps) > 0 && !ps[len(ps)-1].to.IsZero() {
			continue // given up for good
		}
		t.promises[c] = append(t.promises[c], promise{from: now})
	}
}

// Release says that the stream gives a channel up for good.
func (t *Tape) Release(channel string) {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.promises == nil {
		t.promises = make(map[string][]promise)
	}
	ps := t.promises[channel]
	if len(ps) == 0 {
		ps = append(ps, promise{from: now})
	}
	for i := range ps {
		if ps[i].to.IsZero() {
			ps[i].to = now
		}
	}
	t.promises[channel] = ps
}

// Due says that everything accepted until now must have been handed out by the end of the tape: the
// stream is open, the link up, and the reader has had the time.
func (t *Tape) Due() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.ended {
		t.end = time.Now()
	}
}

// Ended records the end of the stream, with its Err.
func (t *Tape) Ended(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended, t.err = true, err
}

// Totals are the figures of a tape. Reconnected counts the channels that the stream has by promise,
// Left those that it may have left.
type Totals struct{ Values, Gaps, Dropped, Malformed, Reconnected, Left, Ended int }

// Totals counts the tape's entries.
func (t *Tape) Totals() (n Totals) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range t.entries {
		if e.Gap == nil {
			n.Values++
			continue
		}
		n.Gaps++
		n.Dropped += int(e.Gap.Dropped)
		n.Malformed += int(e.Gap.Malformed)
		if e.Gap.Reconnected {
			if slices.ContainsFunc(t.promises[e.Gap.Channel], func(p promise) bool { return p.to.IsZero() }) {
				n.Reconnected++
			} else {
				n.Left++
			}
		}
		if e.Gap.Ended {
			n.Ended++
		}
	}
	return n
}

// Ends returns why channels left the stream, by their names, as its gaps say.
func (t *Tape) Ends() map[string]error {
	t.mu.Lock()
	defer t.mu.Unlock()
	ends := make(map[string]error)
	for _, e := range t.entries {
		if e.Gap != nil && e.Gap.Ended {
			ends[e.Gap.Channel] = e.Gap.Err
		}
	}
	return ends
}

// Keys returns the keys of the values.
func (t *Tape) Keys() map[int]bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	keys := make(map[int]bool)
	for _, e := range t.entries {
		if e.Gap == nil {
			keys[e.Key] = true
		}
	}
	return keys
}
