package ledger

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
)

// A Rule is one clause of the law.
type Rule string

// The clauses.
const (
	Foreign  Rule = "a value that was never accepted, or that the stream is not for"
	Twice    Rule = "a value came twice"
	Order    Rule = "a value came after a later one"
	Silent   Rule = "a hole without its gap"
	Count    Rule = "a gap counts more than is missing"
	Place    Rule = "a gap does not stand where the loss is"
	Since    Rule = "a gap that begins after something that it explains was accepted"
	Cause    Rule = "a gap without a cause"
	Overflow Rule = "an overflow where the policy has none, or an end by overflow without its gap"
)

// leftTooLate reports whether a stream may have left the channel of a gap, as it liked or on
// request, while the link was down already: it left when the gap ends, and an outage is found out
// within a minute. Since when something may be missing is another matter. If the outage was
// recovered, something must have been published meanwhile.
func (j *judge) leftTooLate(g rtx.Gap) bool {
	for _, o := range j.t.Link.Outages() {
		if !o.Up.IsZero() && o.Up.Before(g.Since) || o.Down.Sub(g.Until) > time.Minute {
			continue
		}
		if !o.Recovered {
			return true
		}
		if len(j.t.promises[g.Channel]) > 0 && !j.released(g.Channel) && !j.t.Link.mayEnd(g.Channel) {
			continue
		}
		for _, e := range j.book.events(g.Channel, nil) { // each part of a partition is told
			if !e.At.Before(g.Since) && !e.At.After(o.Up) {
				return true
			}
		}
	}
	return false
}

// A Breach is one violation of the law.
type Breach struct {
	Tape string
	Rule Rule
	Text string
}

func (b Breach) String() string { return fmt.Sprintf("%s: %s: %s", b.Tape, b.Rule, b.Text) }

// Check returns the breaches of a tape whose stream has ended, or whose reader stands still. It
// changes nothing.
func Check(b *Book, t *Tape) []Breach {
	t.mu.Lock()
	defer t.mu.Unlock()
	j := &judge{t: t, book: b, lanes: make(map[string]*lane)}
	for _, e := range t.entries {
		if e.Gap != nil {
			j.gap(*e.Gap)
		} else {
			j.value(e)
		}
	}
	j.finish()
	return j.breaches
}

// judge is the walk over one tape.
type judge struct {
	t        *Tape
	book     *Book
	lanes    map[string]*lane
	breaches []Breach

	last      Event     // the last value, of any channel
	open      []rtx.Gap // pure losses since then, for their place
	anonymous uint64    // dropped values whose channel nobody knows
	unknown   uint64    // losses that only those can explain
	several   several
}

// lane is one channel on the tape.
type lane struct {
	channel string
	events  []Event
	at      map[ID]int
	next    int // the first event that is neither seen nor in an earlier hole

	since []rtx.Gap // since the last value of the channel
	void  time.Time // promises made until then are void: the channel has left the stream
	times []rtx.Gap // the reconnections told, in whose time something may be missing (Early)

	told, need, strict, missing counts // so far

	heard int    // gaps of several channels by its last value
	lent  counts // what it has of them
}

// counts are numbers of losses by kind.
type counts struct{ dropped, malformed uint64 }

func (c *counts) add(o counts) { c.dropped += o.dropped; c.malformed += o.malformed }

func (j *judge) breach(r Rule, format string, args ...any) {
	j.breaches = append(j.breaches, Breach{Tape: j.t.Name, Rule: r, Text: fmt.Sprintf(format, args...)})
}

func (j *judge) lane(channel string) *lane {
	l := j.lanes[channel]
	if l == nil {
		l = &lane{channel: channel, events: j.book.events(channel, j.t.Want), at: make(map[ID]int)}
		for i, e := range l.events {
			l.at[e.ID] = i
			if j.t.Maybe != nil && j.t.Maybe(e) {
				l.events[i].Unsure = true
			}
		}
		j.lanes[channel] = l
	}
	return l
}

