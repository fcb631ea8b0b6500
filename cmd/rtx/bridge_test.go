package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
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

// startNATS starts a real NATS with JetStream, and returns its URL. It is a process of its own, which is
// this test's program: the goroutines of a server outlive its shutdown.
func startNATS(t *testing.T) string {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "RTX_TEST_NATS="+t.TempDir())
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); _ = cmd.Wait() })
	url, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("NATS does not start: %v", err)
	}
	return strings.TrimSpace(url)
}

// serveNATS is that process: it prints the URL, and ends with its standard input.
func serveNATS(dir string) error {
	n, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: dir, NoLog: true, NoSigs: true})
	if err != nil {
		return err
	}
	go n.Start()
	if !n.ReadyForConnections(time.Minute) {
		return errors.New("not ready")
	}
	fmt.Println(n.ClientURL())
	_, err = io.Copy(io.Discard, os.Stdin)
	n.Shutdown()
	n.WaitForShutdown()
	return err
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
	if _, told := p.want(exitInterrupted); strings.Contains(strings.Join(told, "\n"), "lost") || !strings.Contains(strings.Join(told, "\n"), "rtx: bridge: draining replica=") {
		t.Errorf("it says that something is lost, or not that it drains: %q", told)
	}
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
		{[]string{"bridge", "nats", "orders", "--app", "shop", "--nats", "nats://user:hush@127.0.0.1:1", "--key", "k"}, "can't connect to NATS at 127.0.0.1:1 ("},
		{[]string{"bridge", "nats", "orders", "--app", "shop", "--nats", "nats://a:hush@127.0.0.1:1, nats://hush@127.0.0.1:2", "--key", "k"}, "at 127.0.0.1:1, 127.0.0.1:2 ("},
		{[]string{"bridge", "nats", "orders", "--app", "shop", "--nats", "127.0.0.1:1,localhost:1", "--key", "k"}, "at 127.0.0.1:1, localhost:1 ("},
		{[]string{"bridge", "nats", "orders", "--app", "shop", "--nats", "nats://user:hush sh@127.0.0.1:1", "--key", "k"}, "is not a URL of NATS"},
		{[]string{"bridge", "nats", "orders", "--app", "shop", "--nats", "nats://user:hush%zz@127.0.0.1:1", "--key", "k"}, "is not a URL of NATS"},
		{[]string{"bridge", "nats", "orders", "--app", "shop", "--nats", "nats://user:hush,sh@127.0.0.1:1", "--key", "k"}, "is not a URL of NATS"},
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
