package ledger

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// An ID names one event of a channel: who sent it, "" for the service, and the sender's number for
// it.
type ID struct {
	From string
	N    uint64
}

func (id ID) String() string {
	if id.From == "" {
		return fmt.Sprint(id.N)
	}
	return fmt.Sprintf("%s:%d", id.From, id.N)
}

// A Value is the payload of every numbered event.
type Value struct {
	From string `json:"from,omitempty"`
	N    uint64 `json:"n"`
	Key  int    `json:"key"`
}

// ID is the event's.
func (v Value) ID() ID { return ID{v.From, v.N} }

// An Event is one that the service accepted.
type Event struct {
	ID
	Channel, Name string
	Key           int
	At            time.Time // not after the service took it
	Malformed     bool      // its payload is no Value
	Unsure        bool      // nobody knows whether the service took it: it may be missing without a gap
}

// Payload is what is sent of the event: a Value, or for a malformed one JSON that is none.
func (e Event) Payload() json.RawMessage {
	if e.Malformed {
		return fmt.Appendf(nil, `{"n":"%d is not a number","key":[%d]}`, e.N, e.Key)
	}
	b, err := json.Marshal(Value{From: e.From, N: e.N, Key: e.Key})
	if err != nil {
		panic(err) // strings and numbers
	}
	return b
}

// A Book is what the service accepted, by channel, in its order. Its methods may be called
// concurrently.
type Book struct {
	mu       sync.Mutex
	channels map[string][]Event
	next     map[string]uint64
	total    int
}

// Publish numbers an event, sends it and records it. Calls wait for each other, so that the book's
// order is the service's. If send fails, the event is kept as Unsure.
func (b *Book) Publish(e Event, send func(Event) error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next == nil {
		b.next = make(map[string]uint64)
	}
	b.next[e.Channel]++
	e.From, e.N, e.At = "", b.next[e.Channel], time.Now()
	err := send(e)
	e.Unsure = e.Unsure || err != nil
	b.accept(e)
	return err
}

// Accept records an event that others have sent. Events of one channel are given in the service's
// order.
func (b *Book) Accept(e Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.accept(e)
}

func (b *Book) accept(e Event) {
	if b.channels == nil {
		b.channels = make(map[string][]Event)
	}
	b.channels[e.Channel] = append(b.channels[e.Channel], e)
	b.total++
}

// Len returns how many events the book has.
func (b *Book) Len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.total
}

// events returns the channel's events that a stream is for, in order.
func (b *Book) events(channel string, want func(Event) bool) []Event {
	b.mu.Lock()
	defer b.mu.Unlock()
	var of []Event
	for _, e := range b.channels[channel] {
		if want == nil || want(e) {
			of = append(of, e)
		}
	}
	return of
}

// String lists the book, for whoever looks into a breach.
func (b *Book) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var s strings.Builder
	for _, c := range slices.Sorted(maps.Keys(b.channels)) {
		fmt.Fprintln(&s, c)
		for _, e := range b.channels[c] {
			fmt.Fprintf(&s, "\t%s %v %q malformed %v\n", clock(e.At), e.ID, e.Name, e.Malformed)
		}
	}
	return s.String()
}
