package flow

import (
	"context"
	"iter"
	"sync"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
)

// An Outage is what was lost at about the same time, on any number of channels and streams.
type Outage struct {
	Channels []string  // that lost something, once each, in the order in which they told
	Unnamed  bool      // a gap that names no channel is among them: any channel may be concerned
	Since    time.Time // the earliest of the gaps
	Until    time.Time // the latest of the gaps
	Gaps     int       // that it was made of
}

// Outages makes one item of all gaps of an outage, for whoever loads everything again. A
// reconnection is told by a gap for each channel on each stream: 1,600 gaps for 200 channels on the
// 8 streams of a partition. Whoever ranges over the streams calls Note for each gap. One goroutine
// ranges over All. The zero Outages is ready for use, with the default of [NewOutages]. All methods
// may be called concurrently.
type Outages struct {
	quiet time.Duration

	mu    sync.Mutex
	open  *Outage         // not told yet; nil if there is none
	in    map[string]bool // its channels
	first time.Time       // when its first gap was noted
	noted time.Time       // when its latest was
	told  struct {        // the one before
		channels map[string]bool
		unnamed  bool
		at       time.Time
	}
	wake chan struct{} // has a token if open is not nil
}

// NewOutages returns an Outages that tells an outage once no gap has come for quiet, or ten times
// that after its first gap. 0 or less is taken as a second, which is the default. The client
// subscribes all channels again in one burst, so their gaps come shortly after each other.
func NewOutages(quiet time.Duration) *Outages { return &Outages{quiet: quiet} }

// Note adds a gap to the outage that is not told yet, or begins one. A nil gap is ignored. So is a
// gap of a channel of the outage that was told last, if its loss was over by then: whoever loaded
// that channel since has everything. So a slow reader of another stream makes no second outage.
// Note does not block.
func (o *Outages) Note(gap *rtx.Gap) {
	if o == nil || gap == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if (o.told.unnamed || o.told.channels[gap.Channel]) && gap.Until.Before(o.told.at) {
		return
	}
	o.noted = time.Now()
	if o.open == nil {
		o.open, o.in, o.first = &Outage{Since: gap.Since, Until: gap.Until}, make(map[string]bool), o.noted
	}
	o.open.Gaps++
	switch {
	case gap.Channel == "":
		o.open.Unnamed = true
	case !o.in[gap.Channel]:
		o.in[gap.Channel] = true
		o.open.Channels = append(o.open.Channels, gap.Channel)
	}
	if gap.Since.Before(o.open.Since) {
		o.open.Since = gap.Since
	}
	if gap.Until.After(o.open.Until) {
		o.open.Until = gap.Until
	}
	select {
	case o.wakeLocked() <- struct{}{}:
	default:
	}
}

// All returns an iterator over the outages. It waits for more until ctx ends. From the moment at
// which an outage is handed out, every event of its channels arrives, so what is loaded then is
// whole. If the loop is left early, or ctx ends, an outage that was not handed out is kept for the
// next range. One range at a time may be over it.
func (o *Outages) All(ctx context.Context) iter.Seq[Outage] {
	return func(yield func(Outage) bool) {
		if o == nil || ctx == nil {
			return
		}
		o.mu.Lock()
		wake := o.wakeLocked()
		o.mu.Unlock()
		for ctx.Err() == nil {
			outage, after := o.take()
			switch {
			case outage != nil:
				if !yield(*outage) {
					return
				}
			case after > 0:
				pause(ctx, after)
			default:
				select {
				case <-wake:
				case <-ctx.Done():
				}
			}
		}
	}
}

// take returns the outage if it is time to tell it, or how long that will be, or nothing.
func (o *Outages) take() (*Outage, time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.open == nil {
		return nil, 0
	}
	quiet := o.quiet
	if quiet <= 0 {
		quiet = time.Second
	}
	now := time.Now()
	if after := min(o.noted.Add(quiet).Sub(now), o.first.Add(10*quiet).Sub(now)); after > 0 {
		return nil, after
	}
	outage := o.open
	o.told.channels, o.told.unnamed, o.told.at = o.in, outage.Unnamed, now
	o.open, o.in = nil, nil
	return outage, 0
}

func (o *Outages) wakeLocked() chan struct{} {
	if o.wake == nil {
		o.wake = make(chan struct{}, 1)
	}
	return o.wake
}
