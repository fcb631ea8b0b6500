package simulation

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/realtimex/realtimex-go/internal/ledger"
	"github.com/realtimex/realtimex-go/rtx"
)

// A request says what stream to open, to the last detail.
type request struct {
	channels []string // one, several for a group; none for a stream of the whole client
	events   []string // one, several for OnAny
	parts    int      // of a Partition
	message  bool     // a view with channel and event
	buffer   int
	policy   rtx.Policy
	reader   string // all, pending, batches, c
	pace     string // eager, slow, stuck
	seed     uint64 // of the consumer's pauses
}

func (q request) String() string {
	src := strings.Join(q.channels, "+")
	if src == "" {
		src = "client"
	}
	return fmt.Sprintf("%s/%s %v Buffer(%d) %s %s parts=%d", src, strings.Join(q.events, "|"), q.policy, q.buffer, q.reader, q.pace, q.parts)
}

// opened is a stream with its tape.
type opened struct {
	tape     *ledger.Tape
	request  request
	whole    bool
	promised map[string]bool // of a stream of the whole client
	at       time.Time
	group    *rtx.Group
	channels []string
	cancel   context.CancelFunc
	close    func()
	ready    func(context.Context) error
	err      func() error
	shut     bool
	siblings []*opened // of a partition, itself included
}

// open opens a stream and has it read.
func (p *peer) open(q request) {
	var src rtx.Source = p.client
	var group *rtx.Group
	switch {
	case len(q.channels) == 1:
		src = p.client.Channel(q.channels[0])
	case len(q.channels) > 1:
		group = rtx.NewGroup()
		for _, c := range q.channels {
			if err := group.Add(p.client.Channel(c)); err != nil {
				p.w.breach("Add: %v", err)
			}
		}
		src = group
	}
	ctx, cancel := context.WithCancel(p.ctx)
	if q.message || len(q.channels) != 1 {
		openAs(p, q, src, group, ctx, cancel, ledger.Addressed)
		return
	}
	openAs(p, q, src, group, ctx, cancel, ledger.Plain)
}

// openAs opens a stream of T.
func openAs[T any](p *peer, q request, src rtx.Source, group *rtx.Group, ctx context.Context, cancel context.CancelFunc, view ledger.View[T]) {
	opts := []rtx.StreamOption{rtx.WithBuffer(q.buffer), rtx.WithOverflow(q.policy)}
	var streams []*rtx.Stream[T]
	switch {
	case q.parts > 0:
		streams = rtx.Partition(ctx, src, q.events[0], q.parts, func(v T) int {
			_, _, value := view(v)
			return value.Key
		}, opts...)
	case len(q.events) > 1:
		var cases []rtx.Case[T]
		for _, e := range q.events {
			cases = append(cases, rtx.CaseOf(e, func(v T) T { return v }))
		}
		streams = append(streams, rtx.OnAny(ctx, src, cases, opts...))
	default:
		streams = append(streams, rtx.On[T](ctx, src, q.events[0], opts...))
	}
	var family []*opened
	for i, s := range streams {
		o := &opened{
			request: q, whole: len(q.channels) == 0, promised: make(map[string]bool), at: time.Now(), group: group, channels: slices.Clone(q.channels),
			cancel: cancel, close: s.Close, ready: s.Ready, err: s.Err,
		}
		o.tape = &ledger.Tape{
			Name: fmt.Sprintf("client %s stream %d (%v) part %d", p.name, len(p.streams), q, i), Link: &p.link,
			Want: p.wants(q), Policy: q.policy, Slow: p.w.slowed, Flight: p.flight(),
		}
		if len(q.channels) == 1 {
			o.tape.Channel = q.channels[0]
		}
		if len(q.events) == 1 {
			o.tape.Event = q.events[0]
		}
		if q.reader == "c" {
			o.tape.Reader = ledger.Early
		}
		family = append(family, o)
		p.w.mu.Lock()
		p.streams = append(p.streams, o)
		p.w.mu.Unlock()
		pace := p.w.pace(q.pace, q.seed+uint64(i))
		p.readers.Go(func() {
			switch q.reader {
			case "c":
				ledger.ReadC(o.tape, s, view, pace)
			case "pending":
				ledger.ReadPending(o.tape, s, view, pace)
			case "batches":
				ledger.ReadBatches(o.tape, s, 5, 100*time.Millisecond, view, pace)
			default:
				ledger.ReadAll(o.tape, s, view, pace)
			}
		})
		if o.whole {
			p.readers.Go(func() {
				if _, err := p.client.Channel(anchor).Subscribe(p.ctx); err == nil {
					p.promise(anchor, time.Now().Add(1))
				}
			})
			continue
		}
		p.await(ctx, o)
	}
	for _, o := range family {
		o.siblings = family
	}
}

