package chaos

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	"github.com/realtimex/realtimex-go/internal/ledger"
	"github.com/realtimex/realtimex-go/interop/nodetest"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
)

// flight is the longest that an event may be on its way here: through a slow or paused proxy, and
// out of a server that stands still.
const flight = time.Minute

// stuckAfter is longer than a change of a proxy takes that gets anywhere.
const stuckAfter = 15 * time.Second

var (
	chaosFlag = flag.Duration("chaos", 20*time.Second, "how long to run against each kind of service")
	seedFlag  = flag.Uint64("seed", 0, "draw this schedule; 0 draws a new one")
)

var channels = []string{"a", "b", "private-c", "presence-d"}

const chat = "private-chat"

func TestMain(m *testing.M) {
	zerolog.SetGlobalLevel(zerolog.Disabled) // toxics log to standard error by themselves
	m.Run()
}

func TestChaos(t *testing.T) {
	nodetest.Skip(t)
	for name, opts := range map[string][]nodetest.Option{
		"without recovery": nil,
		"with recovery":    {nodetest.Recovery(time.Minute)},
	} {
		t.Run(name, func(t *testing.T) { chaos(t, opts...) })
	}
}

// TestStuckProxyIsReplaced holds the lock that a stuck change of the proxy holds.
func TestStuckProxyIsReplaced(t *testing.T) {
	nodetest.Skip(t)
	r := &run{
		Rand: rand.New(rand.NewPCG(1, 1)), t: t, quiet: make(chan struct{}), arrived: make(map[string][]ledger.Arrival),
		srv: nodetest.StartServer(t, nodetest.Heartbeat(time.Second, time.Second)),
	}
	r.listen("127.0.0.1:0")
	t.Cleanup(func() { r.proxy.Stop() })
	r.open(0)
	stuck := r.proxy
	stuck.Toxics.Lock()
	r.toxic("downstream", "latency", map[string]any{"latency": 1})
	if r.proxy == stuck {
		t.Fatal("the stuck proxy is still in use")
	}
	r.settle()
	r.judge()
}

// A run is one service behind one proxy, and its clients.
type run struct {
	*rand.Rand
	t       *testing.T
	srv     *nodetest.Server
	proxy   *toxiproxy.Proxy
	book    ledger.Book
	clients []*client
	toxics  int
	mild    []string // toxics that slow links down
	harsh   bool     // there are others
	faults  int
	arrived map[string][]ledger.Arrival
	paced   sync.WaitGroup
	quiet   chan struct{}
}

type client struct {
	*rtx.Client
	link    ledger.Link
	tapes   []*ledger.Tape
	streams []*rtx.Stream[rtx.Message[ledger.Value]]
	sent    ledger.Sent
	readers sync.WaitGroup
}

func chaos(t *testing.T, opts ...nodetest.Option) {
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("seed %d", seed)
	r := &run{
		Rand: rand.New(rand.NewPCG(seed, 1)), t: t, quiet: make(chan struct{}), arrived: make(map[string][]ledger.Arrival),
		srv: nodetest.StartServer(t, append(opts, nodetest.Heartbeat(time.Second, time.Second))...),
	}
	r.listen("127.0.0.1:0")
	t.Cleanup(func() { r.proxy.Stop() })
	for i := range 4 {
		r.open(i)
	}
	for began := time.Now(); time.Since(began) < *chaosFlag; {
		r.publish(1 + r.IntN(6))
		if r.IntN(12) == 0 {
			r.fault()
		}
		r.wait(time.Duration(r.IntN(40)) * time.Millisecond)
	}
	r.settle()
	r.judge()
}

// listen starts a proxy without any toxic.
func (r *run) listen(addr string) {
	api := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	for tries := 0; ; tries++ {
		r.proxy = toxiproxy.NewProxy(api, "service", addr, r.srv.Addr())
		err := r.proxy.Start()
		if err == nil {
			break
		}
		if tries == 100 {
			r.t.Fatal(err)
		}
		r.wait(50 * time.Millisecond) // for the proxy before to give up the address
	}
	r.harsh, r.mild = false, nil
}

// wait paces the run. What is asserted in the end does not depend on it.
func (r *run) wait(d time.Duration) { <-time.After(d) }

func (r *run) publish(n int) {
	for range n {
		e := ledger.Event{
			Channel: channels[r.IntN(len(channels))], Name: fmt.Sprint("e", r.IntN(3)), Key: r.IntN(5), Malformed: r.IntN(30) == 0,
		}
		_ = r.book.Publish(e, func(e ledger.Event) error {
			r.srv.Publish(e.Channel, e.Name, e.Payload())
			return nil
		})
	}
}

