package main

import (
	"context"
	"fmt"
	"runtime/pprof"
	"slices"
	"time"

	"github.com/coder/websocket"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
)

// Figures of time, each beside the bare WebSocket's, turn by turn in one process.

// times are durations, for their percentiles.
type times []time.Duration

// percentile is in microseconds.
func (t times) percentile(p float64) float64 {
	slices.Sort(t)
	return float64(t[int(p*float64(len(t)-1))].Nanoseconds()) / 1e3
}

// connect measures how long it takes until the socket id is known.
func connect(s spec) (map[string]float64, error) {
	n := 300
	if s.Quick {
		n = 50
	}
	var bare, library times
	for range n {
		begin := time.Now()
		f, err := dialFloor(s)
		if err != nil {
			return nil, err
		}
		bare = append(bare, time.Since(begin))
		_ = f.conn.CloseNow()

		begin = time.Now()
		c, err := dialLibrary(s)
		if err != nil {
			return nil, err
		}
		library = append(library, time.Since(begin))
		if err := c.Close(); err != nil {
			return nil, err
		}
	}
	return map[string]float64{
		"websocket, p50 µs": bare.percentile(0.5),
		"rtx, p50 µs":       library.percentile(0.5),
		"rtx / websocket":   library.percentile(0.5) / bare.percentile(0.5),
	}, nil
}

const (
	echoChannel = "private-echo"
	echoEvent   = "client-echo"
	echoText    = `42["client-event",{"channel":"` + echoChannel + `","event":"` + echoEvent + `","data":{"n":1}}]`
)

// label marks this goroutine and those that it starts as one way's, for a profile: pprof's
// -tagfocus=way=rtx.
func label(way string) {
	pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels("way", way)))
}

// echo measures round trips: Trigger until the value is received from C, beside a write and a read
// of the same bytes, on one goroutine and with the reading on another one that hands over a
// channel, as everything must that reads all the time.
func echo(s spec) (map[string]float64, error) {
	blocks, block := 40, 500
	if s.Quick {
		blocks = 8
	}
	ctx := context.Background()
	label("websocket")
	f, err := dialFloor(s)
	if err != nil {
		return nil, err
	}
	label("websocket and a channel")
	handed, err := dialFloor(s)
	if err != nil {
		return nil, err
	}
	arrived := make(chan int, buffer)
	go func() { // ends with the process
		for {
			b, err := handed.read()
			if err != nil {
				return
			}
			arrived <- len(b)
		}
	}()
	signer, err := auth.NewSigner(s.Key, "secret")
	if err != nil {
		return nil, err
	}
	label("rtx")
	c, err := dialLibrary(s, rtx.WithAuth(signer.Authorizer(auth.Member{})))
	if err != nil {
		return nil, err
	}
	ch := c.Channel(echoChannel)
	type number struct {
		N int `json:"n"`
	}
	st := rtx.On[number](ctx, ch, echoEvent)
	if err := st.Ready(ctx); err != nil {
		return nil, err
	}
	ways := []struct {
		name  string
		trip  func() error
		taken times
	}{
		{name: "websocket", trip: func() error {
			if err := f.conn.Write(ctx, websocket.MessageText, []byte(echoText)); err != nil {
				return err
			}
			_, err := f.read()
			return err
		}},
		{name: "websocket and a channel", trip: func() error {
			err := handed.conn.Write(ctx, websocket.MessageText, []byte(echoText))
			<-arrived
			return err
		}},
		{name: "rtx", trip: func() error {
			if err := ch.Trigger(ctx, echoEvent, number{1}); err != nil {
				return err
			}
			if v := <-st.C; v.N != 1 {
				return fmt.Errorf("the echo said %d: %v", v.N, st.Err()) //nolint:errorlint // Err may be nil
			}
			return nil
		}},
	}
	for i := range blocks {
		for w := range ways {
			way := &ways[(w+i)%len(ways)]
			label(way.name)
			for range block {
				begin := time.Now()
				if err := way.trip(); err != nil {
					return nil, fmt.Errorf("%s: %w", way.name, err)
				}
				way.taken = append(way.taken, time.Since(begin))
			}
		}
	}
	figures := make(map[string]float64)
	for _, way := range ways {
		figures[way.name+", p50 µs"] = way.taken.percentile(0.5)
		figures[way.name+", p99 µs"] = way.taken.percentile(0.99)
	}
	figures["rtx / websocket, p50"] = ways[2].taken.percentile(0.5) / ways[0].taken.percentile(0.5)
	figures["rtx / websocket and a channel, p50"] = ways[2].taken.percentile(0.5) / ways[1].taken.percentile(0.5)
	return figures, nil
}
