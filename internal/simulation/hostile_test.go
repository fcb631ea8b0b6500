package simulation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/ledger"
	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtx/presence"
)

// In every other plan some channels are in bad hands: who publishes there, who is a member there
// and what the service answers for them is as bad as can be. Every client is on them all the time.
// The law for all other channels holds as if they were not there: nothing is looked upon more
// mildly because of them.
var bad = []string{"bad", "private-bad", "presence-bad"}

// readLimit is that of every client.
const readLimit = 64 << 10

// nested is JSON of so many levels.
func nested(levels int) string { return strings.Repeat(`[`, levels) + strings.Repeat(`]`, levels) }

// oddNames are JSON strings, and what should be one.
var oddNames = []string{
	`""`, `"5"`, `5`, `-1e400`, `null`, `{}`, `[[]]`, `true`, `"*"`, `"\ud83d"`, `"\udc00\ud83d"`, `"a\u0000b"`, `"\u202e"`, `" "`, `"client-x"`, `"e1"`,
	`"__proto__"`, `"` + strings.Repeat("n", 5000) + `"`,
	`"realtimex:pong"`, `"realtimex:error"`, `"realtimex:connection_established"`, `"realtimex:subscribe"`, `"error"`, `"server-event"`,
	`"realtimex_internal:subscription_error"`, `"realtimex_internal:subscription_succeeded"`, `"realtimex_internal:member_added"`,
	`"realtimex_internal:member_removed"`, `"presence:subscription_succeeded"`, `"presence:subscription_error"`, `"presence:member_added"`,
	`"presence:member_removed"`,
}

// oddData tells lies about good channels and members.
var oddData = []string{
	`null`, `{"channel":"a","error":"gone","code":4003}`, `{"channel":"presence-lobby","user_id":"user-0.0"}`,
	`"{\"channel\":\"private-chat\"}"`, `{"channel":"b","members":[{"user_id":"member-1"}]}`, `{"n":1e400,"key":-0}`, `{"n":1,"n":2,"N":3}`,
	`{"user_id":{"a":[1]},"user_info":7}`, `{"user_id":12345678901234567890}`, `{"socket_id":"another"}`, `{"presence":{"count":120}}`,
	`{"presence":{"ids":["x",7,null],"hash":{"x":[]},"count":-1}}`, `{"_placeholder":true,"num":7}`, `{"channel":"a","channel":"presence-bad"}`,
}

