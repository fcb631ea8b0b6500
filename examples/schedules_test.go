package examples

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// The documented loops are run against the server of rtxtest under random schedules of orders,
// payloads that are none, outages and ends, with random buffers and handlers of random speed. Each
// must tell everything, also while nothing else comes, and see the end; those on Wake and All each
// gap in its exact place, that on C never after the order that follows it.
func TestDocumentedLoopsTellEverything(t *testing.T) {
	for _, test := range []struct {
		name  string
		run   func(program) error
		exact bool
	}{{"Wake", wakeLoop, true}, {"C", channelLoop, false}, {"All", allLoop, true}} {
		t.Run(test.name, func(t *testing.T) {
			for seed := range uint64(100) {
				synctest.Test(t, func(t *testing.T) {
					s := newSchedule(t, seed, test.exact)
					defer s.close()
					if err := s.play(test.run); err != nil {
						t.Fatalf("seed %d: %v\nto tell: %v\ntold:    %v", seed, err, s.sent, s.told())
					}
				})
			}
		})
	}
}

// The loops end at once with a stream that never was open, and with one that had ended before.
func TestDocumentedLoopsOfAStreamThatIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, err := rtx.New("key")
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		never := rtx.On[Order](t.Context(), client.Channel(""), "created")
		closed := rtx.On[Order](t.Context(), client.Channel("orders"), "created")
		closed.Close()
		ticker := time.NewTicker(time.Minute)
		defer ticker.Stop()
		for name, loop := range map[string]func(program) error{"Wake": wakeLoop, "C": channelLoop, "All": allLoop} {
			for _, orders := range []*rtx.Stream[Order]{never, closed} {
				err := loop(program{
					orders: orders, ticker: ticker, flush: func() { t.Fatalf("%s waits", name) },
					handle: func(o Order) { t.Errorf("%s: got %v", name, o) },
					reload: func(g *rtx.Gap) { t.Errorf("%s: got %v", name, g) },
				})
				if err != orders.Err() || !orders.Ended() {
					t.Errorf("%s: %v, Err %v", name, err, orders.Err())
				}
			}
		}
	})
}

// A fact is an order, or what is lost at one place: a payload that is none, an outage, or what a
// gap tells.
type fact struct {
	order              int // 0 for a loss
	dropped, malformed uint64
	down               bool
}

func (f fact) String() string {
	if f.order != 0 {
		return fmt.Sprint(f.order)
	}
	return fmt.Sprintf("[%d dropped, %d malformed, down %v]", f.dropped, f.malformed, f.down)
}

func (f *fact) add(g fact) {
	f.dropped += g.dropped
	f.malformed += g.malformed
	f.down = f.down || g.down
}

type schedule struct {
	t      *testing.T
	rnd    *rand.Rand
	server *rtxtest.Server
	client *rtx.Client
	orders *rtx.Stream[Order]
	cancel context.CancelCauseFunc
	policy rtx.Policy
	exact  bool
	last   int    // order
	sent   []fact // what the loop is to tell

	mu   sync.Mutex
	tape []fact
}

func newSchedule(t *testing.T, seed uint64, exact bool) *schedule {
	s := &schedule{t: t, rnd: rand.New(rand.NewPCG(seed, 33)), server: rtxtest.NewPipeServer(t), exact: exact}
	client, err := rtx.Dial(t.Context(), s.server.Key(), rtx.WithURL(s.server.URL()), rtx.WithHTTPClient(s.server.HTTPClient()))
	if err != nil {
		t.Fatal(err)
	}
	s.client = client
	s.policy = []rtx.Policy{rtx.DropOldest, rtx.DropNewest, rtx.Grow(1 << 20), rtx.EndStream}[s.rnd.IntN(4)]
	ctx, cancel := context.WithCancelCause(t.Context())
	s.cancel = cancel
	buffer := []int{1, 3, 256}[s.rnd.IntN(3)]
	s.orders = rtx.On[Order](ctx, client.Channel("orders"), "created", rtx.WithBuffer(buffer), rtx.WithOverflow(s.policy))
	if err := s.orders.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *schedule) close() {
	s.cancel(nil)
	_ = s.client.Close()
	s.server.Close()
	time.Sleep(time.Minute) // for close timers to run out
}

func (s *schedule) told() []fact {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.tape)
}

func (s *schedule) tell(f fact) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tape = append(s.tape, f)
}

var errCancelled = errors.New("cancelled")

