package simulation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/ledger"
	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
)

// The channels of every world. What the service publishes goes out on published ones, client events
// on chats.
var (
	published = []string{"a", "b", "c", "private-d", "presence-e"}
	chats     = []string{"private-chat", "presence-chat"}
	lobby     = "presence-lobby"
	events    = []string{"e1", "e2", "e3"}
)

const keys = 6

// anchor is held by every client for as long as it lives.
const anchor = "a"

// A world is a service, its clients, and what is known of both.
type world struct {
	t     *testing.T
	plan  *plan
	s     *testserver.Server
	book  ledger.Book
	slots []*peer // who plays each part now
	all   []*peer
	quiet chan struct{} // closed when consumers are to hurry
	held  func() int    // releases the confirmations that are held; nil if none are

	slow []interval // when the link was

	stopped  bool
	faults   int
	misdeeds int

	polled, upgraded int // clients that poll in the end, and that were upgraded from it

	mu       sync.Mutex
	breaches []string
}

func newWorld(t *testing.T, p *plan) *world {
	w := &world{t: t, plan: p, quiet: make(chan struct{})}
	w.s = testserver.NewPipeServer(t, p.service...)
	for i := range p.peers {
		w.slots = append(w.slots, w.newPeer(i))
	}
	return w
}

// breach notes a violation that is not one of a tape.
func (w *world) breach(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.breaches = append(w.breaches, fmt.Sprintf(format, args...))
}

// run takes the plan's steps at their times.
func (w *world) run() {
	began := time.Now()
	for _, s := range w.plan.steps {
		time.Sleep(time.Until(began.Add(s.at)))
		s.do(w)
	}
	time.Sleep(time.Until(began.Add(w.plan.length)))
}

// rest is a consumer's pause; it is cut short when the world is to become quiet.
func (w *world) rest(d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-w.quiet:
	}
}

// publish sends n events of the service.
func (w *world) publish(channel string, es []ledger.Event) {
	for _, e := range es {
		e.Channel = channel
		w.book.Publish(e, func(e ledger.Event) error {
			w.s.Publish(e.Channel, e.Name, e.Payload())
			return nil
		})
	}
}

// heal ends all faults.
func (w *world) heal() {
	w.setLink(testserver.Link{})
	w.s.RefuseNext(0)
	for _, step := range []testserver.Step{testserver.StepOpen, testserver.StepConnect, testserver.StepSubscribe} {
		w.s.HangNext(step, 0)
	}
	w.release()
	for _, c := range published {
		w.s.Allow(c)
	}
	w.relent()
	w.s.SetHeartbeats(true)
	w.s.SetPong(true)
	w.s.DuplicatePresence(false)
	a := w.s.Auth()
	a.DenyNext(0)
	a.FailNext(0, 503)
	a.HangNext(0)
	a.MangleNext(0)
	a.Delay(0)
	w.resume(testserver.Remember)
}

// An interval is a time; to is zero while it lasts.
type interval struct{ from, to time.Time }

// setLink changes how fast the links are. While one is slow, and for as long as its last frame may
// take, an event may be on its way for any time.
func (w *world) setLink(l testserver.Link) {
	w.s.SetLink(l)
	if n := len(w.slow); n > 0 && w.slow[n-1].to.IsZero() {
		w.slow[n-1].to = time.Now().Add(time.Minute)
	}
	if l != (testserver.Link{}) {
		w.slow = append(w.slow, interval{from: time.Now()})
	}
}

// slowed reports whether an event was accepted while the link was slow.
func (w *world) slowed(e ledger.Event) bool {
	return slices.ContainsFunc(w.slow, func(i interval) bool { return !e.At.Before(i.from) && (i.to.IsZero() || e.At.Before(i.to)) })
}

func (w *world) stop() {
	w.s.Stop()
	w.stopped = true
}

// resume ends a stop, unless another fault's end has done so.
func (w *world) resume(m testserver.Memory) {
	if w.stopped {
		w.s.Resume(m)
		w.stopped = false
	}
}

func (w *world) release() {
	if w.held != nil {
		w.held()
		w.held = nil
	}
}