// A misdeed is one act of the bad ones. It counts.
func (d *drawer) misdeed(r *rand.Rand, at time.Duration) {
	channel := bad[r.IntN(len(bad))]
	act := func(text string, do func(w *world)) {
		d.step(at, text, func(w *world) {
			w.misdeeds++
			do(w)
		})
	}
	// What is larger than a client reads ends each connection that it comes to.
	deep, large, levels := 1+r.IntN(20_000), r.IntN(2*readLimit), 1+r.IntN(9000)
	if d.p.clean {
		deep, large, levels = 1+deep/2, large/16, 1+levels/3 // two of them, and five members together, stay below it
	}
	data := oddData[r.IntN(len(oddData))]
	if r.IntN(3) == 0 {
		data = nested(deep)
	}
	id := fmt.Sprintf("bad-%d", r.IntN(5))
	switch r.IntN(12) {
	case 0, 1:
		name := oddNames[r.IntN(len(oddNames))]
		act(fmt.Sprintf("%.30s: %.60s on %s", name, data, channel), func(w *world) {
			w.inject(channel, fmt.Sprintf(`42["server-event",{"channel":%q,"event":%s,"data":%s}]`, channel, name, data))
		})
	case 2:
		name := oddNames[r.IntN(len(oddNames))]
		act(fmt.Sprintf("%.30s: %.60s to whoever is on %s", name, data, channel), func(w *world) {
			w.inject(channel, fmt.Sprintf(`42["realtimex_internal:%s",{"channel":%q,"event":%s,"data":%s}]`, id, channel, name, data))
		})
	case 3:
		name := strings.Trim(oddNames[len(oddNames)-1-r.IntN(14)], `"`)
		shallow := oddData[r.IntN(len(oddData)-3)+3]
		if strings.Contains(shallow, "e400") {
			shallow = `[]`
		}
		act(fmt.Sprintf("forge %s on %s: %s", name, channel, shallow), func(w *world) { w.s.Forge(channel, name, json.RawMessage(shallow)) })
	case 4:
		act(fmt.Sprintf("%d levels on %s", levels, channel), func(w *world) { w.s.Publish(channel, "e1", json.RawMessage(nested(levels))) })
	case 5:
		act(fmt.Sprintf("%d bytes on %s", large, channel), func(w *world) { w.s.Publish(channel, "e1", strings.Repeat("x", large)) })
	case 6:
		act(fmt.Sprintf("%s joins with %d levels", id, levels), func(w *world) {
			w.s.Join("presence-bad", auth.Member{ID: id, Info: json.RawMessage(nested(levels))})
		})
	case 7:
		act(fmt.Sprintf("%s joins with %d bytes", id, large), func(w *world) {
			w.s.Join("presence-bad", auth.Member{ID: id, Info: strings.Repeat("x", large)})
		})
		d.step(at+time.Duration(r.IntN(180))*time.Second, id+" leaves", func(w *world) { w.s.Leave("presence-bad", id) })
	case 8:
		roster := pickOne(&drawer{Rand: r}, `{}`, `{"members":`+data+`}`, `{"presence":`+data+`}`, `{"initial_state":`+nested(deep)+`}`,
			`{"members":[{"user_id":"x","user_info":`+nested(levels)+`},`+data+`]}`, `{"members":[{"user_id":"`+strings.Repeat("x", large)+`"}]}`)
		act(fmt.Sprintf("the roster is %.60s (%d bytes)", roster, len(roster)), func(w *world) { w.s.ForgeRoster("presence-bad", json.RawMessage(roster)) })
		d.step(at+time.Duration(r.IntN(60))*time.Second, "the roster is as it is", func(w *world) { w.s.ForgeRoster("presence-bad", nil) })
		if !d.p.calm {
			d.each(at+time.Second, "drop", func(c *testserver.Conn) { c.Drop(testserver.Reset) })
		}
	case 9:
		n, code := 1+r.IntN(3), pickOne(&drawer{Rand: r}, 4003, 4100, 4200, 503, -1, 0)
		act(fmt.Sprintf("refuse %s %d times, %d, in %d bytes", channel, n, code, large), func(w *world) {
			w.s.DenyNext(channel, n, "no\x1b[31m\u202e"+strings.Repeat("y", large), code)
		})
	case 10, 11:
		name := oddNames[r.IntN(len(oddNames))]
		if strings.Contains(data, `"channel"`) {
			data = `{}` // what comes unwrapped is the service's own word, also of a good channel
		}
		answer := pickOne(&drawer{Rand: r},
			`"realtimex_internal:subscription_succeeded",{"channel":"`+channel+`","initial_state":`+data+`,"data":`+data+`},`+data,
			`"realtimex_internal:subscription_error",{"channel":"`+channel+`","error":`+data+`,"code":`+name+`}`,
			`"realtimex_internal:member_added",{"channel":"presence-bad","user_id":`+name+`,"user_info":`+data+`}`,
			`"presence:member_removed",{"channel":"presence-bad","user_id":`+name+`,"more":`+data+`}`,
			`"error",`+data, `"realtimex:error",{"message":`+name+`,"code":`+data+`}`, name+`,`+data,
			`"presence:subscription_succeeded",{"channel":"presence-bad","presence":{"ids":`+data+`,"hash":`+data+`}}`,
		)
		if !d.p.topmost && strings.Contains(answer, `"presence":`) {
			// A service that wraps rosters wraps all: a client that has seen one unwrapped takes
			// wrapped ones for forged.
			answer = `"server-event",{"channel":"presence-bad","event":"presence:subscription_succeeded","data":{"presence":` + data + `}}`
		}
		act(fmt.Sprintf("answer %.90s (%d bytes) on %s", answer, len(answer), channel), func(w *world) { w.inject(channel, "42["+answer+"]") })
	}
	if r.IntN(4) == 0 {
		slot := r.IntN(d.p.peers)
		act(fmt.Sprintf("client %d triggers %.60s on private-bad", slot, data), func(w *world) {
			p := w.slots[slot]
			p.readers.Go(func() {
				ctx, cancel := context.WithTimeout(p.ctx, time.Second)
				defer cancel()
				_ = p.client.Channel("private-bad").Trigger(ctx, "client-bad", json.RawMessage(data))
			})
		})
	}
}

