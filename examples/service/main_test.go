package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtxtest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The demonstration: started while RealtimeX is down, told to stop in the middle of its orders, and
// all of them are packed.
func TestDemo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	defer http.DefaultClient.CloseIdleConnections()
	var log, out bytes.Buffer
	terminate := func() error { cancel(); return nil }
	if err := demo(ctx, slog.New(slog.NewJSONHandler(&log, nil)), &out, terminate); err != nil {
		t.Fatalf("%v\n%s", err, &log)
	}
	for _, want := range []string{
		"/readyz: 503 rtx: not ready: missing a connection", "/livez: ok\n", "/readyz: 200 ok\n",
		`rtx_connected{client="shop"} 1`, `rtx_stream_delivered_values_total{client="shop",stream="order-created"} 50`,
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
	packed := false
	for line := range bytes.Lines(log.Bytes()) {
		var entry struct {
			Msg    string
			Packed int
		}
		if err := json.Unmarshal(line, &entry); err != nil {
			t.Errorf("%v: %s", err, line)
		}
		packed = packed || entry.Msg == "stopped" && entry.Packed == 100
	}
	if !packed {
		t.Errorf("not all are packed:\n%s", &log)
	}
}

// serve runs the service against a server until it ends.
func serve(ctx context.Context, t *testing.T, srv *rtxtest.Server) error {
	s, err := newService(config{
		key: srv.Key(), url: srv.URL(), auth: srv.AuthEndpoint(), listen: "127.0.0.1:0", log: slog.New(slog.DiscardHandler),
		pack: func(context.Context, Order) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return s.run(ctx)
}

// It can be stopped although RealtimeX never was there.
func TestStoppedWhileDown(t *testing.T) {
	srv := rtxtest.NewServer(t)
	srv.Stop()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := serve(ctx, t, srv); err != nil {
		t.Error(err)
	}
}

// Without orders there is nothing to do: it ends, and says why.
func TestOrdersAreRefused(t *testing.T) {
	srv := rtxtest.NewServer(t)
	srv.Deny("private-orders", "not allowed", 4003)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var refused *rtx.SubscribeError
	if err := serve(ctx, t, srv); !errors.As(err, &refused) || refused.Code != 4003 {
		t.Errorf("error %v", err)
	}
}