// settle ends the faults, gives everybody the time to recover, and sees that everybody has.
func (w *world) settle() {
	w.heal()
	close(w.quiet)
	// The longest way back: a half-open link (45 s), a deaf connection (200 s), a subscription that
	// is asked for twice, and back-off in between.
	time.Sleep(10 * time.Minute)
	if w.plan.deaf {
		w.deafen()
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, p := range w.slots {
		if st := p.client.State(); st != rtx.StateConnected {
			w.breach("client %s is %v long after the last fault", p.name, st)
		}
		order, over := p.transports(), p.client.Transport()
		switch {
		case !slices.Contains(order, over):
			w.breach("client %s is connected over %q, which it may not use", p.name, over)
		case over == rtx.Polling:
			w.polled++
		case order[0] == rtx.Polling:
			w.upgraded++
		}
		for _, o := range p.streams {
			if o.shut || o.err() != nil {
				continue
			}
			if err := o.ready(ctx); err != nil && o.err() == nil && !refused(err) {
				w.breach("%s is not ready long after the last fault: %v", o.tape.Name, err)
			}
		}
	}
	// A last round, so that each channel, each key and each sender has something after the last
	// fault.
	for _, c := range published {
		var es []ledger.Event
		for k := range keys {
			es = append(es, ledger.Event{Name: "e1", Key: k}, ledger.Event{Name: "e2", Key: k}, ledger.Event{Name: "e3", Key: k})
		}
		w.publish(c, es)
		time.Sleep(time.Second)
	}
	for _, p := range w.slots {
		for _, s := range p.sent {
			s.queue <- burst{n: 1}
			time.Sleep(time.Second)
		}
	}
	time.Sleep(time.Minute)
	synctest.Wait()
	for _, p := range w.slots {
		for _, s := range p.sent {
			s.current = p.client.Stats().Connects
		}
		for _, o := range p.streams {
			if !o.shut && o.err() == nil {
				o.tape.Due()
			}
		}
		for _, r := range p.rooms {
			r.compare(w)
		}
	}
}

// deafen makes every connection deaf: heartbeats go on, nothing else comes. It is found out within
// minutes where the service can recover and answers pings, if nothing else ends the connection
// first, so it is the last fault of all.
func (w *world) deafen() {
	for _, c := range w.s.Connections() {
		w.faults++
		c.Deafen()
	}
	for _, c := range published {
		w.publish(c, []ledger.Event{{Name: "e1"}, {Name: "e2"}, {Name: "e3"}})
	}
	time.Sleep(5 * time.Minute)
}

// refused tells the errors of channels that left a stream which goes on.
func refused(err error) bool {
	var sub *rtx.SubscribeError
	return errors.As(err, &sub) || errors.Is(err, rtx.ErrUnsubscribed)
}

// end closes everything.
func (w *world) end() {
	for _, p := range w.slots {
		p.close()
	}
	for _, p := range w.all {
		p.readers.Wait()
		p.http.CloseIdleConnections()
		if st := p.client.State(); st != rtx.StateClosed {
			w.breach("client %s is %v after Close", p.name, st)
		}
	}
	w.chronicle()
	w.s.Close()
	time.Sleep(time.Minute) // close timers
}

// chronicle takes what the service had from clients into the book.
func (w *world) chronicle() {
	for _, r := range w.s.Received() {
		if r.Kind != testserver.KindClientEvent || slices.Contains(bad, r.Channel) {
			continue
		}
		if w.plan.hostile && r.Channel == "" && r.Event == "" { // nested too deep for the server: nothing of it can be read
			continue
		}
		var v ledger.Value
		if json.Unmarshal(r.Data, &v) != nil || v.From == "" {
			w.breach("the service has a client event that nobody sent: %s %s on %q (%s)", r.Event, r.Data, r.Channel, r.Refused)
			continue
		}
		if r.Relayed {
			w.book.Accept(ledger.Event{ID: v.ID(), Channel: r.Channel, Name: r.Event, Key: v.Key, At: r.At})
		}
		if s := w.sender(v.From); s != nil {
			s.arrived = append(s.arrived, ledger.Arrival{Channel: r.Channel, N: v.N})
		} else {
			w.breach("the service has an event from %q", v.From)
		}
	}
}

func (w *world) sender(from string) *sender {
	for _, p := range w.all {
		for _, s := range p.sent {
			if s.ledger.From == from {
				return s
			}
		}
	}
	return nil
}

// judge holds everything to the law.
func (w *world) judge() (all []string) {
	if *tapesFlag {
		w.t.Log(&w.book)
	}
	all = w.breaches
	for _, p := range w.all {
		p.partitions()
		dropped, malformed := int(p.badDropped.Load()), int(p.badMalformed.Load())
		for _, o := range p.streams {
			breaches := ledger.Check(&w.book, o.tape)
			for _, b := range breaches {
				all = append(all, b.String())
			}
			if len(breaches) > 0 && *tapesFlag {
				w.t.Log(o.tape)
			}
			all = append(all, o.blamed()...)
			n := o.tape.Totals()
			dropped += n.Dropped
			malformed += n.Malformed
			if w.plan.clean && n.Reconnected > 0 && !slices.ContainsFunc(p.link.Outages(), w.excused) { // what a channel that is given up misses is restored to nobody

				all = append(all, o.tape.Name+": a hole by reconnection, though each cut was shorter than the recovery window")
			}
		}
		if st := p.client.Stats(); int(st.Dropped) != dropped || int(st.Malformed) != malformed {
			all = append(all, fmt.Sprintf("client %s counts %d dropped and %d malformed, its gaps %d and %d", p.name, st.Dropped, st.Malformed, dropped, malformed))
		}
		for _, s := range p.sent {
			for _, b := range s.ledger.Check(s.arrived, s.current) {
				all = append(all, b.String())
			}
		}
		for _, o := range p.link.Outages() {
			if w.plan.clean && !o.Recovered && !w.excused(o) && !o.Up.IsZero() {
				all = append(all, fmt.Sprintf("client %s: an outage of %v was not recovered", p.name, o.Up.Sub(o.Down)))
			}
		}
	}
	return all
}

// authorizer is what signs for a client.
func (w *world) authorizer(c *http.Client) rtx.Option {
	if w.plan.endpoint {
		return rtx.WithAuth(apart{auth.Endpoint(w.s.AuthEndpoint(), auth.WithHTTPClient(c), auth.WithPlainHTTP())})
	}
	return rtx.WithAuth(apart{w.s.Signer().Authorizer(auth.Member{})})
}

// excused reports whether an outage need not be recovered: an attempt was cut after it was asked for,
// and the machine does not repeat it; or a restored session ended over polling, where nothing but a
// word of the service proves that it has noticed; or a hostile pong that nobody had asked for made the client
// expect pongs of a service that has none.
func (w *world) excused(o ledger.Outage) bool {
	return o.Cut || o.Unproven || o.Deaf && w.plan.hostile
}
