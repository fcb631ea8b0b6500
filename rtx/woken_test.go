package rtx

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

// batches is a session that gives packets in batches, and waits between them.
type batches struct {
	transport.Session
	next chan []string
	left []string
	gone chan struct{}
	lie  bool // there is always more
}

func (b *batches) Recv() (transport.Packet, error) {
	for len(b.left) == 0 {
		select {
		case b.left = <-b.next:
		case <-b.gone:
			return transport.Packet{}, errors.New("gone")
		}
	}
	if len(b.left)%32 == 0 {
		time.Sleep(time.Nanosecond) // everybody who was woken has run
	}
	data := b.left[0]
	b.left = b.left[1:]
	p := transport.Packet{Type: transport.PacketEvent, Data: []byte(data), More: b.lie || len(b.left) > 0}
	if rest, ok := strings.CutPrefix(data, "17"); ok { // asks for an acknowledgement
		p.Data, p.ID, p.HasID = []byte(rest), 17, true
	}
	return p, nil
}

func (b *batches) ReceivedAt() time.Time { return time.Now() }

// The readers of streams are woken once for what one read of the connection brought, and once for
// each 64 events of it. They get everything, also what came right before the end.
func TestReadersAreWokenOnceForABatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(t)
		w.up()
		streams := []*Stream[int]{On[int](t.Context(), w.c.Channel("quotes"), "a"), On[int](t.Context(), w.c.Channel("quotes"), "b")}
		w.settle()
		wakes, values := make([]int, 2), make([]int, 2)
		for i, s := range streams {
			go func() {
				for range s.Wake {
					wakes[i]++
					for range s.Pending() {
						values[i]++
					}
					if s.Ended() {
						return
					}
				}
			}()
		}
		sess := &batches{next: make(chan []string), gone: make(chan struct{})}
		done := make(chan error)
		go func() { done <- w.c.read(context.Background(), sess) }()
		settle := func() {
			time.Sleep(time.Second)
			synctest.Wait()
		}
		batch := func(n int) (packets []string) {
			for i := range n {
				packets = append(packets, fmt.Sprintf(`["server-event",{"channel":"quotes","event":"%c","data":%d}]`, 'a'+i%2, i))
			}
			return packets
		}
		for _, tc := range []struct{ events, least, most int }{{1, 1, 2}, {2, 1, 2}, {40, 1, 2}, {128, 2, 4}, {200, 3, 8}} {
			before := wakes[0]
			sess.next <- batch(tc.events)
			settle()
			if got := wakes[0] - before; got < tc.least || got > tc.most {
				t.Errorf("a batch of %d: woken %d times, want %d to %d", tc.events, got, tc.least, tc.most)
			}
		}
		if values[0] != 186 || values[1] != 185 {
			t.Errorf("%d values, want 186 and 185", values)
		}
		before := wakes[0]
		sess.lie = true
		sess.next <- batch(3)
		settle()
		if wakes[0] != before {
			t.Error("woken although there is more")
		}
		close(sess.gone)
		if err := <-done; err == nil {
			t.Error("the reader ended without an error")
		}
		settle()
		if n := wakes[0] - before; n < 1 || n > 2 || values[0] != 188 || values[1] != 186 {
			t.Errorf("after the end of the connection: %d values, woken %d times", values, wakes[0]-before)
		}
		_ = w.c.Close()
		time.Sleep(time.Minute)
	})
}

// An event that asks for an acknowledgement, and one of the service's own, of which others are told,
// are in their streams at once. Others are there when the connection has no more at hand.
func TestWhatIsDeliveredAtOnce(t *testing.T) {
	for name, tc := range map[string]struct {
		event  string
		packet string
		now    bool
	}{
		"event":                    {"a", `["server-event",{"channel":"quotes","event":"a","data":{}}]`, false},
		"with an acknowledgement":  {"a", `17["server-event",{"channel":"quotes","event":"a","data":{}}]`, true},
		"one of the service's own": {"realtimex_internal:subscription_succeeded", `["realtimex_internal:subscription_succeeded",{"channel":"quotes"}]`, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWire(t)
				w.up()
				s := On[json.RawMessage](t.Context(), w.c.Channel("quotes"), tc.event, WithBuffer(64))
				w.settle()
				for range s.Pending() { // the confirmation
				}
				sess := &batches{next: make(chan []string), gone: make(chan struct{}), lie: true}
				done := make(chan error)
				go func() { done <- w.c.read(context.Background(), sess) }()
				sess.next <- []string{tc.packet}
				synctest.Wait()
				if now := len(s.C) == 1; now != tc.now {
					t.Errorf("there at once: %v, want %v", now, tc.now)
				}
				close(sess.gone)
				<-done
				if len(s.C) != 1 {
					t.Errorf("%d values in the end", len(s.C))
				}
				_ = w.c.Close()
				time.Sleep(time.Minute)
			})
		})
	}
}
