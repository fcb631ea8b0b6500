package main

import (
	"context"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	bridge "github.com/realtimex/realtimex-go/bridge/nats"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// startNATS starts a real NATS with JetStream, and returns its URL.
func startNATS(t *testing.T) string {
	t.Helper()
	n, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), NoLog: true, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	go n.Start()
	t.Cleanup(func() { n.Shutdown(); n.WaitForShutdown() })
	if !n.ReadyForConnections(time.Minute) {
		t.Fatal("NATS does not start")
	}
	return n.ClientURL()
}

// A replica of the command brings events to a real NATS, and leaves when it is interrupted.
func TestBridgeNATS(t *testing.T) {
	bus := startNATS(t)
	srv := rtxtest.NewServer(t, rtxtest.WithRecovery(time.Minute))
	p := start(t, []string{"RTX_NATS=" + bus}, "bridge", "nats", "orders.eu", "--app", "shop", "--url", srv.URL(), "--key", srv.Key(), "--lease", "1s")
	p.told("bringing orders.eu to rtx.shop.*.*")
	srv.WaitSubscribed("orders.eu")
	srv.Publish("orders.eu", "created", map[string]int{"id": 7})

	conn, err := nats.Connect(bus)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	consumer, err := js.OrderedConsumer(ctx, "rtx-shop", jetstream.OrderedConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	for m, gap := range bridge.Consume[rtx.Message[struct{ ID int }]](ctx, consumer) {
		if gap != nil || m.Channel != "orders.eu" || m.Event != "created" || m.Value.ID != 7 {
			t.Errorf("got %+v, %v", m, gap)
		}
		break
	}
	p.signal(syscall.SIGINT)
	p.want(exitInterrupted)
	kv, err := js.KeyValue(ctx, "rtx-shop-leases")
	if err != nil {
		t.Fatal(err)
	}
	if keys, err := kv.Keys(ctx); len(keys) > 0 {
		t.Errorf("the lease is left: %v, %v", keys, err)
	}
}

func TestBridgeUsage(t *testing.T) {
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"bridge", "kafka"}, "no such"},
		{[]string{"bridge", "nats"}, "CHANNEL is missing"},
		{[]string{"bridge", "nats", "orders", "--check"}, "--app is missing"},
		{[]string{"bridge", "nats", "orders", "--app", "a.b", "--check"}, "--app must be"},
		{[]string{"bridge", "nats", "orders", "--app", "shop", "--ring-size", "0"}, "--ring-size"},
		{[]string{"bridge", "nats", "orders", "--app", "shop", "--nats", "nats://user:hush@127.0.0.1:1", "--key", "k"}, "can't connect to NATS"},
	} {
		p := start(t, nil, c.args...)
		line := p.told(c.says)
		if code, _, _ := p.wait(); code == 0 || strings.Contains(line, "hush") {
			t.Errorf("%v: exit code %d after %q", c.args, code, line)
		}
	}
	p := start(t, nil, "bridge", "nats", "orders.eu", "--app", "shop", "--check")
	if out, _ := p.want(exitDone); len(out) != 1 || out[0] != "orders.eu  rtx.shop.orders%2Eeu.*" {
		t.Errorf("got %q", out)
	}
}
