package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/realtimex/realtimex-go/rtxtest"
)

// demo starts the service while RealtimeX, here a server in this process, is down, lets it come up,
// sends orders, and in the middle of them the signal to stop. It prints what Prometheus and the
// orchestrator see.
func demo(ctx context.Context, log *slog.Logger, out io.Writer, terminate func() error) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	srv, err := rtxtest.Start()
	if err != nil {
		return err
	}
	defer srv.Close()
	srv.Stop()
	const half = 50
	var s *service
	var web endpoints
	s, err = newService(config{
		key: srv.Key(), url: srv.URL(), auth: srv.AuthEndpoint(), listen: "127.0.0.1:0", log: log,
		pack: func(_ context.Context, o Order) error {
			if o.ID != half {
				return nil
			}
			for s.client.Stats().Delivered < 2*half { // the rest is in the buffer, and must not be lost
				time.Sleep(time.Millisecond)
			}
			return errors.Join(web.show(ctx, out, "/metrics", "rtx_"), terminate())
		},
	})
	if err != nil {
		return err
	}
	web = endpoints("http://" + s.web.Addr().String())
	stopped := make(chan error, 1)
	go func() { stopped <- s.run(ctx) }()
	if err := errors.Join(web.await(ctx, out, http.StatusServiceUnavailable), web.show(ctx, out, "/livez", "")); err != nil {
		return err
	}
	srv.Resume()
	if err := web.await(ctx, out, http.StatusOK); err != nil {
		return err
	}
	for id := range 2 * half {
		srv.Publish("private-orders", "order-created", Order{ID: id + 1})
	}
	return <-stopped
}

// endpoints is the address of the service's own endpoints.
type endpoints string

// await asks /readyz until it answers with that status.
func (e endpoints) await(ctx context.Context, out io.Writer, status int) error {
	for {
		got, body, err := e.get(ctx, "/readyz")
		if err != nil {
			return err
		}
		if got == status {
			fmt.Fprintf(out, "/readyz: %d %s", got, body)
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// show prints the lines of an answer that begin with prefix and have a value other than 0.
func (e endpoints) show(ctx context.Context, out io.Writer, path, prefix string) error {
	_, body, err := e.get(ctx, path)
	if err != nil {
		return err
	}
	for lines := bufio.NewScanner(strings.NewReader(body)); lines.Scan(); {
		line := lines.Text()
		if strings.HasPrefix(line, prefix) && !strings.HasSuffix(line, " 0") && !strings.Contains(line, "_bucket{") {
			fmt.Fprintf(out, "%s: %s\n", path, line)
		}
	}
	return nil
}

func (e endpoints) get(ctx context.Context, path string) (status int, body string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, string(e)+path, nil)
	if err != nil {
		return 0, "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	data, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(data), errors.Join(err, resp.Body.Close())
}
