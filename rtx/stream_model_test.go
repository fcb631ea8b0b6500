package rtx

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/race"
	"github.com/realtimex/realtimex-go/internal/testserver"
)

var modelSeed = flag.Uint64("modelseed", 0, "run the stream model test with this seed only")

// The model is what streams are to do, written as simply as can be: each has one list of values and
// losses in their order, nothing is merged, and who is attached to what is a map.
type model struct {
	joined   map[string]bool
	wasOn    map[string]bool // before the link went down, and not since
	lostIn   map[string]int  // in which epoch that was
	epoch    int
	up       bool
	refuses  map[string]bool
	members  []map[string]bool // of each group
	streams  []*modelStream
	dropped  uint64
	garbled  uint64
	timeline []string // what was done, for the report
}

type modelStream struct {
	event    string
	group    int // the source's number, or -1
	whole    bool
	policy   Policy
	bound    int64 // of Grow
	capacity int
	conflate bool            // by modelKey
	since    int             // the epoch of a stream of the whole client
	attached map[string]int  // channels, and the epoch of the attachment
	left     map[string]bool // channels that it left while the link was down
	refused  map[string]error

	pending, read []modelEntry
	ended         bool
	err           error
	values        uint64
	dropped       uint64
	garbled       uint64
	superseded    uint64

	s      *Stream[Message[int]]
	cancel context.CancelCauseFunc
	got    []modelEntry
}

// A modelEntry is a value, or a loss.
type modelEntry struct {
	channel, event string
	value          int
	bytes          int64
	extra          bool // of a stream that conflates: it came when there was no room but by Grow
	loss           *Gap
}

func modelKey(m Message[int]) int { return m.Value % 3 }

var (
	modelChannels = []string{"c0", "c1", "c2", "c3"}
	errModel      = errors.New("the model's cause")
)

func (m *model) note(format string, args ...any) {
	m.timeline = append(m.timeline, fmt.Sprintf(format, args...))
}

func (m *model) open() []*modelStream {
	return slices.DeleteFunc(slices.Clone(m.streams), func(s *modelStream) bool { return s.ended })
}

func (m *model) held(channel string) bool {
	return slices.ContainsFunc(m.open(), func(s *modelStream) bool { _, on := s.attached[channel]; return on })
}

// settle is what the service makes of what is wanted.
func (m *model) settle() {
	for again := m.up; again; {
		again = false
		for _, ch := range modelChannels {
			switch held := m.held(ch); {
			case !held:
				m.joined[ch], m.wasOn[ch] = false, false
			case m.joined[ch]:
			case m.refuses[ch]:
				m.evict(ch, &SubscribeError{Channel: ch, Code: 4009, Message: "no"})
				again = true
			default:
				m.joined[ch] = true
				if m.wasOn[ch] {
					m.wasOn[ch] = false
					m.reconnected(ch)
				}
			}
		}
	}
}

// came tells those that left a channel while the link was down what they missed until then.
func (m *model) came() {
	m.up = true
	for _, s := range m.open() {
		for ch := range s.left {
			s.lose(m, Gap{Channel: ch, Reconnected: true})
		}
		clear(s.left)
	}
}

// leave takes a channel from a group's stream.
func (m *model) leave(s *modelStream, ch string) {
	at, on := s.attached[ch]
	delete(s.attached, ch)
	delete(s.refused, ch)
	if on && !m.up && m.wasOn[ch] && at <= m.lostIn[ch] {
		s.left[ch] = true
	}
}

// unheld has the streams of the whole client leave the channels that nothing holds any more.
func (m *model) unheld() {
	for _, ch := range modelChannels {
		if m.up || !m.wasOn[ch] || m.held(ch) {
			continue
		}
		for _, s := range m.open() {
			if s.whole && s.since <= m.lostIn[ch] {
				s.left[ch] = true
			}
		}
	}
}

func (m *model) reconnected(ch string) {
	for _, s := range m.open() {
		at, on := s.attached[ch]
		if s.whole {
			at, on = s.since, true
		}
		if on && at <= m.lostIn[ch] {
			s.lose(m, Gap{Channel: ch, Reconnected: true})
		}
	}
}

