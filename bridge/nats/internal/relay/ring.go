package relay

import "time"

// An Entry is one event as it was received.
type Entry struct {
	ID      string // the service's id, or one that the replica has made: see Local
	Event   string
	Payload []byte
	At      time.Time // when it was received
	Local   bool      // the service gave no id
}

// entryOverhead is what an entry takes beside its texts and its payload, in bytes: the slot itself,
// with the headers of its strings and slices, and what the allocator rounds up.
const entryOverhead = 160

// Size returns the bytes that a ring holds for the entry.
func (e *Entry) Size() int { return entryOverhead + len(e.ID) + len(e.Event) + cap(e.Payload) }

// A Hole is a place where events may be missing. Holes in one place are merged.
type Hole struct {
	Since, Until time.Time
	Dropped      uint64
	Malformed    uint64
	Reconnected  bool // the link was down
	Ended        bool // the channel was refused or unsubscribed
	Began        bool // the replica, or its subscription, began here
	Evicted      bool // the ring had no room to keep them until they could be published
	Err          string
}

func merge(a, b *Hole) *Hole {
	if a == nil || b == nil {
		if a == nil {
			return b
		}
		return a
	}
	m := *a
	if b.Since.Before(m.Since) {
		m.Since = b.Since
	}
	if b.Until.After(m.Until) {
		m.Until = b.Until
	}
	m.Dropped += b.Dropped
	m.Malformed += b.Malformed
	m.Reconnected = m.Reconnected || b.Reconnected
	m.Ended = m.Ended || b.Ended
	m.Began = m.Began || b.Began
	m.Evicted = m.Evicted || b.Evicted
	if b.Err != "" {
		m.Err = b.Err
	}
	return &m
}

type slot struct {
	Entry
	before *Hole // between the slot before and this one
	torn   bool  // there was a hole before this one, which was filled or told
}

// A Ring keeps the newest events of one channel, in order, with the holes between them. It is
// bounded by Bytes and Age; the newest event is kept whatever its size. Of the last event that was
// removed the id is kept, so that its place is still known. Slots have numbers that never change.
type Ring struct {
	Bytes int
	Age   time.Duration

	slots []slot
	base  uint64 // the number of slots[0]
	prior string // the id of the event before slots[0], which was removed
	tail  *Hole  // behind the newest event
	torn  bool   // there was a hole behind the newest event
	held  int
}

// Held returns the bytes that the ring holds.
func (r *Ring) Held() int { return r.held }

// Len returns how many events the ring has.
func (r *Ring) Len() int { return len(r.slots) }

// Base returns the number of the oldest slot.
func (r *Ring) Base() uint64 { return r.base }

// End returns the number that the next slot will have.
func (r *Ring) End() uint64 { return r.base + uint64(len(r.slots)) }

// Add appends an event, which closes the hole behind the last one, and makes room for it.
func (r *Ring) Add(e Entry) {
	r.slots = append(r.slots, slot{Entry: e, before: r.tail, torn: r.torn})
	r.tail, r.torn = nil, false
	r.held += e.Size()
	r.Trim(e.At)
}

// Trim removes what is too old or too much.
func (r *Ring) Trim(now time.Time) {
	n := 0
	for n < len(r.slots) && (n < len(r.slots)-1 && r.held > r.Bytes || now.Sub(r.slots[n].At) > r.Age) {
		r.held -= r.slots[n].Size()
		n++
	}
	if n == 0 {
		return
	}
	r.prior = r.slots[n-1].ID
	clear(r.slots[:n])
	r.slots = r.slots[n:]
	r.base += uint64(n)
	if cap(r.slots) > 64 && len(r.slots) < cap(r.slots)/4 {
		r.slots = append(make([]slot, 0, len(r.slots)*2), r.slots...)
	}
}

// at returns the slot with that number, or nil.
func (r *Ring) at(n uint64) *slot {
	if n < r.base || n >= r.End() {
		return nil
	}
	return &r.slots[n-r.base]
}

// dig notes that events may be missing before the slot with that number, or behind the newest one.
func (r *Ring) dig(n uint64, h *Hole) {
	if s := r.at(n); s != nil {
		s.before = merge(s.before, h)
	} else if n >= r.End() {
		r.tail = merge(r.tail, h)
	}
}

