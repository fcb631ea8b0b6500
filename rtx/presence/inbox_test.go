package presence

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/realtimex/realtimex-go/internal/observe"
)

// What comes while a large roster is read is taken after it, in order.
func TestFactsBehindALargeRoster(t *testing.T) {
	tr, a := newTracker(testChannel), aside{}
	r := open[user](tr)
	tr.Take(a.confirmed([]byte(annOnly), nil))
	tr.event(added, bob)
	tr.event(removed, `{"user_id":"1"}`)
	tr.confirmed(`{"members":[{"user_id":"2","user_info":{"name":"Rob"}}]}`, "") // a small one
	tr.Take(a.confirmed([]byte(`{"members":["2","3"]}`), nil))
	tr.event(added, `{"user_id":"4"}`)
	expect(t, r, "nothing")
	a.finish()
	expect(t, r, "snapshot +2{Rob} +3{} +4{} of 3")
	tr.event(removed, `{"user_id":"4"}`) // nothing waits any more: taken at once
	expect(t, r, "diff -4{}")
	if len(a.works) > 0 {
		t.Error("a goroutine for a small message")
	}
}

// What waits behind a large roster is bounded. Past the bound the room is stale, and the roster is
// asked for once more.
func TestWaitingIsBounded(t *testing.T) {
	long := fmt.Sprintf(`{"user_id":"x","user_info":%q}`, strings.Repeat("x", 60<<10))
	for name, flood := range map[string]func(tr *tracker, a *aside){
		"messages": func(tr *tracker, _ *aside) {
			for i := range maxWaiting + 1 {
				tr.event(added, fmt.Sprintf(`{"user_id":%d}`, i))
			}
		},
		"bytes": func(tr *tracker, _ *aside) {
			for range maxWaitingBytes/len(long) + 1 {
				tr.event(added, long)
			}
		},
		"rosters": func(tr *tracker, a *aside) {
			f := a.confirmed([]byte(`{"members":["9"]}`), nil)
			f.Size = maxWaitingBytes / 2
			tr.Take(f)
			tr.Take(f)
			tr.Take(f)
			if a.given != 3 {
				t.Errorf("%d of 3 rosters were given up", a.given)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			tr, a, asked := newTracker(testChannel), aside{}, 0
			r := open[user](tr)
			tr.ask = func() { asked++ }
			tr.confirmed(annOnly, "")
			expect(t, r, "snapshot +1{Ann} of 1")
			tr.Take(a.confirmed([]byte(`{"members":["1","2"]}`), nil))
			flood(tr, &a)
			if size := tr.inbox.size; size > maxWaitingBytes || len(tr.inbox.waiting) > maxWaiting {
				t.Fatalf("%d messages of %d bytes wait", len(tr.inbox.waiting), size)
			}
			tr.event(added, `{"user_id":"5"}`) // after what was lost
			a.finish()
			expect(t, r, "stale +2{}")
			if asked != 1 {
				t.Errorf("asked %d times", asked)
			}
			tr.confirmed(`{"members":["1","3"]}`, "")
			expect(t, r, "snapshot +3{} +5{} -2{} of 3")
		})
	}
}

// As much as the limits allow waits, and is taken.
func TestAsMuchAsMayWait(t *testing.T) {
	tr, a := newTracker(testChannel), aside{}
	r := open[user](tr)
	tr.Take(a.confirmed([]byte(annOnly), nil))
	for i := range maxWaiting - 1 {
		tr.event(added, fmt.Sprintf(`{"user_id":%d}`, i+2))
	}
	a.finish()
	if n := r.Members().Len(); n != maxWaiting {
		t.Errorf("%d members", n)
	}
}