func (m *model) evict(ch string, err error) {
	wasOn := m.joined[ch] || m.wasOn[ch]
	m.joined[ch], m.wasOn[ch] = false, false
	for _, s := range m.open() {
		if s.whole {
			if wasOn {
				s.lose(m, Gap{Channel: ch, Ended: true})
			}
			continue
		}
		if _, on := s.attached[ch]; !on {
			continue
		}
		delete(s.attached, ch)
		s.refused[ch] = err
		if s.group < 0 {
			s.end(m, err, true)
			continue
		}
		s.lose(m, Gap{Channel: ch, Ended: true})
		if len(s.attached) == 0 {
			s.end(m, errors.Join(slices.Collect(maps.Values(s.refused))...), true)
		}
	}
}

func (m *model) publish(ch, event string, value int, payload string) {
	if !m.up || !m.joined[ch] || !m.held(ch) {
		return
	}
	for _, s := range m.open() {
		_, on := s.attached[ch]
		if (on || s.whole) && (s.event == event || s.event == "*") {
			s.take(m, modelEntry{channel: ch, event: event, value: value, bytes: int64(len(payload))}, payload)
		}
	}
}

func (m *model) down() {
	for _, ch := range modelChannels {
		if m.joined[ch] {
			m.wasOn[ch], m.lostIn[ch] = true, m.epoch
		}
		m.joined[ch] = false
	}
	m.epoch++
	m.up = false
}

func (s *modelStream) take(m *model, e modelEntry, payload string) {
	if strings.HasPrefix(payload, `"`) {
		s.lose(m, Gap{Channel: e.channel, Malformed: 1})
		return
	}
	if s.conflate && s.supersede(e) {
		return
	}
	if s.waiting() < s.capacity {
		s.pending = append(s.pending, e)
		return
	}
	e.extra = s.bound > 0
	lost := Gap{Channel: e.channel, Dropped: 1}
	switch {
	case s.bound > 0:
		if s.spilled()+e.bytes <= s.bound {
			s.pending = append(s.pending, e)
			return
		}
		s.lose(m, lost)
		s.end(m, ErrOverflow, false)
	case s.policy == EndStream:
		s.lose(m, lost)
		s.end(m, ErrOverflow, false)
	case s.policy == DropNewest:
		s.lose(m, lost)
	default:
		oldest := slices.IndexFunc(s.pending, func(e modelEntry) bool { return e.loss == nil })
		s.drop(m, oldest)
		s.pending = append(s.pending, e)
	}
}

// supersede takes the value that waits under the same key away, and reports whether e has its
// place.
func (s *modelStream) supersede(e modelEntry) bool {
	at := slices.IndexFunc(s.pending, func(o modelEntry) bool { return o.loss == nil && o.value%3 == e.value%3 })
	if at < 0 {
		return false
	}
	s.superseded++
	was := s.pending[at]
	lost := slices.ContainsFunc(s.pending[at:], func(e modelEntry) bool { return e.loss != nil })
	if !lost && (!was.extra || s.spilled()-was.bytes+e.bytes <= s.bound) {
		e.extra = was.extra
		s.pending[at] = e
		return true
	}
	s.pending = slices.Delete(s.pending, at, at+1)
	return false
}

// drop makes a loss of a value that waits.
func (s *modelStream) drop(m *model, at int) {
	s.pending[at] = modelEntry{loss: &Gap{Channel: s.pending[at].channel, Dropped: 1}}
	s.dropped++
	m.dropped++
}

func (s *modelStream) lose(m *model, g Gap) {
	s.pending = append(s.pending, modelEntry{loss: &g})
	s.dropped += g.Dropped
	s.garbled += g.Malformed
	m.dropped += g.Dropped
	m.garbled += g.Malformed
}

func (s *modelStream) waiting() (n int) {
	for _, e := range s.pending {
		if e.loss == nil {
			n++
		}
	}
	return n
}

func (s *modelStream) spilled() (bytes int64) {
	n := 0
	for _, e := range s.pending {
		if s.conflate {
			if e.extra {
				bytes += e.bytes
			}
			continue
		}
		if e.loss == nil {
			if n++; n > s.capacity {
				bytes += e.bytes
			}
		}
	}
	return bytes
}

func (s *modelStream) end(m *model, err error, discard bool) {
	if !s.ended {
		s.ended, s.err = true, err
		clear(s.attached)
	}
	n := 0
	for i, e := range s.pending {
		if e.loss != nil {
			continue
		}
		if n++; n > s.capacity && discard && !s.conflate {
			s.drop(m, i)
		}
	}
}

// A modelRun plays one scene on the model and on a client.
type modelRun struct {
	*model
	r      *rand.Rand
	c      *Client
	w      modelService
	groups []*Group
	value  int
}

