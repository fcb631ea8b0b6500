// Pipeline runs events through stages, each a goroutine, joined by channels: raw payloads are
// decoded by four workers at a time, put back into their order, and written in batches. Only
// opening the stream is a call of this library: the C of a stream is an ordinary Go channel. The
// server is in this process.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtxtest"
	"golang.org/x/sync/errgroup"
)

// A Reading is what the sensors publish.
type Reading struct {
	N       int
	Celsius float64
}

const readings = 100

func main() {
	log.SetFlags(0)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := run(ctx, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// decode is the first stage. It hands on a promise of each reading at once, and so keeps their
// order, and at most four are being decoded at a time. It ends when raw does, or with ctx.
func decode(ctx context.Context, raw <-chan []byte, promises chan<- chan Reading) error {
	defer close(promises)
	var workers errgroup.Group
	workers.SetLimit(4)
	for payload := range raw { // ends when the stream does
		promise := make(chan Reading, 1)
		select {
		case promises <- promise:
		case <-ctx.Done():
			return workers.Wait()
		}
		workers.Go(func() error {
			defer close(promise)
			var r Reading
			if err := json.Unmarshal(payload, &r); err != nil {
				return err
			}
			promise <- r
			return nil
		})
	}
	return workers.Wait()
}

// write is the last stage: batches of 25.
func write(promises <-chan chan Reading, out io.Writer, done func()) error {
	var batch []Reading
	for promise := range promises {
		r, ok := <-promise
		if !ok {
			continue // it could not be decoded; decode says so
		}
		if batch = append(batch, r); len(batch) == 25 {
			fmt.Fprintf(out, "stored %d readings, %d to %d\n", len(batch), batch[0].N, r.N)
			batch = nil
		}
		if r.N == readings {
			done()
		}
	}
	return nil
}

func run(ctx context.Context, out io.Writer) error {
	srv, err := rtxtest.Start()
	if err != nil {
		return err
	}
	defer srv.Close()
	client, err := rtx.Dial(ctx, srv.Key(), rtx.WithURL(srv.URL()))
	if err != nil {
		return err
	}
	defer client.Close()

	// Raw payloads, so that the connection's reader need not decode them. Grow keeps up to 1 MiB of
	// them rather than lose one.
	raw := rtx.On[[]byte](ctx, client.Channel("sensors"), "reading", rtx.WithOverflow(rtx.Grow(1<<20)))
	if err := raw.Ready(ctx); err != nil {
		return err
	}
	for n := range readings {
		srv.Publish("sensors", "reading", Reading{n + 1, 20 + float64(n)/10})
	}
	g, ctx := errgroup.WithContext(ctx)
	promises := make(chan chan Reading, 16)
	g.Go(func() error { return decode(ctx, raw.C, promises) })
	g.Go(func() error { return write(promises, out, raw.Close) })
	if err := g.Wait(); err != nil {
		return err
	}
	fmt.Fprintln(out, "lost:", raw.Stats().Dropped)
	return raw.Err() // nil after Close
}
