package stream

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
)

var seedFlag = flag.Uint64("seed", 0, "run the model tests with this seed only")

// A model is what a queue is to do, written as simply as can be: values and
// losses in one list, in their order, nothing merged.
type model struct {
	cfg     Config
	key     func(int) int // of a queue that conflates; nil for one that does not
	entries []entry       // not yet taken: values, and losses among them
	past    [][]Gap       // losses that a later value was taken after, by place, each place unmerged
	ended   bool
	err     error
	stats   Stats
	peak    int      // the most values there were at a time
	scene   []string // what was done, for the report
}

type entry struct {
	value   int
	channel string
	bytes   int64
	extra   bool // of a queue that conflates: it came when there was no room but by Grow
	loss    *Gap
}

func (m *model) values() (n int) {
	for _, e := range m.entries {
		if e.loss == nil {
			n++
		}
	}
	return n
}

// supersede takes the value that waits under the same key away. It reports whether
// e has its place.
func (m *model) supersede(e entry) bool {
	at := slices.IndexFunc(m.entries, func(o entry) bool { return o.loss == nil && m.key(o.value) == m.key(e.value) })
	if at < 0 {
		return false
	}
	m.stats.Superseded++
	was := m.entries[at]
	lost := slices.ContainsFunc(m.entries[at:], func(e entry) bool { return e.loss != nil })
	if !lost && (!was.extra || m.spilledBytes()-was.bytes+e.bytes <= int64(m.cfg.Policy)) {
		e.extra = was.extra
		m.entries[at] = e
		return true
	}
	m.entries = slices.Delete(m.entries, at, at+1)
	return false
}

// spilledBytes counts what does not fit into C.
func (m *model) spilledBytes() (bytes int64) {
	n := 0
	if m.key != nil {
		for _, e := range m.entries {
			if e.extra {
				bytes += e.bytes
			}
		}
		return bytes
	}
	for _, e := range m.entries {
		if e.loss == nil {
			if n++; n > m.cfg.Capacity {
				bytes += e.bytes
			}
		}
	}
	return bytes
}

func (m *model) lose(at int, g Gap) {
	m.stats.Dropped += g.Dropped
	m.stats.Malformed += g.Malformed
	if m.cfg.NoGaps {
		return
	}
	m.entries = slices.Insert(m.entries, at, entry{loss: &g})
}

func (m *model) push(v int, channel string, bytes int64) bool {
	if m.ended {
		return false
	}
	e := entry{value: v, channel: channel, bytes: max(bytes, 1)}
	if m.key != nil && m.supersede(e) {
		return true
	}
	if m.values() < m.cfg.Capacity {
		m.entries = append(m.entries, e)
		return true
	}
	switch m.cfg.Policy {
	case DropOldest:
		at := slices.IndexFunc(m.entries, func(e entry) bool { return e.loss == nil })
		oldest := m.entries[at]
		m.entries = slices.Delete(m.entries, at, at+1)
		m.lose(at, Gap{Channel: oldest.channel, Dropped: 1})
		m.entries = append(m.entries, e)
		return true
	case DropNewest:
		m.lose(len(m.entries), Gap{Channel: channel, Dropped: 1})
		return true
	case EndStream:
	default: // Grow
		e.extra = true
		if m.spilledBytes()+e.bytes <= int64(m.cfg.Policy) {
			m.entries = append(m.entries, e)
			return true
		}
	}
	m.lose(len(m.entries), Gap{Channel: channel, Dropped: 1})
	m.end(ErrOverflow, false)
	return false
}

func (m *model) mark(g Gap) {
	if !m.ended {
		m.lose(len(m.entries), g)
	}
}

func (m *model) end(err error, discard bool) bool {
	first := !m.ended
	if first {
		m.ended, m.err = true, err
	}
	if discard && m.key == nil {
		n := 0
		for i := range m.entries {
			if e := &m.entries[i]; e.loss == nil {
				if n++; n > m.cfg.Capacity {
					e.loss = &Gap{Channel: e.channel, Dropped: 1}
					m.stats.Dropped++
				}
			}
		}
		if m.cfg.NoGaps {
			m.entries = slices.DeleteFunc(m.entries, func(e entry) bool { return e.loss != nil })
		}
	}
	return first
}

