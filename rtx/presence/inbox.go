package presence

import (
	"bytes"
	"sync"

	"github.com/realtimex/realtimex-go/internal/observe"
)

// A large roster takes longer to read than the other streams of the connection can wait. So it is
// read on a goroutine of its own, and what the service says of the channel meanwhile waits in the
// inbox. The goroutine takes that too, in order, and ends when nothing waits.

// Limits of what waits behind a large roster.
const (
	maxWaiting      = 65_536
	maxWaitingBytes = 32 << 20
)

// missed is the kind of a fact that stands for others that are lost.
const missed observe.Kind = 0

// An inbox has the facts that wait for the goroutine that works on an earlier one.
type inbox struct {
	mu      sync.Mutex
	busy    bool // there is such a goroutine
	waiting []observe.Fact
	size    int // bytes that they keep
	ended   bool
}

// put keeps a fact for the goroutine. It reports false if there is none. If more waits than the
// limits allow, all of it is lost, and one fact says so in its place.
func (in *inbox) put(f observe.Fact) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	if !in.busy {
		return false
	}
	if in.ended {
		giveUp(f)
		return true // nothing comes after the end
	}
	f.Payload, f.ChannelData = bytes.Clone(f.Payload), bytes.Clone(f.ChannelData)
	in.ended = f.Kind == observe.Ended
	in.size += bytesOf(f)
	if !in.ended && (len(in.waiting) >= maxWaiting || in.size > maxWaitingBytes) {
		giveUp(append(in.waiting, f)...)
		f, in.waiting, in.size = observe.Fact{Kind: missed}, nil, 0
	}
	in.waiting = append(in.waiting, f)
	return true
}

// open notes that a goroutine begins, which the caller starts.
func (in *inbox) open() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.busy, in.size = true, 0
}

// next takes the fact that has waited longest. Without one the goroutine ends, and next reports
// false.
func (in *inbox) next() (f observe.Fact, ok bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if len(in.waiting) == 0 {
		in.busy, in.waiting = false, nil
		return f, false
	}
	f, in.waiting[0] = in.waiting[0], observe.Fact{}
	in.waiting = in.waiting[1:]
	in.size -= bytesOf(f)
	return f, true
}

func giveUp(facts ...observe.Fact) {
	for _, f := range facts {
		if f.Read != nil {
			f.Read(nil)
		}
	}
}

func bytesOf(f observe.Fact) int { return len(f.Payload) + len(f.ChannelData) + f.Size }

// Take handles one fact of the channel. It does not wait for a large roster, nor for a room that is
// being opened, but lets a goroutine take the fact in its turn.
func (t *tracker) Take(f observe.Fact) {
	switch {
	case t.inbox.put(f):
	case f.Read != nil, f.Apart != nil && !t.order.TryLock():
		f.Payload, f.ChannelData = bytes.Clone(f.Payload), bytes.Clone(f.ChannelData)
		t.inbox.open()
		f.Apart(func() { t.work(f) })
	case f.Apart != nil:
		t.handle(f)
		t.order.Unlock()
	default:
		t.order.Lock()
		t.handle(f)
		t.order.Unlock()
	}
}

// work handles a fact, and then what waits behind it. It ends while it holds the order lock, so that
// whoever finds no goroutine does not find the lock held by one.
func (t *tracker) work(f observe.Fact) {
	for more := true; more; {
		t.order.Lock()
		t.handle(f)
		f, more = t.inbox.next()
		t.order.Unlock()
	}
}

// handle handles one fact, under the order lock.
func (t *tracker) handle(f observe.Fact) {
	switch f.Kind {
	case observe.Confirmed:
		switch {
		case f.Read == nil:
			t.confirm(f.Payload, f.ChannelData)
		case t.ended:
			giveUp(f)
		default:
			f.Read(func(payload []byte) { t.confirm(payload, f.ChannelData) })
		}
	case observe.Event:
		t.member(f.Name, f.Payload)
	case observe.Stale:
		t.down()
	case observe.Kept:
		t.resumed()
	case observe.Ended:
		t.end(f.Err)
	case missed:
		t.down()
		t.whole = false
		if !t.ended {
			t.log.Warn("presence: more happened than is kept while a large roster is read; it is asked for once more", "channel", t.channel)
			t.ask()
		}
	}
}
