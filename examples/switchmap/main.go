// Switchmap answers only the newest of several requests: each query cancels the search for the one
// before it. Reactive libraries have an operator by that name. Here it is a loop with a context. A
// gap means that a newer query may have been missed, so the search that runs is cancelled too. The
// server is in this process.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"sync"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtxtest"
)

func main() {
	log.SetFlags(0)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := run(ctx, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// search takes as long as it is let: only the query that is complete has results.
func search(ctx context.Context, query string) (results int, err error) {
	if query == "tea pot" {
		return 3, nil
	}
	<-ctx.Done()
	return 0, ctx.Err()
}

// answer calls show with the results of the newest query. It returns when the stream ends.
func answer(ctx context.Context, queries *rtx.Stream[string], show func(query string, results int)) error {
	var searching sync.WaitGroup
	defer searching.Wait()
	cancel := func() {}
	defer func() { cancel() }()
	for query, gap := range queries.All() {
		cancel()
		searching.Wait() // one at a time; without it, they overlap for as long as the old one takes to end
		if gap != nil {
			continue
		}
		newest, stop := context.WithCancel(ctx)
		cancel = stop
		searching.Go(func() {
			results, err := search(newest, query)
			if err == nil && newest.Err() == nil {
				show(query, results)
			}
		})
	}
	return queries.Err()
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
	queries := rtx.On[string](ctx, client.Channel("search-box"), "typed")
	if err := queries.Ready(ctx); err != nil {
		return err
	}
	for _, typed := range []any{"t", "te", "tea", 7, "tea p", "tea pot"} {
		srv.Publish("search-box", "typed", typed)
	}
	return answer(ctx, queries, func(query string, results int) {
		fmt.Fprintf(out, "%q: %d results\n", query, results)
		queries.Close()
	})
}
