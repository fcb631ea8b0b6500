package simulation

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/realtimex/realtimex-go/internal/ledger"
	"github.com/realtimex/realtimex-go/rtx"
)

// A peer is one client, from New to Close. But for what its own goroutines do it belongs to the
// world's.
type peer struct {
	w       *world
	name    string
	number  int // among all
	client  *rtx.Client
	http    *http.Client
	link    ledger.Link
	ctx     context.Context
	cancel  context.CancelFunc
	streams []*opened
	sent    []*sender
	rooms   []*room
	holds   int
	readers sync.WaitGroup // whoever reads or waits
	closed  bool

	badDropped, badMalformed atomic.Uint64 // told of the bad channels
}

// newPeer makes a client and has it connect.
func (w *world) newPeer(slot int) *peer {
	time.Sleep(1_000_037) // the first of its timers are nobody else's
	p := &peer{w: w, number: len(w.all), name: fmt.Sprintf("%d.%d", slot, len(w.all))}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.http = w.far(p.number)
	opts := []rtx.Option{
		rtx.WithURL(w.s.URL()), rtx.WithHTTPClient(p.http), rtx.WithConnectRetry(), w.authorizer(p.http),
		rtx.WithUserData(map[string]any{"user_id": "user-" + p.name, "user_info": map[string]any{"slot": slot}}),
		rtx.WithReadLimit(readLimit), rtx.WithBackoff(250*time.Millisecond, w.plan.backoff),
	}
	opts = append(opts, trace(p.name), rtx.WithTransports(p.transports()...))
	c, err := rtx.New(w.s.Key(), opts...)
	if err != nil {
		w.t.Fatal(err)
	}
	p.client = c
	p.readers.Go(func() { p.link.Watch(c) })
	p.readers.Go(func() {
		if err := c.Connect(p.ctx); err != nil && p.ctx.Err() == nil {
			w.breach("client %s did not connect: %v", p.name, err)
		}
	})
	w.all = append(w.all, p)
	p.hold(anchor)
	for i, chat := range chats {
		p.hold(chat)
		s := &sender{ledger: &ledger.Sent{From: fmt.Sprintf("%s/%d", p.name, i)}, channel: chat, queue: make(chan burst, 1024)}
		p.sent = append(p.sent, s)
		p.readers.Go(func() { s.run(p) })
	}
	if w.plan.hostile {
		p.suffer()
	}
	if w.plan.mayLeave {
		for _, c := range slices.Concat(published, chats, []string{lobby}) {
			p.link.Leaves(c)
		}
	}
	return p
}

// transports are drawn for each client: each order is that of a quarter of them. The draws are the
// client's own, so that they change nothing in the plan.
func (p *peer) transports() []rtx.Transport {
	return [][]rtx.Transport{
		{rtx.WebSocket},
		{rtx.WebSocket, rtx.Polling}, // falls back where a connection hangs, or is cut at once
		{rtx.Polling},
		{rtx.Polling, rtx.WebSocket}, // is upgraded
	}[rand.New(rand.NewPCG(p.w.plan.seed, 0x9011+uint64(p.number))).IntN(4)]
}

// flight is how long an event may be on its way to the client, unless the link is slow: see farConn.
// Over polling it may wait for the next poll, and behind the answer to a POST; and in an upgrade, in
// which no poll is open, as long as the server lets one wait.
func (p *peer) flight() time.Duration {
	if slices.Contains(p.transports(), rtx.Polling) {
		return 250 * time.Millisecond
	}
	return time.Millisecond
}

// apart is a time that is not another's: the runtime draws by chance which of two timers of one
// instant comes first.
func (p *peer) apart(n int) time.Duration { return time.Duration(p.number*8+n+1) * 1_000_037 }

// hold subscribes to a channel for good, however often that is refused.
func (p *peer) hold(channel string) {
	p.holds++
	apart := p.apart(p.holds)
	p.readers.Go(func() {
		var held *rtx.Hold
		for p.ctx.Err() == nil {
			asked := time.Now()
			if h, err := p.client.Channel(channel).Subscribe(p.ctx); err == nil {
				held.Release()
				held = h
				p.promise(channel, asked)
			}
			// Asked for again now and then: it may have been refused since.
			select {
			case <-p.ctx.Done():
			case <-time.After(20*time.Second + apart):
			}
		}
	})
}

// promise makes what a held channel has due on the streams of the whole client that were opened
// before it was asked for: one that is opened while the link is down has no gap for that.
func (p *peer) promise(channel string, asked time.Time) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	for _, o := range p.streams {
		if o.whole && !o.promised[channel] && o.at.Before(asked) {
			o.promised[channel] = true
			o.tape.Promise(channel)
		}
	}
}

// close has the client closed. Its consumers go on with what they have.
func (p *peer) close() {
	if p.closed {
		return
	}
	p.closed = true
	for _, o := range p.streams {
		o.cancel()
	}
	for _, r := range p.rooms {
		r.cancel()
	}
	p.cancel()
	p.readers.Go(func() {
		if err := p.client.Close(); err != nil {
			p.w.breach("Close of %s: %v", p.name, err)
		}
	})
	for _, s := range p.sent {
		close(s.queue)
	}
}

// A sender triggers client events on one channel, one at a time.
type sender struct {
	ledger  *ledger.Sent
	channel string
	queue   chan burst
	arrived []ledger.Arrival
	current uint64
}

// A burst is a number of client events, and how long each may take.
type burst struct {
	n       int
	event   string
	timeout time.Duration
	pause   time.Duration
}

func (s *sender) run(p *peer) {
	ch := p.client.Channel(s.channel)
	for b := range s.queue {
		if b.timeout == 0 {
			b.timeout = time.Minute
		}
		for i := range b.n {
			ctx, cancel := context.WithTimeout(context.Background(), b.timeout)
			_ = s.ledger.Trigger(ctx, p.client, ch, "client-"+b.event, i%keys)
			cancel()
			p.w.rest(b.pause)
		}
	}
}