// await makes what the stream's channels have due once it is ready.
func (p *peer) await(ctx context.Context, o *opened) {
	channels := slices.Clone(o.channels)
	p.readers.Go(func() {
		if o.ready(ctx) == nil {
			o.tape.Promise(channels...)
		}
	})
}

// wants tells the events that a stream is for.
func (p *peer) wants(q request) func(ledger.Event) bool {
	any := slices.Contains(q.events, "*")
	own := p.name + "/"
	return func(e ledger.Event) bool {
		return !strings.HasPrefix(e.From, own) && (any || slices.Contains(q.events, e.Name))
	}
}

// partitions settles which partition each key is for, which only the library knows.
func (p *peer) partitions() {
	for _, o := range p.streams {
		if len(o.siblings) < 2 || o.siblings[0] != o {
			continue
		}
		owner := make(map[int]*opened)
		for _, part := range o.siblings {
			for k := range part.tape.Keys() {
				if other := owner[k]; other != nil {
					p.w.breach("%s: the key %d came on two partitions", part.tape.Name, k)
				}
				owner[k] = part
			}
		}
		for _, part := range o.siblings {
			want := part.tape.Want
			part.tape.Want = func(e ledger.Event) bool {
				return want(e) && (e.Malformed || owner[e.Key] == part || owner[e.Key] == nil)
			}
			// A key none of whose values got through could be any partition's.
			part.tape.Maybe = func(e ledger.Event) bool { return !e.Malformed && owner[e.Key] == nil }
		}
	}
}

// pace is how a consumer spends its time.
func (w *world) pace(kind string, seed uint64) ledger.Pace {
	r := rand.New(rand.NewPCG(seed, 1))
	switch kind {
	case "slow":
		return func() { w.rest(time.Duration(r.Int64N(400e6))) }
	case "stuck":
		return func() {
			if r.IntN(20) == 0 {
				w.rest(time.Duration(r.Int64N(600e9)))
			}
		}
	}
	return func() {}
}

// shutStream ends one of the open streams, by Close or by its context.
func (p *peer) shutStream(i int, byContext bool) {
	o := p.pick(i, func(o *opened) bool { return true })
	if o == nil {
		return
	}
	if byContext {
		for _, part := range o.siblings {
			part.shut = true
		}
		o.cancel()
		return
	}
	o.shut = true
	o.close()
}

// pick returns one of the open streams that ok takes.
func (p *peer) pick(i int, ok func(*opened) bool) *opened {
	var open []*opened
	for _, o := range p.streams {
		if !o.shut && o.err() == nil && ok(o) {
			open = append(open, o)
		}
	}
	if len(open) == 0 {
		return nil
	}
	return open[i%len(open)]
}

// openStreams counts them.
func (p *peer) openStreams() (n int) {
	for _, o := range p.streams {
		if !o.shut && o.err() == nil {
			n++
		}
	}
	return n
}

// regroup adds a channel to a group, or removes one for good.
func (p *peer) regroup(i, channel int, add bool) {
	o := p.pick(i, func(o *opened) bool { return o.group != nil })
	if o == nil {
		return
	}
	name := published[channel%len(published)]
	ch := p.client.Channel(name)
	if !add {
		for _, part := range o.siblings {
			part.tape.Release(name)
		}
		o.group.Remove(ch)
		return
	}
	if err := o.group.Add(ch); err != nil {
		p.w.breach("Add: %v", err)
		return
	}
	for _, part := range o.siblings {
		if !slices.Contains(part.channels, name) {
			part.channels = append(part.channels, name)
		}
		p.await(p.ctx, part)
	}
}

// leave unsubscribes a channel, whatever is on it.
func (p *peer) leave(channel string) {
	p.link.Leaves(channel)
	p.w.mu.Lock()
	for _, o := range p.streams {
		delete(o.promised, channel)
	}
	p.w.mu.Unlock()
	if err := p.client.ForceUnsubscribe(channel); err != nil {
		p.w.breach("ForceUnsubscribe: %v", err)
	}
}