// front returns the losses before the first value.
func (m *model) front() (losses []Gap) {
	for _, e := range m.entries {
		if e.loss == nil {
			break
		}
		losses = append(losses, *e.loss)
	}
	return losses
}

// take removes the first value; what was lost before it becomes past.
func (m *model) take() (int, bool) {
	losses := m.front()
	if len(losses) == len(m.entries) {
		return 0, false
	}
	if len(losses) > 0 {
		m.past = append(m.past, losses)
	}
	v := m.entries[len(losses)].value
	m.entries = m.entries[len(losses)+1:]
	m.stats.Delivered++
	return v, true
}

// told checks a gap against the losses that may be told: those of its channel
// at the first place that has any, or at several places if all are past. It
// removes them.
func (m *model) told(g Gap, atHead bool) error {
	places := slices.Clone(m.past)
	if atHead || m.values() == 0 {
		places = append(places, m.front())
	}
	sum := Gap{Channel: g.Channel}
	for i, losses := range places {
		any := false
		for _, loss := range losses {
			if loss.Channel == g.Channel {
				any = true
				sum.merge(loss)
			}
		}
		if any && equal(g, sum) {
			m.forget(g.Channel, i)
			return nil
		}
	}
	return fmt.Errorf("gap %+v: what may be told of its channel is %+v", g, sum)
}

func equal(a, b Gap) bool {
	return a.Channel == b.Channel && a.Dropped == b.Dropped && a.Malformed == b.Malformed &&
		a.Reconnected == b.Reconnected && a.Ended == b.Ended && a.Err == b.Err
}

// forget removes the losses of a channel up to a place; those after the past
// ones are the front.
func (m *model) forget(channel string, upTo int) {
	for i := range m.past {
		if i <= upTo {
			m.past[i] = slices.DeleteFunc(m.past[i], func(g Gap) bool { return g.Channel == channel })
		}
	}
	if upTo == len(m.past) {
		n := len(m.front())
		kept := slices.DeleteFunc(slices.Clone(m.entries[:n]), func(e entry) bool { return e.loss.Channel == channel })
		m.entries = append(kept, m.entries[n:]...)
	}
	m.past = slices.DeleteFunc(m.past, func(losses []Gap) bool { return len(losses) == 0 })
}

func (m *model) due() bool {
	return len(m.past) > 0 || m.values() == 0 && len(m.entries) > 0
}

func (m *model) note(format string, args ...any) {
	m.scene = append(m.scene, fmt.Sprintf(format, args...))
}

// A play drives a queue and its model through the same random scene.
type play struct {
	*model
	q        *Queue[int]
	rnd      *rand.Rand
	channels int
	owed     bool // a call of Rouse
}

func newPlay(seed uint64) *play {
	rnd := rand.New(rand.NewPCG(seed, 4))
	policies := []Policy{DropOldest, DropOldest, DropNewest, EndStream, Grow(1 + rnd.Int64N(60))}
	cfg := Config{
		Capacity:    1 + rnd.IntN(1+rnd.IntN([]int{9, 33}[rnd.IntN(2)])),
		Policy:      policies[rnd.IntN(len(policies))],
		MultiSource: true,
		NoGaps:      rnd.IntN(20) == 0,
	}
	m := &model{cfg: cfg}
	m.stats.Capacity = cfg.Capacity
	p := &play{model: m, q: New[int](cfg), rnd: rnd, channels: []int{1, 3, 3, 26}[rnd.IntN(4)]}
	if rnd.IntN(4) == 0 {
		keys := 1 + rnd.IntN(9)
		p.key = func(v int) int { return v * 7 % 11 % keys }
		p.cfg.NoGaps = false
		p.q = new(Queue[int])
		p.q.OpenConflated(p.cfg, By(p.key))
	}
	return p
}

func (p *play) channel() string { return string(rune('a' + p.rnd.IntN(p.channels))) }

func (p *play) run() error {
	steps := p.rnd.IntN(120)
	pushing, ending := 2+p.rnd.IntN(8), p.rnd.IntN(2) == 0
	for i := range steps {
		var err error
		switch n := p.rnd.IntN(20); {
		case n < pushing:
			err = p.push(i)
		case n < 11:
			p.markOnce()
		case n < 14 && p.key == nil:
			err = p.receive()
		case n < 15:
			err = p.step()
		case n < 17:
			err = p.pending()
		case n < 19:
			err = p.gaps()
		case ending && p.rnd.IntN(6) == 0:
			err = p.end()
		}
		if err == nil {
			err = p.check()
		}
		if err != nil {
			return err
		}
	}
	if err := p.end(); err != nil {
		return err
	}
	return p.drain()
}