// A modelService is what the client talks to.
type modelService interface {
	up()
	down()
	settle() // until nothing moves
	publish(channel, event, payload string)
	refuse(channel string, on bool)
}

func TestStreamsAgainstModel(t *testing.T) {
	playScenes(t, uint64(race.Fewer(2000, 400)), func(t *testing.T, seed uint64) {
		w := newWire(t)
		playScene(t, seed, w.c, w)
	})
}

// The same with nothing that is a fake: the client's own connection to a server in memory.
func TestStreamsOnAServerAgainstModel(t *testing.T) {
	playScenes(t, 100, func(t *testing.T, seed uint64) {
		server := testserver.NewPipeServer(t)
		c, err := New(server.Key(), WithURL(server.URL()), WithHTTPClient(server.HTTPClient()))
		if err != nil {
			t.Fatal(err)
		}
		playScene(t, seed, c, &pipe{t: t, c: c, s: server})
		server.Close()
		time.Sleep(time.Minute) // for close timers to run out
	})
}

// A pipe is a server in memory, in a synctest bubble.
type pipe struct {
	t         *testing.T
	c         *Client
	s         *testserver.Server
	connected bool
}

func (p *pipe) up() {
	if !p.connected {
		p.connected = true
		if err := p.c.Connect(p.t.Context()); err != nil {
			p.t.Fatal(err)
		}
		return
	}
	p.s.Resume(testserver.Forget)
	time.Sleep(time.Minute)
}

func (p *pipe) down()   { p.s.Stop(); synctest.Wait() }
func (p *pipe) settle() { synctest.Wait() }

func (p *pipe) publish(channel, event, payload string) {
	p.s.Publish(channel, event, json.RawMessage(payload))
	synctest.Wait()
}

func (p *pipe) refuse(channel string, on bool) {
	if on {
		p.s.Deny(channel, "no", 4009)
	} else {
		p.s.Allow(channel)
	}
}

// playScenes plays each seed in a bubble of its own.
func playScenes(t *testing.T, seeds uint64, play func(t *testing.T, seed uint64)) {
	first := uint64(1)
	if testing.Short() {
		seeds /= 10
	}
	if *modelSeed != 0 {
		seeds, first = 1, *modelSeed
	}
	for seed := first; seed < first+seeds && !t.Failed(); seed++ {
		synctest.Test(t, func(t *testing.T) { play(t, seed) })
	}
}

func playScene(t *testing.T, seed uint64, c *Client, w modelService) {
	t.Helper()
	run := newModelRun(seed, c, w)
	if err := run.play(); err != nil {
		t.Errorf("%v\nseed %d; again with -run %s -modelseed %d\n%s", err, seed, t.Name(), seed, strings.Join(run.timeline, "\n"))
		_ = c.Close()
	}
}

func newModelRun(seed uint64, c *Client, w modelService) *modelRun {
	run := &modelRun{
		r: rand.New(rand.NewPCG(seed, 4)), c: c, w: w,
		model: &model{
			joined: make(map[string]bool), wasOn: make(map[string]bool), lostIn: make(map[string]int), refuses: make(map[string]bool),
		},
	}
	for range 2 {
		run.groups = append(run.groups, NewGroup(run.c.Channel("c0")))
		run.members = append(run.members, map[string]bool{"c0": true})
	}
	return run
}

func (run *modelRun) play() error {
	for range 20 + run.r.IntN(60) {
		run.step()
		run.unheld()
		run.w.settle()
		synctest.Wait()
		run.settle()
		if err := run.check(); err != nil {
			return err
		}
	}
	run.note("the client closes")
	_ = run.c.Close()
	for _, s := range run.streams {
		s.end(run.model, ErrClosed, true)
		for v, g := range s.s.All() {
			s.record(v, g)
		}
		s.read = append(s.read, s.pending...)
		s.values += uint64(s.waiting())
		s.pending = nil
	}
	run.settle()
	return run.check()
}

func (run *modelRun) step() {
	switch n := run.r.IntN(100); {
	case n < 10:
		run.openStream()
	case n < 50:
		for range 1 + run.r.IntN(4) {
			run.event()
		}
	case n < 72:
		run.readSome()
	case n < 76:
		run.endStream()
	case n < 79:
		ch := run.channel()
		run.note("unsubscribe %s", ch)
		_ = run.c.ForceUnsubscribe(ch)
		if run.held(ch) {
			run.evict(ch, ErrUnsubscribed)
		}
	case n < 82:
		ch := run.channel()
		refuse := run.r.IntN(2) == 0
		run.note("refuse %s: %v", ch, refuse)
		run.refuses[ch] = refuse
		run.w.refuse(ch, refuse)
	case n < 90:
		run.link()
	case n < 99:
		run.regroup()
	default:
		run.note("drain")
		ctx, cancel := context.WithCancel(context.Background())
		cancel() // what is spilled leaves with later reads
		_ = run.c.Drain(ctx)
		for _, s := range run.open() {
			s.end(run.model, nil, false)
		}
	}
}