// Nothing that the bad ones do within the read limit costs anybody the connection, or another
// channel anything: without faults there is no outage at all, and no gap of a reconnection.
func TestHostileActsAreNoOutage(t *testing.T) {
	acts := 0
	for seed := range uint64(10) {
		p := calmPlan(seed + 1)
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, p)
			w.run()
			w.settle()
			w.end()
			for _, b := range w.judge() {
				t.Error(b)
			}
			for _, p := range w.all {
				if o := p.link.Outages(); len(o) > 0 {
					t.Errorf("client %s has lost its connection %d times, first at %s", p.name, len(o), o[0].Down.Format("15:04:05.000000000"))
				}
				for _, o := range p.streams {
					if n := o.tape.Totals(); n.Reconnected+n.Left+n.Ended > 0 {
						t.Errorf("%s was told of %d reconnections and %d ends of channels", o.tape.Name, n.Reconnected+n.Left, n.Ended)
					}
				}
			}
			acts += w.misdeeds
			if t.Failed() {
				t.Fatal(p)
			}
		})
	}
	t.Logf("%d hostile acts", acts)
}

// calmPlan is one of a hostile world without faults.
func calmPlan(seed uint64) *plan {
	d := &drawer{rand.New(rand.NewPCG(seed, 0xca13)), &plan{seed: seed, pong: true, hostile: true, clean: true, calm: true}}
	p := d.p
	p.peers, p.length, p.backoff = 2, 10*time.Minute, time.Second
	d.settings()
	p.clean, p.mayLeave = true, false
	d.opening()
	for range 20 {
		d.traffic(d.when())
	}
	for range 60 {
		d.misdeed(d.Rand, d.when())
	}
	slices.SortStableFunc(p.steps, func(a, b step) int { return int(a.at - b.at) })
	return p
}

// inject sends a frame as it is to whoever is on a channel.
func (w *world) inject(channel, frame string) {
	for _, c := range w.s.Connections() {
		if slices.Contains(c.Channels(), channel) {
			c.Inject(frame)
		}
	}
}

// relent ends all misdeeds.
func (w *world) relent() {
	w.s.ForgeRoster("presence-bad", nil)
	for _, c := range bad {
		w.s.Allow(c)
	}
	for i := range 5 {
		w.s.Leave("presence-bad", fmt.Sprintf("bad-%d", i))
	}
}

// blamed returns a breach for each good channel that was refused for what is too large: the anchor
// has such events, and the bad channels, and they alone may be.
func (o *opened) blamed() (breaches []string) {
	ends := o.tape.Ends()
	if len(o.channels) == 1 && o.err() != nil {
		ends[o.channels[0]] = o.err()
	}
	for _, channel := range slices.Sorted(maps.Keys(ends)) {
		if err := ends[channel]; channel != anchor && errors.Is(err, rtx.ErrTooLarge) {
			breaches = append(breaches, fmt.Sprintf("%s: %s was refused, though nothing on it is too large: %v", o.tape.Name, channel, err))
		}
	}
	return breaches
}

// suffer has a client be on the bad channels, by streams of several kinds and a room, for as long
// as it lives.
func (p *peer) suffer() {
	for i, channel := range bad {
		suffers[any](p, channel, i)
		suffers[ledger.Value](p, channel, i)
		suffers[json.RawMessage](p, channel, i)
	}
	p.readers.Go(func() {
		for n := 0; p.ctx.Err() == nil; n++ {
			r := presence.Watch[info](p.ctx, p.client.Channel("presence-bad"))
			for range r.C {
			}
			p.again(n)
		}
	})
}

// suffers reads a stream of everything on a channel, and opens it again when it has ended.
func suffers[T any](p *peer, channel string, i int) {
	p.readers.Go(func() {
		for p.ctx.Err() == nil {
			for _, g := range rtx.On[T](p.ctx, p.client.Channel(channel), "*").All() {
				if g != nil {
					p.badDropped.Add(g.Dropped)
					p.badMalformed.Add(g.Malformed)
				}
			}
			p.again(i)
		}
	})
}

// again waits before a channel that has been refused is asked for again.
func (p *peer) again(n int) {
	select {
	case <-p.ctx.Done():
	case <-time.After(20*time.Second + p.apart(n)):
	}
}