func (p *play) push(v int) error {
	channel, size := p.channel(), p.rnd.IntN(20)
	p.note("push %d of %s, %d bytes", v, channel, size)
	want := p.model.push(v, channel, int64(size))
	if err := p.q.Look(v); err != nil {
		return err
	}
	push := p.q.Push
	if p.rnd.IntN(2) == 0 {
		p.note("quietly")
		push = func(v int, channel string, size int) bool {
			open, first := p.q.PushQuietly(v, channel, size)
			p.owed = p.owed || first
			return open
		}
	}
	if got := push(v, channel, size); got != want {
		return fmt.Errorf("Push returned %v, want %v", got, want)
	}
	return nil
}

// rouse does what the producer does before it waits.
func (p *play) rouse() {
	if p.owed {
		p.note("rouse")
		p.q.Rouse()
		p.owed = false
	}
}

func (p *play) markOnce() {
	g := Gap{Channel: p.channel(), Malformed: 1} // counted, so that no two sums are equal
	switch p.rnd.IntN(3) {
	case 0:
		g.Err = errors.New("malformed")
	case 1:
		g.Reconnected = true
	case 2:
		g.Ended = true
		g.Err = errors.New("refused")
	}
	p.note("mark %+v", g)
	p.mark(g)
	p.q.Mark(g)
}

func (p *play) receive() error {
	p.rouse() // or what it holds back can't be received yet
	want, ok := p.take()
	p.note("receive %d %v", want, ok)
	if !ok && !p.ended {
		if len(p.q.c) != 0 {
			return errors.New("a value that should not be there")
		}
		return nil
	}
	// With values spilled, the pump is about to send.
	if got, open := <-p.q.C(); got != want || open != ok {
		return fmt.Errorf("received %d, %v, want %d, %v", got, open, want, ok)
	}
	return nil
}

// step is one turn of All.
func (p *play) step() error {
	front := p.front()
	v, found := p.q.pull()
	p.note("step: found %d", found)
	for found == nothing && (p.values() > 0 || p.ended) { // the pump is on its way
		<-p.q.wake
		v, found = p.q.pull()
	}
	switch found {
	case aGap:
		g, ok := p.q.takeGap(true)
		if !ok {
			return errors.New("the gap that was found is gone")
		}
		p.note("  told %+v", g)
		return p.told(g, true)
	case aValue:
		if len(p.past)+len(front) > 0 {
			return fmt.Errorf("value %d came before the losses %+v %+v", v, p.past, front)
		}
		if want, ok := p.take(); !ok || v != want {
			return fmt.Errorf("took %d, want %d, %v", v, want, ok)
		}
	case nothing:
		if p.ended || len(p.past)+len(p.entries) > 0 {
			return errors.New("All would wait although there is something")
		}
	case theEnd:
		if !p.ended || len(p.past)+len(p.entries) > 0 {
			return errors.New("All would end too early")
		}
	}
	return nil
}

func (p *play) closed() bool {
	p.q.mu.Lock()
	defer p.q.mu.Unlock()
	return p.q.closed
}

// pending is one turn of a select loop on Wake, which may be left early.
func (p *play) pending() error {
	for len(p.past)+len(p.entries) > 0 {
		if most := p.rnd.IntN(6); most > 0 {
			return p.walk(p.q.Pending(), most)
		}
		select {
		case <-p.q.Wake():
		default:
			return errors.New("there is something to take, and no token in Wake")
		}
		if err := p.walk(p.q.Pending(), 0); err != nil {
			return err
		}
		if len(p.past)+len(p.entries) > 0 {
			return fmt.Errorf("Pending kept %+v %+v back", p.past, p.entries)
		}
		if !p.closed() && p.cfg.Policy <= 0 && len(p.q.wake) > 0 { // of a spill, the pump may have more on its way
			return errors.New("a token in Wake with nothing to take")
		}
	}
	return nil
}