// heal forgets the hole before the slot with that number, or behind the newest one, because nothing is
// missing there.
func (r *Ring) heal(n uint64) {
	if s := r.at(n); s != nil {
		s.before = nil
	} else if n >= r.End() {
		r.tail = nil
	}
}

// fill takes the hole before the slot with that number, or behind the newest one, for filled or told
// on the bus. What was missing is not in the ring, so no run goes over it.
func (r *Ring) fill(n uint64) (h *Hole) {
	if s := r.at(n); s != nil {
		h, s.before = s.before, nil
		s.torn = s.torn || h != nil
	} else if n >= r.End() {
		h, r.tail = r.tail, nil
		r.torn = r.torn || h != nil
	}
	return h
}

// run returns up to most events from the slot with that number, up to a hole or the limit of bytes.
func (r *Ring) run(n uint64, most int) (run []Entry) {
	for size := 0; n < r.End() && len(run) < most && size < maxBatchBytes; n++ {
		s := r.at(n)
		if s.before != nil && len(run) > 0 {
			break
		}
		run = append(run, s.Entry)
		size += s.Size()
	}
	return run
}

// whole returns the number of the first slot behind the last hole, filled or not.
func (r *Ring) whole() uint64 {
	n := r.End()
	if r.tail != nil || r.torn {
		return n
	}
	for n > r.base {
		n--
		if s := r.at(n); s.before != nil || s.torn {
			break
		}
	}
	return n
}

// find returns the number of the newest event with that id, or of the last one that was removed.
func (r *Ring) find(id string) (uint64, bool) {
	for i := len(r.slots) - 1; i >= 0; i-- {
		if r.slots[i].ID == id {
			return r.base + uint64(i), true
		}
	}
	if id != "" && id == r.prior {
		return r.base - 1, true
	}
	return 0, false
}

// A Run is what a ring knows of the events that directly follow one.
type Run struct {
	Found   bool    // the ring has the event that was asked for
	Entries []Entry // what directly follows it, oldest first, up to a hole, filled or not, a limit or the newest
	Lead    []Entry // what leads up to the event of Query.Lead without a hole, oldest first
	Older   int     // of Until: how many events lead up to the one that was asked for
	Live    bool    // nothing stands between the last of them and what will be received next
}

// After returns the events that directly follow the one with that id, at most as many as fit into
// limit bytes, but at least one.
func (r *Ring) After(id string, limit int) (run Run) {
	n, ok := r.find(id)
	if !ok {
		return run
	}
	run.Found = true
	for n++; n < r.End(); n++ {
		s := r.at(n)
		if limit -= s.Size(); s.before != nil || s.torn || limit < 0 && len(run.Entries) > 0 {
			return run
		}
		run.Entries = append(run.Entries, s.Entry)
	}
	run.Live = r.tail == nil && !r.torn
	return run
}

// LeadUp returns the events that lead up to the one with that id without a hole, oldest first: the
// newest of them that fit into limit bytes.
func (r *Ring) LeadUp(id string, limit int) (lead []Entry) {
	n, ok := r.find(id)
	if !ok || n < r.base {
		return nil
	}
	from := n
	for from > r.base && r.at(from).before == nil && !r.at(from).torn {
		if limit -= r.at(from - 1).Size(); limit < 0 {
			break
		}
		from--
	}
	for ; from < n; from++ {
		lead = append(lead, r.at(from).Entry)
	}
	return lead
}

// Until returns the oldest events of the ring, up to the one with that id, if it can say that
// nothing which this replica received before that event is missing. So it can also if it has not
// received anything yet.
func (r *Ring) Until(id string, limit int) (run Run) {
	if len(r.slots) == 0 {
		run.Found = r.prior == "" && (r.tail == nil || r.tail.onlyBegan())
		return run
	}
	n, ok := r.find(id)
	if !ok || r.prior != "" || r.slots[0].torn || r.slots[0].before != nil && !r.slots[0].before.onlyBegan() {
		return run
	}
	for i := r.base + 1; i <= n; i++ {
		if s := r.at(i); s.before != nil || s.torn {
			return run
		}
	}
	run.Found, run.Older = true, int(n-r.base)
	for i := r.base; i <= n; i++ {
		if limit -= r.at(i).Size(); limit < 0 && len(run.Entries) > 0 {
			break
		}
		run.Entries = append(run.Entries, r.at(i).Entry)
	}
	return run
}
