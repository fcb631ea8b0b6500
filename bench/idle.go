package main

import (
	"context"
	"fmt"
	"runtime"

	"github.com/realtimex/realtimex-go/rtx"
)

// What is there while nothing happens.

const (
	idleClients = 1_000
	openStreams = 10_000
)

// footprint is how many bytes the process has in use after a collection, stacks included, and how
// many goroutines.
type footprint struct{ bytes, stacks, goroutines float64 }

func takeFootprint() footprint {
	for range 3 { // pools are emptied by the second collection
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return footprint{float64(m.HeapAlloc + m.StackInuse), float64(m.StackInuse), float64(runtime.NumGoroutine())}
}

// each is what n of something have added since f was taken.
func (f footprint) each(n float64) footprint {
	now := takeFootprint()
	return footprint{(now.bytes - f.bytes) / n, (now.stacks - f.stacks) / n, (now.goroutines - f.goroutines) / n}
}

// idle connects many clients, and as many bare WebSockets, each with a goroutine that reads.
func idle(s spec) (map[string]float64, error) {
	before := takeFootprint()
	floors := make([]*floor, idleClients)
	for i := range floors {
		f, err := dialFloor(s)
		if err != nil {
			return nil, err
		}
		floors[i] = f
		go func() { _, _ = f.read() }() // ends with the process
	}
	bare := before.each(idleClients)
	runtime.KeepAlive(floors)

	before = takeFootprint()
	clients := make([]*rtx.Client, idleClients)
	for i := range clients {
		c, err := dialLibrary(s)
		if err != nil {
			return nil, err
		}
		clients[i] = c
	}
	library := before.each(idleClients)
	runtime.KeepAlive(clients)
	runtime.KeepAlive(floors)
	return map[string]float64{
		"websocket, KiB a client":        bare.bytes / 1024,
		"websocket, KiB of it stacks":    bare.stacks / 1024,
		"websocket, goroutines a client": bare.goroutines,
		"rtx, KiB a client":              library.bytes / 1024,
		"rtx, KiB of it stacks":          library.stacks / 1024,
		"rtx, goroutines a client":       library.goroutines,
	}, nil
}

// idleStreams opens many streams on one client: on one channel, and on a channel each, whose
// subscription then counts too. The buffer that is left out is a Go channel of the same size.
func idleStreams(s spec) (map[string]float64, error) {
	figures := make(map[string]float64)
	before := takeFootprint()
	bare := make([]chan int, openStreams)
	for i := range bare {
		bare[i] = make(chan int, buffer)
	}
	values := before.each(openStreams).bytes
	runtime.KeepAlive(bare)
	for _, channels := range []int{1, openStreams} {
		c, err := dialLibrary(s)
		if err != nil {
			return nil, err
		}
		before = takeFootprint()
		streams := make([]*rtx.Stream[int], openStreams)
		for i := range streams {
			streams[i] = rtx.On[int](context.Background(), c.Channel(channelOf(i, channels)), eventName, rtx.WithBuffer(buffer))
		}
		for _, st := range streams {
			if err := st.Ready(context.Background()); err != nil {
				return nil, err
			}
		}
		each := before.each(openStreams)
		runtime.KeepAlive(streams)
		on := fmt.Sprintf("on %d channels, ", channels)
		figures[on+"bytes a stream beside its buffer"] = each.bytes - values
		figures[on+"goroutines a stream"] = each.goroutines
		if err := c.Close(); err != nil {
			return nil, err
		}
	}
	return figures, nil
}