// play runs the loop beside the schedule.
func (s *schedule) play(loop func(program) error) error {
	ticker := time.NewTicker(time.Minute)
	defer ticker.Stop()
	pace := rand.New(rand.NewPCG(s.rnd.Uint64(), 1)) // of the loop's goroutine
	slow := []int{1, 3, 50}[s.rnd.IntN(3)]
	result := make(chan error, 1)
	go func() {
		result <- loop(program{
			orders: s.orders, ticker: ticker, flush: func() {},
			handle: func(o Order) {
				s.tell(fact{order: o.ID})
				time.Sleep(time.Duration(pace.IntN(slow)) * time.Millisecond)
			},
			reload: func(g *rtx.Gap) {
				s.tell(fact{dropped: g.Dropped, malformed: g.Malformed, down: g.Reconnected})
				time.Sleep(time.Duration(pace.IntN(slow)) * time.Millisecond)
			},
		})
	}()
	for range s.rnd.IntN(25) {
		if s.orders.Err() != nil { // by an overflow
			break
		}
		if err := s.step(); err != nil {
			return err
		}
	}
	want := s.end()
	select {
	case err := <-result:
		if !errors.Is(err, want) {
			return fmt.Errorf("the loop returned %v, want %v", err, want)
		}
	case <-time.After(time.Hour):
		return errors.New("the loop does not see the end")
	}
	return s.check()
}

func (s *schedule) step() error {
	switch n := s.rnd.IntN(10); {
	case n < 5:
		for range 1 + s.rnd.IntN(6) {
			if s.rnd.IntN(4) == 0 {
				s.publish("no order", fact{malformed: 1})
			} else {
				s.last++
				s.publish(Order{ID: s.last}, fact{order: s.last})
			}
			if s.orders.Err() != nil {
				return nil
			}
		}
	case n < 7:
		s.outage()
		if err := s.orders.Ready(s.t.Context()); err != nil {
			return err
		}
		s.sent = append(s.sent, fact{down: true})
	case n < 9:
		time.Sleep(time.Duration(s.rnd.IntN(20)) * time.Millisecond)
	default: // quiet
		time.Sleep(10 * time.Minute)
		return s.check()
	}
	return nil
}

// publish publishes what the client takes before it returns.
func (s *schedule) publish(payload any, f fact) {
	s.server.Publish("orders", "created", payload)
	s.sent = append(s.sent, f)
	synctest.Wait()
}

// outage cuts the connection, and has orders published that nobody gets.
func (s *schedule) outage() {
	if s.rnd.IntN(2) == 0 {
		s.server.DropConnections()
	} else {
		s.server.Restart()
	}
	for range s.rnd.IntN(3) {
		s.last++
		s.server.Publish("orders", "created", Order{ID: s.last})
	}
	synctest.Wait()
}

// end ends the stream in one of many ways, and returns what Err is to say.
func (s *schedule) end() error {
	if err := s.orders.Err(); err != nil {
		return rtx.ErrOverflow
	}
	if s.rnd.IntN(4) == 0 {
		s.outage() // of which the stream is not told: it ends before it knows what is missing
	}
	switch s.rnd.IntN(4) {
	case 0:
		s.cancel(errCancelled)
		return errCancelled
	case 1:
		_ = s.client.Close()
		return rtx.ErrClosed
	case 2:
		_ = s.client.Drain(s.t.Context())
	default:
		s.orders.Close()
	}
	return nil
}

// check compares what was told with what was to be told by now.
func (s *schedule) check() error {
	var need, got fact
	sent := s.sent
	for _, f := range s.told() {
		if f.order == 0 {
			got.add(f)
			continue
		}
		for len(sent) > 0 && sent[0].order != f.order {
			need.add(loss(sent[0]))
			sent = sent[1:]
		}
		if len(sent) == 0 {
			return fmt.Errorf("order %d came twice, too late, or was never sent", f.order)
		}
		sent = sent[1:]
		switch {
		case s.exact && need != got:
			return fmt.Errorf("before order %d %v was told, and %v is missing", f.order, got, need)
		case s.exact:
			need, got = fact{}, fact{}
		case need.dropped > got.dropped || need.malformed > got.malformed || need.down && !got.down:
			return fmt.Errorf("up to order %d only %v was told, and %v is missing", f.order, got, need)
		}
	}
	for _, f := range sent {
		need.add(loss(f))
	}
	if need != got {
		return fmt.Errorf("at the end %v was told, and %v is missing", got, need)
	}
	return nil
}

// loss is what the loss of f is.
func loss(f fact) fact {
	if f.order != 0 {
		return fact{dropped: 1}
	}
	return f
}