// open connects a client with streams of every kind, and one that sends.
func (r *run) open(i int) {
	signer, err := auth.NewSigner(r.srv.Key(), r.srv.Secret())
	if err != nil {
		r.t.Fatal(err)
	}
	c := &client{sent: ledger.Sent{From: fmt.Sprint("client-", i)}}
	c.Client, err = rtx.New(r.srv.Key(), rtx.WithURL("http://"+r.proxy.Listen), rtx.WithBackoff(20*time.Millisecond, 300*time.Millisecond),
		rtx.WithAuth(signer.Authorizer(auth.Member{ID: fmt.Sprint("user-", i)})))
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = c.Close() })
	r.clients = append(r.clients, c)
	c.readers.Go(func() { c.link.Watch(c.Client) })
	ctx, cancel := context.WithTimeout(r.t.Context(), 30*time.Second)
	defer cancel()
	if err := c.Connect(ctx); err != nil {
		r.t.Fatal(err)
	}
	if _, err := c.Channel(chat).Subscribe(ctx); err != nil {
		r.t.Fatal(err)
	}
	var all []*rtx.Channel
	for _, name := range channels {
		all = append(all, c.Channel(name))
	}
	r.read(c, rtx.NewGroup(all...), "*", rtx.DropOldest, 256, ledger.InPlace, 0, channels...)
	r.read(c, rtx.NewGroup(all[:2]...), "e1", rtx.DropOldest, 4, ledger.Early, 20*time.Millisecond, channels[:2]...)
	r.read(c, all[2], "*", rtx.DropNewest, 8, ledger.InPlace, 30*time.Millisecond, channels[2])
	r.read(c, all[3], "e2", rtx.Grow(1<<20), 2, ledger.InPlace, 5*time.Millisecond, channels[3])
	r.read(c, all[0], "*", rtx.DropOldest, 1, ledger.Early, 0, channels[0])
	r.paced.Go(func() {
		for {
			select {
			case <-r.quiet:
				return
			case <-time.After(15 * time.Millisecond):
			}
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			_ = c.sent.Trigger(ctx, c.Client, c.Channel(chat), "client-x", 0)
			cancel()
		}
	})
}

func (r *run) read(c *client, src rtx.Source, event string, policy rtx.Policy, buffer int, reader ledger.Reader, slow time.Duration, names ...string) {
	s := rtx.On[rtx.Message[ledger.Value]](r.t.Context(), src, event, rtx.WithOverflow(policy), rtx.WithBuffer(buffer))
	tape := &ledger.Tape{
		Flight: flight,
		Name:   fmt.Sprintf("%s, stream %d", c.sent.From, len(c.tapes)), Link: &c.link, Reader: reader, Policy: policy,
		Want: func(e ledger.Event) bool { return event == "*" || e.Name == event },
	}
	c.tapes, c.streams = append(c.tapes, tape), append(c.streams, s)
	pace := func() {
		if slow > 0 {
			select {
			case <-time.After(slow):
			case <-r.quiet:
			}
		}
	}
	c.readers.Go(func() {
		if reader == ledger.Early {
			ledger.ReadC(tape, s, ledger.Addressed, pace)
			return
		}
		ledger.ReadAll(tape, s, ledger.Addressed, pace)
	})
	ctx, cancel := context.WithTimeout(r.t.Context(), 30*time.Second)
	defer cancel()
	if err := s.Ready(ctx); err != nil {
		r.t.Fatal(err)
	}
	tape.Promise(names...)
}

// fault injects one, or ends those of the proxy.
func (r *run) fault() {
	r.faults++
	stream := []string{"upstream", "downstream"}[r.IntN(2)]
	switch r.IntN(14) {
	case 0:
		r.toxic(stream, "latency", map[string]any{"latency": r.IntN(150), "jitter": r.IntN(100)})
	case 1:
		r.toxic(stream, "bandwidth", map[string]any{"rate": 5 + r.IntN(50)})
	case 2:
		r.toxic(stream, "slicer", map[string]any{"average_size": 1 + r.IntN(40), "size_variation": 1, "delay": r.IntN(200)})
	case 3:
		r.toxic(stream, "timeout", map[string]any{"timeout": r.IntN(2) * r.IntN(800)}) // 0: half-open
	case 4:
		r.toxic(stream, "reset_peer", map[string]any{"timeout": r.IntN(300)})
	case 5:
		r.toxic(stream, "limit_data", map[string]any{"bytes": r.IntN(4000)})
	case 6, 7, 8:
		r.heal()
	case 9, 10:
		how := []nodetest.How{
			nodetest.DisconnectPacket, nodetest.DisconnectClose, nodetest.EngineClose, nodetest.TCPClose, nodetest.TCPReset,
		}[r.IntN(5)]
		r.srv.Disconnect("", how)
	case 11:
		if r.IntN(3) == 0 {
			r.collect()
			r.srv.Restart()
		}
	case 12:
		if r.IntN(2) == 0 {
			r.srv.Pause()
			r.wait(time.Duration(r.IntN(3000)) * time.Millisecond)
			r.srv.Resume()
		}
	case 13:
		r.clients[r.IntN(len(r.clients))].Reconnect()
	}
}

