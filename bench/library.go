package main

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/bytedance/sonic"

	"github.com/realtimex/realtimex-go/rtx"
)

// The library's rows. Each loses nothing, or fails: a gap ends the row.

func dialLibrary(s spec, opts ...rtx.Option) (*rtx.Client, error) {
	return rtx.Dial(context.Background(), s.Key, append([]rtx.Option{rtx.WithURL(s.URL)}, opts...)...)
}

// open connects and opens a stream on the one channel.
func open[T any](s spec, ready func(), opts ...rtx.Option) (*rtx.Stream[T], error) {
	c, err := dialLibrary(s, opts...)
	if err != nil {
		return nil, err
	}
	st := rtx.On[T](context.Background(), c.Channel(channelName), eventName, rtx.WithBuffer(s.Buffer))
	if err := st.Ready(context.Background()); err != nil {
		return nil, err
	}
	ready()
	return st, nil
}

// over says why a stream ended.
func over[T any](st *rtx.Stream[T]) error {
	for g := range st.Gaps() {
		return lost(g)
	}
	return st.Err()
}

func lost(g *rtx.Gap) error {
	return fmt.Errorf("%w: %d dropped, %d malformed: %v", errGap, g.Dropped, g.Malformed, g.Err) //nolint:errorlint // Err may be nil
}

func libraryPayload(s spec, t *tally, ready func()) error {
	return libraryC(s, t, ready)
}

// librarySonic decodes with sonic, which users choose in this one line.
func librarySonic(s spec, t *tally, ready func()) error {
	return libraryC(s, t, ready, rtx.WithJSON(sonic.ConfigStd.Marshal, sonic.ConfigStd.Unmarshal))
}

func libraryC(s spec, t *tally, ready func(), opts ...rtx.Option) error {
	st, err := open[Payload](s, ready, opts...)
	if err != nil {
		return err
	}
	for p := range st.C {
		t.take(&p)
	}
	return over(st)
}

func libraryPolling(s spec, t *tally, ready func()) error {
	st, err := open[Payload](s, ready, rtx.WithTransports(rtx.Polling))
	if err != nil {
		return err
	}
	for p := range st.C {
		t.take(&p)
	}
	return over(st)
}

func libraryMessage(s spec, t *tally, ready func()) error {
	st, err := open[rtx.Message[Payload]](s, ready)
	if err != nil {
		return err
	}
	for m := range st.C {
		t.take(&m.Value)
	}
	return over(st)
}

func libraryRaw(s spec, t *tally, ready func()) error {
	st, err := open[json.RawMessage](s, ready)
	if err != nil {
		return err
	}
	for b := range st.C {
		t.takeRaw(b)
	}
	return over(st)
}

func libraryAll(s spec, t *tally, ready func()) error {
	st, err := open[Payload](s, ready)
	if err != nil {
		return err
	}
	for p, gap := range st.All() {
		if gap != nil {
			return lost(gap)
		}
		t.take(&p)
	}
	return st.Err()
}

func libraryPending(s spec, t *tally, ready func()) error {
	st, err := open[Payload](s, ready)
	if err != nil {
		return err
	}
	for !st.Ended() {
		<-st.Wake
		for p, gap := range st.Pending() {
			if gap != nil {
				return lost(gap)
			}
			t.take(&p)
		}
	}
	return st.Err()
}

// channelsOf are the channels that the messages are spread over.
func channelsOf(c *rtx.Client, s spec) []*rtx.Channel {
	chs := make([]*rtx.Channel, s.Channels)
	for i := range chs {
		chs[i] = c.Channel(channelOf(i, s.Channels))
	}
	return chs
}

const workers = 8

// libraryFanIn routes many channels into one stream, whose C workers share.
func libraryFanIn(s spec, t *tally, ready func()) error {
	c, err := dialLibrary(s)
	if err != nil {
		return err
	}
	st := rtx.On[Payload](context.Background(), rtx.NewGroup(channelsOf(c, s)...), eventName, rtx.WithBuffer(s.Buffer))
	if err := st.Ready(context.Background()); err != nil {
		return err
	}
	ready()
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			var w worker
			for p := range st.C {
				t.takeAny(&p, &w)
			}
		})
	}
	wg.Wait()
	return over(st)
}

// libraryPartition routes many channels into a stream for each worker, so that each channel keeps
// its order.
func libraryPartition(s spec, t *tally, ready func()) error {
	c, err := dialLibrary(s)
	if err != nil {
		return err
	}
	byChannel := func(m rtx.Message[Payload]) string { return m.Channel }
	parts := rtx.Partition(context.Background(), rtx.NewGroup(channelsOf(c, s)...), eventName, workers, byChannel, rtx.WithBuffer(s.Buffer))
	if err := parts[0].Ready(context.Background()); err != nil {
		return err
	}
	ready()
	var wg sync.WaitGroup
	for _, st := range parts {
		wg.Go(func() {
			var w worker
			for m := range st.C {
				t.takeAny(&m.Value, &w)
			}
		})
	}
	wg.Wait()
	return over(parts[0])
}

// libraryRouting binds a stream to each of many channels. The messages are spread over some or all
// of them, and one goroutine takes them in the server's order.
func libraryRouting(s spec, t *tally, ready func()) error {
	c, err := dialLibrary(s)
	if err != nil {
		return err
	}
	ctx := context.Background()
	size := max(1, 2*window/s.Channels) // so that one run's window always fits
	streams := make([]*rtx.Stream[Payload], s.Channels)
	for i, ch := range channelsOf(c, s) {
		streams[i] = rtx.On[Payload](ctx, ch, eventName, rtx.WithBuffer(size))
	}
	for i := s.Channels; i < s.Streams; i++ {
		quiet := rtx.On[Payload](ctx, c.Channel(fmt.Sprintf("quiet-%06d", i)), eventName, rtx.WithBuffer(1))
		if i == s.Streams-1 {
			if err := quiet.Ready(ctx); err != nil {
				return err
			}
		}
	}
	for _, st := range streams {
		if err := st.Ready(ctx); err != nil {
			return err
		}
	}
	ready()
	for i := 0; ; i++ {
		st := streams[i%len(streams)]
		p, ok := <-st.C
		if !ok {
			return over(st)
		}
		t.take(&p)
		if t.complete() { // the next run begins with the first channel
			i = -1
		}
	}
}