// A message does not wait for a room that is being opened, which may have a large roster to decode.
func TestMessagesDoNotWaitForARoomBeingOpened(t *testing.T) {
	tr, a := newTracker(testChannel), aside{}
	r := open[user](tr)
	tr.confirmed(annOnly, "")
	expect(t, r, "snapshot +1{Ann} of 1")
	tr.order.Lock() // as attach does
	tr.Take(observe.Fact{Kind: observe.Event, Name: added, Payload: []byte(bob), Apart: a.run})
	tr.Take(observe.Fact{Kind: observe.Event, Name: removed, Payload: []byte(`{"user_id":"1"}`), Apart: a.run})
	tr.order.Unlock()
	if len(a.works) != 1 {
		t.Fatalf("%d goroutines", len(a.works))
	}
	a.finish()
	expect(t, r, "diff +2{Bob} -1{Ann}")
	tr.Take(observe.Fact{Kind: observe.Event, Name: removed, Payload: []byte(`{"user_id":"2"}`), Apart: a.run})
	expect(t, r, "diff -2{Bob}")
}

// The rooms end after the roster that was being read, and nothing after the end is kept.
func TestEndBehindALargeRoster(t *testing.T) {
	tr, a, cause := newTracker(testChannel), aside{}, errors.New("left")
	r := open[user](tr)
	tr.Take(a.confirmed([]byte(annOnly), nil))
	tr.End(cause)
	tr.event(added, bob)
	tr.Take(a.confirmed([]byte(`{"members":["9"]}`), nil))
	for range maxWaiting {
		tr.event(added, bob)
	}
	if r.Err() != nil {
		t.Error("ended before its turn")
	}
	a.finish()
	expect(t, r, "snapshot +1{Ann} of 1")
	if !errors.Is(r.Err(), cause) || a.given != 1 || len(tr.inbox.waiting) > 0 {
		t.Errorf("ended by %v; %d rosters given up, %d messages wait", r.Err(), a.given, len(tr.inbox.waiting))
	}
	tr.Take(a.confirmed([]byte(annOnly), nil))
	a.finish()
	if a.given != 2 {
		t.Error("a roster was read for rooms that have ended")
	}
}

// A roster whose connection was lost before it was read is dropped: the room stays as it was.
func TestLargeRosterOfALostConnection(t *testing.T) {
	tr, a := newTracker(testChannel), aside{}
	r := open[user](tr)
	tr.confirmed(annOnly, "")
	expect(t, r, "snapshot +1{Ann} of 1")
	tr.Down()
	expect(t, r, "stale")
	tr.Take(a.confirmed([]byte(`{"members":["1","2"]}`), nil))
	tr.event(added, `{"user_id":"3"}`)
	a.lost = true
	a.finish()
	tr.Down()
	expect(t, r, "nothing")
	if r.current {
		t.Error("the roster of a lost connection counts")
	}
	a.lost = false
	tr.Take(a.confirmed([]byte(`{"members":["1","4"]}`), nil))
	expect(t, r, "nothing")
	a.finish()
	expect(t, r, "snapshot +4{} of 2")
}

// Rooms that are opened and closed while a roster is read.
func TestRoomsBesideALargeRoster(t *testing.T) {
	tr, a := newTracker(testChannel), aside{}
	first := open[user](tr)
	tr.Take(a.confirmed([]byte(annOnly), nil))
	second := open[user](tr)
	first.Close()
	expect(t, second, "nothing")
	a.finish()
	expect(t, second, "snapshot +1{Ann} of 1")
	if change, ok := <-first.C; ok || first.Err() != nil {
		t.Errorf("a closed room was told %v; %v", change, first.Err())
	}
	tr.Take(a.confirmed([]byte(`{"members":["1","2","3"]}`), nil))
	third := open[user](tr, WithMaxMembers(1))
	expect(t, third, "snapshot +1{Ann} of 1")
	a.finish()
	expect(t, second, "snapshot +2{} +3{} of 3")
	if _, ok := errors.AsType[*LimitError](third.Err()); !ok {
		t.Errorf("past its limit: %v", third.Err())
	}
}