func (run *modelRun) channel() string { return modelChannels[run.r.IntN(len(modelChannels))] }

func (run *modelRun) link() {
	if run.up {
		run.note("the link goes down")
		run.w.down()
		run.down()
		return
	}
	run.note("the link comes up")
	run.w.up()
	run.came()
}

func (run *modelRun) openStream() {
	r := run.r
	s := &modelStream{
		event: []string{"a", "b", "*", "*"}[r.IntN(4)], group: -1, capacity: 1 + r.IntN(5),
		policy:   []Policy{DropOldest, DropOldest, DropNewest, EndStream}[r.IntN(4)],
		attached: make(map[string]int), left: make(map[string]bool), refused: make(map[string]error),
	}
	if r.IntN(3) == 0 {
		s.bound = 1 + r.Int64N(8)
		s.policy = Grow(s.bound)
	}
	var src Source
	switch r.IntN(4) {
	case 0:
		s.group = r.IntN(len(run.groups))
		src = run.groups[s.group]
		for ch := range run.members[s.group] {
			s.attached[ch] = run.epoch
		}
	case 1:
		s.whole, s.since = true, run.epoch
		src = run.c
	default:
		ch := run.channel()
		src = run.c.Channel(ch)
		s.attached[ch] = run.epoch
	}
	run.note("stream %d: %q on %v%s, %v of %d", len(run.streams), s.event, slices.Sorted(maps.Keys(s.attached)), map[bool]string{true: "everything"}[s.whole], s.policy, s.capacity)
	ctx, cancel := context.WithCancelCause(context.Background())
	s.cancel = cancel
	opts := []StreamOption{WithBuffer(s.capacity), WithOverflow(s.policy)}
	if s.conflate = r.IntN(4) == 0; s.conflate {
		opts = append(opts, WithConflate(modelKey))
	}
	s.s = On[Message[int]](ctx, src, s.event, opts...)
	run.streams = append(run.streams, s)
}

func (run *modelRun) event() {
	if !run.up {
		return
	}
	ch, event := run.channel(), []string{"a", "b"}[run.r.IntN(2)]
	run.value++
	payload := fmt.Sprint(run.value)
	if run.r.IntN(8) == 0 {
		payload = `"no number"`
	}
	run.note("event %s on %s: %s", event, ch, payload)
	run.w.publish(ch, event, payload)
	run.publish(ch, event, run.value, payload)
}

// readSome reads values, with the gaps before them, in one of the three ways.
func (run *modelRun) readSome() {
	if len(run.streams) == 0 {
		return
	}
	i := run.r.IntN(len(run.streams))
	s := run.streams[i]
	have := s.waiting()
	if have == 0 {
		return
	}
	n := 1 + run.r.IntN(have)
	if n < have && run.r.IntN(2) == 0 && !s.conflate {
		run.note("read %d from stream %d's C", n, i)
		for range n {
			v := <-s.s.C
			for g := range s.s.Gaps() {
				s.record(Message[int]{}, g)
			}
			s.record(v, nil)
		}
	} else {
		way, seq := "All", s.s.All()
		if run.r.IntN(2) == 0 {
			way, seq = "Pending", s.s.Pending()
			<-s.s.Wake
		}
		run.note("read %d from stream %d's %s", n, i, way)
		left := n
		for v, g := range seq {
			s.record(v, g)
			if g == nil {
				if left--; left == 0 {
					break
				}
			}
		}
	}
	for n > 0 {
		e := s.pending[0]
		s.pending = s.pending[1:]
		s.read = append(s.read, e)
		if e.loss == nil {
			n--
			s.values++
		}
	}
}

func (s *modelStream) record(v Message[int], g *Gap) {
	s.got = append(s.got, modelEntry{channel: v.Channel, event: v.Event, value: v.Value, loss: g})
}