func (j *judge) value(v Entry) {
	l := j.lane(v.Channel)
	i, ok := l.at[v.ID]
	switch {
	case !ok:
		j.breach(Foreign, "%s %v", v.Channel, v.ID)
		return
	case l.events[i].Malformed || l.events[i].Name != v.Name || l.events[i].Key != v.Key:
		j.breach(Foreign, "%s %v came as %q with the key %d", v.Channel, v.ID, v.Name, v.Key)
		return
	case i < l.next:
		j.late(l, i)
		return
	}
	e := l.events[i]
	if e.At.Before(j.last.At) {
		j.breach(Order, "%s %v, accepted before %s %v which it follows", e.Channel, e.ID, j.last.Channel, j.last.ID)
	}
	j.places(&e, i)
	j.hole(l, i)
	l.next = i + 1
	j.last = e
}

// late tells a value that came twice from one that was passed over before.
func (j *judge) late(l *lane, i int) {
	n := 0
	for _, e := range j.t.entries {
		if e.Gap == nil && e.Channel == l.channel && e.ID == l.events[i].ID {
			n++
		}
	}
	if n > 1 {
		j.breach(Twice, "%s %v", l.channel, l.events[i].ID)
		return
	}
	j.breach(Order, "%s %v came after %v", l.channel, l.events[i].ID, l.events[l.next-1].ID)
}

func (j *judge) gap(g rtx.Gap) {
	if g.Dropped == 0 && g.Malformed == 0 && !g.Reconnected && !g.Ended {
		j.breach(Cause, "a gap of %s that says nothing", g.Channel)
	}
	if g.Until.Before(g.Since) {
		j.breach(Cause, "a gap of %s that ends before it begins", g.Channel)
	}
	if g.Malformed > 0 && g.Err == nil {
		j.breach(Cause, "malformed payloads of %s without an error", g.Channel)
	}
	if g.Reconnected && j.t.Link != nil && !j.t.Link.caused(g) && !j.leftTooLate(g) {
		j.breach(Cause, "%s says Reconnected from %v to %v, and no connection was lost for good then: %s", g.Channel, clock(g.Since), clock(g.Until), j.t.Link.around(g))
	}
	if g.Ended && (g.Err == nil || !g.Several && j.t.Link != nil && !j.t.Link.mayEnd(g.Channel)) {
		j.breach(Cause, "%s says Ended (%v)", g.Channel, g.Err)
	}
	if g.Several {
		j.several.add(g)
		return
	}
	if g.Channel == "" {
		if j.t.Reader == InPlace || g.Reconnected || g.Ended || g.Malformed > 0 {
			j.breach(Cause, "a gap of no channel")
		}
		j.anonymous += g.Dropped
		return
	}
	l := j.lane(g.Channel)
	l.since = append(l.since, g)
	l.told.add(counts{g.Dropped, g.Malformed})
	if g.Ended && g.Until.After(l.void) {
		l.void = g.Until
	}
	if g.Reconnected {
		l.times = append(l.times, g)
	}
	if !g.Reconnected && !g.Ended {
		j.open = append(j.open, g)
	}
}

// places checks that the losses told since the last value were accepted between that and the next,
// which has the index at on its channel: for a reader in place, and losses that happen where the
// stream is. A nil next is the end.
func (j *judge) places(next *Event, at int) {
	open := j.open
	j.open = nil
	if j.t.Reader != InPlace {
		return
	}
	for _, g := range open {
		l, n := j.lane(g.Channel), uint64(0)
		end := len(l.events)
		if next != nil && next.Channel == l.channel {
			end = at
		}
		for _, e := range l.events[l.next:end] {
			if !e.At.Before(j.last.At) && (next == nil || !e.At.After(next.At)) {
				n++
			}
		}
		if told := g.Dropped + g.Malformed; told > n {
			j.breach(Place, "%s: %d lost after %s %v, where %d are missing", g.Channel, told, j.last.Channel, j.last.ID, n)
		}
	}
}