func (p *play) gaps() error {
	select {
	case <-p.q.Lost():
	default:
	}
	most := 1 + p.rnd.IntN(4) // then leave the loop
	places := len(p.past) + 1
	perChannel := map[string]int{}
	for g := range p.q.Gaps() {
		p.note("gaps: told %+v", g)
		if err := p.told(g, false); err != nil {
			return err
		}
		if perChannel[g.Channel]++; perChannel[g.Channel] > places {
			return errors.New("more gaps than places: they do not merge")
		}
		if most--; most == 0 {
			break
		}
	}
	if most == 0 {
		if p.due() && len(p.q.lost) == 0 {
			return errors.New("a loop left early leaves no token in Lost")
		}
		return nil
	}
	if p.due() {
		return fmt.Errorf("Gaps kept %+v %+v back", p.past, p.front())
	}
	return nil
}

func (p *play) end() error {
	err, discard := fmt.Errorf("end %d", len(p.scene)), p.rnd.IntN(2) == 0
	p.note("end, discard %v", discard)
	want := p.model.end(err, discard)
	if got := p.q.End(err, discard); got != want {
		return fmt.Errorf("End returned %v, want %v", got, want)
	}
	return nil
}

// check compares what can be seen at any time.
func (p *play) check() error {
	p.stats.Depth = p.values()
	if got := p.q.Stats(); got != p.stats {
		return fmt.Errorf("Stats %+v, want %+v", got, p.stats)
	}
	if got := p.q.Err(); got != p.err {
		return fmt.Errorf("Err %v, want %v", got, p.err)
	}
	left := len(p.past)+len(p.entries) > 0
	spilling := p.q.Spilling() // its goroutine closes the queue
	if got, want := p.q.Exhausted(), p.ended && !left; got && !want || want && !got && !spilling {
		return fmt.Errorf("Exhausted %v, want %v", got, want)
	}
	if left && len(p.q.wake) == 0 && !p.closed() {
		return errors.New("there is something to take, and no token in Wake")
	}
	p.peak = max(p.peak, p.stats.Depth)
	if m := p.q.marks; !m.empty() && len(m.sites) > p.peak+2 {
		return fmt.Errorf("%d places with losses among %d values at most: marks are not bounded", len(m.sites), p.peak)
	}
	return nil
}

// walk takes up to most values and gaps, all if most is 0.
func (p *play) walk(seq iter.Seq2[int, *Gap], most int) error {
	for v, gap := range seq {
		p.note("  took %d %+v", v, gap)
		if gap != nil {
			if err := p.told(*gap, true); err != nil {
				return err
			}
		} else {
			if losses := p.front(); len(p.past)+len(losses) > 0 {
				return fmt.Errorf("value %d came before the losses %+v %+v", v, p.past, losses)
			}
			if want, ok := p.take(); !ok || v != want {
				return fmt.Errorf("took %d, want %d, %v", v, want, ok)
			}
		}
		if most--; most == 0 {
			return nil
		}
	}
	return nil
}

// drain reads the ended queue to its end with All.
func (p *play) drain() error {
	p.note("drain")
	if err := p.walk(p.q.All(), 0); err != nil {
		return err
	}
	if len(p.past)+len(p.entries) > 0 {
		return fmt.Errorf("All ended before %+v %+v", p.past, p.entries)
	}
	if err := p.q.Drained(context.Background()); err != nil {
		return err
	}
	return p.check()
}

// One reader, whatever it does in whatever order, sees every value and every
// loss exactly in its place, and every count exact.
func TestModel(t *testing.T) {
	seeds := 4_000
	if testing.Short() {
		seeds = 400
	}
	first := rand.Uint64N(1 << 40)
	if *seedFlag != 0 {
		first, seeds = *seedFlag, 1
	}
	for i := range seeds {
		seed := first + uint64(i)
		p := newPlay(seed)
		if err := p.run(); err != nil {
			for _, line := range p.scene {
				t.Log(line)
			}
			t.Fatalf("-seed=%d: %+v: %v", seed, p.cfg, err)
		}
	}
}

// The same in a bubble, where a pump or a reader that waits for ever is a
// deadlock that is found at once.
func TestModelInBubble(t *testing.T) {
	first := rand.Uint64N(1 << 40)
	if *seedFlag != 0 {
		first = *seedFlag
	}
	for i := range uint64(300) {
		synctest.Test(t, func(t *testing.T) {
			p := newPlay(first + i)
			if err := p.run(); err != nil {
				t.Fatalf("-seed=%d: %+v: %v", first+i, p.cfg, err)
			}
			synctest.Wait()
		})
	}
}