func (r *run) toxic(stream, kind string, attributes map[string]any) {
	r.toxics++
	name := fmt.Sprint(kind, r.toxics)
	switch kind {
	case "latency", "bandwidth", "slicer":
		r.mild = append(r.mild, name)
	default:
		r.harsh = true
	}
	b, err := json.Marshal(map[string]any{"name": name, "type": kind, "stream": stream, "attributes": attributes})
	if err != nil {
		r.t.Fatal(err)
	}
	toxics := r.proxy.Toxics
	r.change(func() error {
		_, err := toxics.AddToxicJson(strings.NewReader(string(b)))
		return err
	})
}

// heal ends the toxics. One that has stopped a link can't always be taken off it: then the links go
// with the proxy.
func (r *run) heal() {
	if r.harsh {
		addr := r.proxy.Listen
		r.proxy.Stop()
		r.listen(addr)
		return
	}
	toxics, names := r.proxy.Toxics, r.mild
	r.mild = nil
	r.change(func() error {
		for _, name := range names {
			if err := toxics.RemoveToxic(r.t.Context(), name); err != nil {
				return err
			}
		}
		return nil
	})
}

// change changes the toxics of the proxy. A change can wait for ever, and with it every later one
// and every new link: for a toxic that passes on what nobody takes any more, because the other end
// of its link is gone (https://github.com/Shopify/toxiproxy/issues/558). Then another proxy takes
// the address, and the clients leave the links of the first.
func (r *run) change(toxics func() error) {
	done := make(chan error, 1)
	go func() { done <- toxics() }()
	select {
	case err := <-done:
		if err != nil {
			r.t.Fatal(err)
		}
	case <-time.After(stuckAfter):
		r.t.Log("the proxy stands still and is replaced")
		stuck := r.proxy
		go stuck.Stop() // closes its listener, and may then wait for ever
		r.listen(stuck.Listen)
		for _, c := range r.clients {
			c.Reconnect()
		}
	}
}

// collect keeps what the server had from the senders. It forgets that when it restarts.
func (r *run) collect() {
	for _, e := range r.srv.Stats().ClientEvents {
		var v ledger.Value
		if err := json.Unmarshal(e.Data, &v); err != nil {
			r.t.Fatal(err)
		}
		r.arrived[v.From] = append(r.arrived[v.From], ledger.Arrival{Channel: e.Channel, N: v.N})
	}
}

// settle ends the faults and sees that everybody is back, with everything.
func (r *run) settle() {
	r.heal()
	close(r.quiet)
	r.paced.Wait()
	r.wait(6 * time.Second) // half-open links, and connections that turn out to be deaf
	ctx, cancel := context.WithTimeout(r.t.Context(), 30*time.Second)
	defer cancel()
	for _, c := range r.clients {
		for i, s := range c.streams {
			if err := s.Ready(ctx); err != nil {
				r.t.Errorf("%s is not ready after the last fault: %v", c.tapes[i].Name, err)
			}
		}
	}
	r.publish(40)
	for _, c := range r.clients {
		_ = c.sent.Trigger(ctx, c.Client, c.Channel(chat), "client-x", 0)
		// The pong comes behind every event before it.
		if _, err := c.Ping(ctx); err != nil {
			r.t.Errorf("%s: ping: %v", c.sent.From, err)
		}
	}
	r.collect()
	for _, c := range r.clients {
		for i, s := range c.streams {
			if s.Err() == nil {
				c.tapes[i].Due()
			}
			s.Close()
		}
	}
}

func (r *run) judge() {
	var values, reconnected, dropped, outages, recovered, sent int
	for _, c := range r.clients {
		connects := c.Stats().Connects
		if err := c.Close(); err != nil {
			r.t.Error(err)
		}
		c.readers.Wait()
		for _, tape := range c.tapes {
			breaches := ledger.Check(&r.book, tape)
			for _, b := range breaches[:min(len(breaches), 5)] {
				r.t.Error(b)
			}
			n := tape.Totals()
			values, reconnected, dropped = values+n.Values, reconnected+n.Reconnected+n.Left, dropped+n.Dropped
		}
		for _, b := range c.sent.Check(r.arrived[c.sent.From], connects) {
			r.t.Error(b)
		}
		for _, o := range c.link.Outages() {
			outages++
			if o.Recovered {
				recovered++
			}
		}
		sent += c.sent.Len()
	}
	r.t.Logf("%d events accepted, %d values handed out, %d triggers; %d faults, %d outages of which %d recovered; holes told: %d by reconnection, %d values by overflow",
		r.book.Len(), values, sent, r.faults, outages, recovered, reconnected, dropped)
}