// hole judges what is missing of a channel before the event with the index to, with the gaps told
// since its last value.
func (j *judge) hole(l *lane, to int) {
	var need, strict, missing counts
	j.several.reach(l)
	times := l.times
	if j.t.Reader == InPlace {
		times = slices.DeleteFunc(slices.Clone(l.since), func(g rtx.Gap) bool { return !g.Reconnected })
		j.span(l, to)
	}
	var first, early *Event
	for i := l.next; i < to; i++ {
		e := &l.events[i]
		one := counts{dropped: 1}
		if e.Malformed {
			one = counts{malformed: 1}
		}
		missing.add(one)
		if e.Unsure || !j.promised(l, e.At) {
			continue
		}
		if !slices.ContainsFunc(times, func(g rtx.Gap) bool { return !e.At.After(g.Until) }) {
			need.add(one)
			if first == nil {
				first = e
			}
		}
		if !slices.ContainsFunc(times, func(g rtx.Gap) bool { return !e.At.After(g.Until) && j.since(g, e) }) {
			strict.add(one)
			if early == nil {
				early = e
			}
		}
	}
	l.need.add(need)
	l.strict.add(strict)
	l.missing.add(missing)
	if j.t.Reader == InPlace {
		var told counts
		for _, g := range l.since {
			told.add(counts{g.Dropped, g.Malformed})
		}
		j.compare(l, first, to, need, told, missing)
		j.begins(l, early, to, strict, need, told)
	} else {
		j.compare(l, first, to, l.need, l.told, counts{^uint64(0), ^uint64(0)})
		j.begins(l, early, to, l.strict, l.need, l.told)
	}
	l.since, l.heard = nil, len(j.several.gaps)
}

// since reports whether a gap begins early enough to explain that an event is missing: it may have
// been accepted earlier by the time that it may take on its way.
func (j *judge) since(g rtx.Gap, e *Event) bool {
	return !e.At.Add(j.t.Flight).Before(g.Since) || j.t.Slow != nil && j.t.Slow(*e)
}

// restored reports whether an event may have come when the connection was restored, at any time
// after it was accepted.
func (j *judge) restored(e *Event) bool {
	if j.t.Link == nil {
		return false
	}
	return slices.ContainsFunc(j.t.Link.Outages(), func(o Outage) bool {
		return o.Recovered && !e.At.After(o.Up) && e.At.After(o.Down.Add(-time.Minute)) // the end is found out up to a minute late
	})
}

// begins checks that what neither a count nor a reconnection's time explains was not accepted
// before the latter began.
func (j *judge) begins(l *lane, early *Event, to int, strict, need, told counts) {
	others := j.several.told // counts of several channels, which may be of this one
	if told.malformed+others.malformed >= strict.malformed && told.dropped+others.dropped+j.anonymous >= strict.dropped || need == strict {
		return
	}
	id, at := ID{}, time.Time{}
	if early != nil {
		id, at = early.ID, early.At
	}
	j.breach(Since, "%s: missing before %s, from %v on, which was accepted at %s: %d lost and %d malformed outside of the time of each gap; told: %d and %d",
		l.channel, l.name(to), id, clock(at), strict.dropped, strict.malformed, told.dropped, told.malformed)
	l.strict = l.told // once is enough
}

// span checks the times of gaps that only count: as much is missing of what was accepted until they
// end, and, where nothing is thrown away later than it came, since they began.
func (j *judge) span(l *lane, to int) {
	atOnce := j.t.Policy == rtx.DropNewest || j.t.Policy == rtx.EndStream
	for _, g := range l.since {
		if g.Reconnected || g.Ended {
			continue
		}
		var within counts
		for i := l.next; i < to; i++ {
			e := &l.events[i]
			switch {
			case e.At.After(g.Until):
			case e.Malformed && (j.since(g, e) || j.restored(e)):
				within.malformed++
			case !e.Malformed && (!atOnce || j.since(g, e) || j.restored(e)):
				within.dropped++
			}
		}
		if g.Dropped > within.dropped || g.Malformed > within.malformed {
			j.breach(Since, "%s: %d lost and %d malformed from %s to %s, when %d and %d are missing",
				l.channel, g.Dropped, g.Malformed, clock(g.Since), clock(g.Until), within.dropped, within.malformed)
		}
	}
}

