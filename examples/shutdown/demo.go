package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// run gives the service 500 orders, has it interrupted when the first is packed, and looks for the
// report of each order that it had taken until then.
func run(ctx context.Context, out io.Writer, interrupt func() error) error {
	srv, err := rtxtest.Start()
	if err != nil {
		return err
	}
	defer srv.Close()
	opts := []rtx.Option{rtx.WithURL(srv.URL()), rtx.WithAuth(srv.Signer().Authorizer(auth.Member{}))}
	service, err := rtx.New(srv.Key(), opts...)
	if err != nil {
		return err
	}
	defer service.Close()
	web := httptest.NewServer(probes(ctx, service))
	defer web.Close()
	if err := ask(ctx, out, web.URL+"/readyz", http.StatusServiceUnavailable); err != nil {
		return err
	}
	if err := service.Connect(ctx); err != nil {
		return err
	}
	shop, err := rtx.Dial(ctx, srv.Key(), opts...)
	if err != nil {
		return err
	}
	defer shop.Close()
	shopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	reports := rtx.On[Order](shopping, shop.Channel("private-warehouse"), "client-packed", rtx.WithBuffer(500))
	if err := reports.Ready(shopping); err != nil {
		return err
	}

	var packed uint64
	stopped := make(chan error, 1)
	go func() {
		var err error
		packed, err = serve(ctx, service, out)
		stopped <- err
	}()
	srv.WaitSubscribers("private-warehouse", 2)
	for _, probe := range []string{"/livez", "/readyz"} {
		if err := ask(shopping, out, web.URL+probe, http.StatusOK); err != nil {
			return err
		}
	}
	for id := range 500 {
		srv.Publish("private-warehouse", "order-created", Order{ID: id + 1})
	}
	var got uint64
	for report := range reports.C {
		if got++; got == 1 {
			fmt.Fprintf(out, "Order %d is packed, more are on their way. Now somebody presses Ctrl-C.\n", report.ID)
			if err := interrupt(); err != nil {
				return err
			}
			if err := <-stopped; err != nil {
				return err
			}
			fmt.Fprintf(out, "Stopped. The service took and packed %d orders.\n", packed)
			if err := ask(shopping, out, web.URL+"/livez", http.StatusServiceUnavailable); err != nil {
				return err
			}
		}
		if got == packed {
			fmt.Fprintf(out, "The shop has the reports of all %d.\n", got)
			return nil
		}
	}
	return fmt.Errorf("%d reports of %d: %w", got, packed, reports.Err())
}

// ask does what an orchestrator does: it asks a probe again and again, here until it answers with
// that status.
func ask(ctx context.Context, out io.Writer, url string, status int) error {
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		body, err := io.ReadAll(resp.Body)
		if err := errors.Join(err, resp.Body.Close()); err != nil {
			return err
		}
		if resp.StatusCode == status {
			fmt.Fprintf(out, "/%s: %d %s\n", path.Base(url), status, strings.TrimSpace(string(body)))
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
}