func (run *modelRun) endStream() {
	if len(run.streams) == 0 {
		return
	}
	i := run.r.IntN(len(run.streams))
	s := run.streams[i]
	if run.r.IntN(2) == 0 {
		run.note("close stream %d", i)
		s.s.Close()
		s.end(run.model, nil, true)
		return
	}
	run.note("cancel stream %d", i)
	s.cancel(errModel)
	synctest.Wait()
	// A context that was let go at the stream's end discards nothing any more; there is nothing
	// left to discard then, unless the stream still lets its spill out, and in that case it was
	// kept.
	s.end(run.model, errModel, true)
}

func (run *modelRun) regroup() {
	g, ch := run.r.IntN(len(run.groups)), run.channel()
	handle := run.c.Channel(ch)
	if run.r.IntN(5) < 3 {
		run.note("add %s to group %d", ch, g)
		_ = run.groups[g].Add(handle)
		run.members[g][ch] = true
		for _, s := range run.open() {
			if _, on := s.attached[ch]; s.group == g && !on {
				s.attached[ch] = run.epoch
				delete(s.refused, ch)
			}
		}
		return
	}
	run.note("remove %s from group %d", ch, g)
	run.groups[g].Remove(handle)
	if !run.members[g][ch] {
		return
	}
	delete(run.members[g], ch)
	for _, s := range run.open() {
		if s.group == g {
			run.leave(s, ch)
		}
	}
}

// check compares all that can be seen.
func (run *modelRun) check() error {
	open := 0
	for i, s := range run.streams {
		if got, want := outline(s.got), outline(s.read); got != want {
			return fmt.Errorf("stream %d read\n%s\nwant\n%s", i, got, want)
		}
		if err := sameEnd(s.s.Err(), s.err); err != nil {
			return fmt.Errorf("stream %d: %w", i, err)
		}
		got := s.s.Stats()
		got.ID = 0 // by TestStreamIDs
		want := StreamStats{
			Name: got.Name, Depth: s.waiting(), Capacity: s.capacity,
			Delivered: s.values, Dropped: s.dropped, Malformed: s.garbled, Superseded: s.superseded,
		}
		if got != want {
			return fmt.Errorf("stream %d: %+v, want %+v", i, got, want)
		}
		if !s.ended {
			open++
		}
	}
	st := run.c.Stats()
	if st.Streams != open || st.Dropped != run.dropped || st.Malformed != run.garbled {
		return fmt.Errorf("%+v, want %d streams, %d dropped, %d malformed", st, open, run.dropped, run.garbled)
	}
	if n := len(run.c.StreamStats()); n != open {
		return fmt.Errorf("the client lists %d streams, want %d", n, open)
	}
	for _, ch := range modelChannels {
		want := ChannelUnsubscribed
		switch {
		case run.joined[ch]:
			want = ChannelSubscribed
		case run.held(ch):
			want = ChannelSubscribing
		}
		if got := run.c.Channel(ch).State(); got != want {
			return fmt.Errorf("%s is %v, want %v", ch, got, want)
		}
	}
	return nil
}

// sameEnd compares errors by what they say, a join in any order.
func sameEnd(got, want error) error {
	if (got == nil) != (want == nil) {
		return fmt.Errorf("ended with %v, want %v", got, want)
	}
	if got == nil {
		return nil
	}
	lines := func(err error) []string { return slices.Sorted(strings.SplitSeq(err.Error(), "\n")) }
	if !slices.Equal(lines(got), lines(want)) {
		return fmt.Errorf("ended with %v, want %v", got, want)
	}
	return nil
}

// outline is values in their order, and between them what each channel lost there.
func outline(entries []modelEntry) string {
	var b strings.Builder
	losses := make(map[string]Gap)
	flush := func() {
		for _, ch := range slices.Sorted(maps.Keys(losses)) {
			g := losses[ch]
			fmt.Fprintf(&b, "  %s: dropped %d, malformed %d, reconnected %v, ended %v\n", ch, g.Dropped, g.Malformed, g.Reconnected, g.Ended)
		}
		clear(losses)
	}
	for _, e := range entries {
		if e.loss == nil {
			flush()
			fmt.Fprintf(&b, "  %s/%s %d\n", e.channel, e.event, e.value)
			continue
		}
		g := losses[e.loss.Channel]
		g.Dropped += e.loss.Dropped
		g.Malformed += e.loss.Malformed
		g.Reconnected = g.Reconnected || e.loss.Reconnected
		g.Ended = g.Ended || e.loss.Ended
		losses[e.loss.Channel] = g
	}
	flush()
	return b.String()
}