// compare checks need ≤ told ≤ missing, by kind.
func (j *judge) compare(l *lane, first *Event, to int, need, told, missing counts) {
	if told.dropped < need.dropped && j.t.Reader == Early {
		// A gap of no channel may tell it.
		j.unknown = max(j.unknown, need.dropped-told.dropped)
		if j.unknown <= j.anonymous {
			told.dropped = need.dropped
		}
	}
	if shown := j.lend(l, need, told); shown.dropped < need.dropped || shown.malformed < need.malformed {
		id, name := ID{}, ""
		if first != nil {
			id, name = first.ID, first.Name
		}
		j.breach(Silent, "%s: missing before %s, from %v %q on: %d lost and %d malformed; told: %d and %d",
			l.channel, l.name(to), id, name, need.dropped, need.malformed, told.dropped, told.malformed)
		l.need = l.told // once is enough
	}
	if told.dropped > missing.dropped || told.malformed > missing.malformed {
		j.breach(Count, "%s: told before %s: %d lost and %d malformed; missing: %d and %d",
			l.channel, l.name(to), told.dropped, told.malformed, missing.dropped, missing.malformed)
	}
}

func (l *lane) name(i int) string {
	if i < len(l.events) {
		return l.events[i].ID.String()
	}
	return "the end"
}

// promised reports whether an event accepted then is due on the stream.
func (j *judge) promised(l *lane, at time.Time) bool {
	for _, p := range j.t.promises[l.channel] {
		if at.After(p.from) && (p.to.IsZero() || at.Before(p.to)) && p.from.After(l.void) {
			return true
		}
	}
	return false
}

// released reports whether the stream has given the channel up: what it had not handed out by then,
// it need not.
func (j *judge) released(channel string) bool {
	return slices.ContainsFunc(j.t.promises[channel], func(p promise) bool { return !p.to.IsZero() })
}

func (j *judge) finish() {
	for channel := range j.t.promises {
		j.lane(channel)
	}
	j.places(nil, 0)
	var dropped, missing, broken, unread uint64
	for _, channel := range slices.Sorted(maps.Keys(j.lanes)) {
		l := j.lanes[channel]
		due := l.next
		for due < len(l.events) && !j.released(channel) && !j.t.end.IsZero() && !l.events[due].At.After(j.t.end) {
			due++
		}
		// What was accepted later may be missing, and may be counted.
		rest := counts{}
		for _, e := range l.events[due:] {
			if e.Malformed {
				rest.malformed++
			} else {
				rest.dropped++
			}
		}
		if j.t.Reader == InPlace {
			for i := range l.events[due:] {
				l.events[due+i].Unsure = true
			}
			j.hole(l, len(l.events))
		} else {
			j.hole(l, due)
			l.missing.add(rest)
			j.compare(l, nil, len(l.events), counts{}, l.told, l.missing)
		}
		dropped += l.told.dropped
		missing += l.missing.dropped
		broken += l.told.malformed
		unread += l.missing.malformed
	}
	dropped += j.several.told.dropped
	if more := j.several.told.malformed; more > 0 && broken+more > unread {
		j.breach(Count, "told of all channels: %d malformed; missing: %d", broken+j.several.told.malformed, unread)
	}
	if dropped+j.anonymous > missing {
		j.breach(Count, "told of all channels: %d lost; missing: %d", dropped+j.anonymous, missing)
	}
	j.overflow(dropped + j.anonymous)
}

// overflow checks what the policy promises: under End and Grow values are dropped by the end of the
// stream alone.
func (j *judge) overflow(dropped uint64) {
	overflowed := j.t.ended && errors.Is(j.t.err, rtx.ErrOverflow)
	if overflowed && dropped == 0 {
		j.breach(Overflow, "the stream ended by an overflow that no gap tells")
	}
	isEnd, isGrow := j.t.Policy == rtx.EndStream, j.t.Policy > 0
	if !isEnd && !isGrow {
		if overflowed {
			j.breach(Overflow, "%v ended the stream", j.t.Policy)
		}
		return
	}
	if isEnd && (dropped > 1 || dropped == 1 && !overflowed) {
		j.breach(Overflow, "%d lost under End, and the stream ended with %v", dropped, j.t.err)
	}
	// A reader of C learns of a loss after the last value when it has taken that, and handles it
	// then.
	after := 0
	if j.t.Reader == Early {
		after = -1
	}
	lost := false
	for _, e := range j.t.entries {
		if e.Gap != nil {
			lost = lost || e.Gap.Dropped > 0
		} else if lost {
			after++
		}
	}
	if after > 0 {
		j.breach(Overflow, "%d values after an overflow under %v", after, j.t.Policy)
	}
}
