// Gateway passes one stream on to any number of browsers as server-sent events: one connection to
// the service, one stream, and for each browser a bounded buffer of its own, so that a slow one
// delays nobody. A browser that missed events receives an event "gap". Open the address
// that it prints.
//
// By default it runs a server in this process, publishes prices, and breaks the connection now and
// then. With -url, -key and -channel it passes on a channel of a real service.
package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtxtest"
	"golang.org/x/sync/errgroup"
)

//go:embed page.html
var page []byte

func main() {
	log.SetFlags(0)
	url := flag.String("url", "", "a RealtimeX service, such as wss://ws.realtimex.net; empty: a server in this process")
	key := flag.String("key", "", "the API key of that service")
	channel := flag.String("channel", "prices", "the channel that is passed on")
	addr := flag.String("addr", "127.0.0.1:8080", "where to listen for browsers")
	var names []string
	flag.Func("host", "another name by which browsers reach the gateway; may be given several times", func(name string) error {
		names = append(names, name)
		return nil
	})
	end := flag.Duration("for", 0, "stop after this time; 0: when interrupted")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if *end > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, *end)
		defer cancel()
	}
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	if *url == "" {
		srv, err := rtxtest.Start()
		if err != nil {
			log.Fatal(err)
		}
		defer srv.Close()
		*url, *key = srv.URL(), srv.Key()
		var feed sync.WaitGroup
		defer feed.Wait()
		defer stop()
		feed.Go(func() { publish(ctx, srv, *channel) })
	}
	client, err := rtx.Dial(ctx, *key, rtx.WithURL(*url))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	fmt.Printf("Open http://%s\n", listener.Addr())
	if err := serve(ctx, client.Channel(*channel), listener, names, os.Stdout); err != nil {
		log.Print(err)
	}
}

// serve passes the channel's events on to the browsers that come to listener, until ctx ends.
func serve(ctx context.Context, ch *rtx.Channel, listener net.Listener, names []string, out io.Writer) error {
	hub := newHub()
	server := &http.Server{
		Handler:           routes(hub, names),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      10 * time.Second, // the hub moves it on with each event
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
	}

	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	g.Go(func() error {
		// Raw payloads: what is only passed on need not be decoded.
		events := rtx.On[rtx.Message[json.RawMessage]](gctx, ch, "*")
		for m, gap := range events.All() {
			if gap != nil {
				hub.gap(gap)
			} else {
				hub.event(m.Event, m.Value)
			}
		}
		fmt.Fprintf(out, "Passed on %d events; the slowest browsers missed %d.\n", events.Stats().Delivered, hub.missed())
		hub.close() // the handlers return, and so Shutdown does
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		return errors.Join(server.Shutdown(grace), cut(ctx, events.Err()))
	})
	return g.Wait()
}

// routes serves the page and its events, and refuses the pages of other sites.
func routes(hub *hub, names []string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /events", hub)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'self' 'unsafe-inline'")
		_, _ = w.Write(page)
	})
	return guarded(mux, names, func(r *http.Request) bool { return r.URL.Path == "/events" })
}

// cut returns err, or nil if the stream ended because ctx did.
func cut(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}
