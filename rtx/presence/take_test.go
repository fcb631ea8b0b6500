package presence

import "github.com/realtimex/realtimex-go/internal/observe"

// The facts of a channel, as the client tells them.

func (t *tracker) Confirmed(payload, channelData []byte) {
	t.Take(observe.Fact{Kind: observe.Confirmed, Payload: payload, ChannelData: channelData})
}

func (t *tracker) Event(name string, payload []byte) {
	t.Take(observe.Fact{Kind: observe.Event, Name: name, Payload: payload})
}

func (t *tracker) Down()         { t.Take(observe.Fact{Kind: observe.Stale}) }
func (t *tracker) Resumed()      { t.Take(observe.Fact{Kind: observe.Kept}) }
func (t *tracker) End(err error) { t.Take(observe.Fact{Kind: observe.Ended, Err: err}) }

// An aside is where a test keeps what a tracker leaves to other goroutines, to run it when it likes.
type aside struct {
	works  []func()
	prompt bool // run it at once
	lost   bool // the connection is lost before it is read
	given  int  // confirmations that were given up
}

func (a *aside) run(work func()) {
	if a.prompt {
		work()
		return
	}
	a.works = append(a.works, work)
}

// confirmed is a confirmation that is large.
func (a *aside) confirmed(payload, channelData []byte) observe.Fact {
	return observe.Fact{Kind: observe.Confirmed, ChannelData: channelData, Size: len(payload), Apart: a.run, Read: func(use func([]byte)) {
		switch {
		case use == nil:
			a.given++
		case !a.lost:
			use(payload)
		}
	}}
}

// finish runs what waits.
func (a *aside) finish() {
	for len(a.works) > 0 {
		work := a.works[0]
		a.works = a.works[1:]
		work()
	}
}
