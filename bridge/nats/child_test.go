package bridge_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	bridge "github.com/realtimex/realtimex-go/bridge/nats"
	"github.com/realtimex/realtimex-go/rtx"
)

// child is a replica in a process of its own, which is this test's program: it can be stopped and
// killed as a whole.
func child() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := runChild(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func runChild(ctx context.Context) error {
	client, err := rtx.Dial(ctx, os.Getenv("BRIDGE_TEST_KEY"), rtx.WithURL(os.Getenv("BRIDGE_TEST_URL")))
	if err != nil {
		return err
	}
	defer client.Close()
	conn, err := nats.Connect(os.Getenv("BRIDGE_TEST_NATS"), nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond))
	if err != nil {
		return err
	}
	defer conn.Close()
	if os.Getenv("BRIDGE_TEST_HAND") != "" {
		return byHand(ctx, client, conn)
	}
	return bridge.Run(ctx, bridge.Config{
		Client: client, NATS: conn, App: "shop", Channels: strings.Split(os.Getenv("BRIDGE_TEST_CHANNELS"), ","),
		Replica: os.Getenv("BRIDGE_TEST_REPLICA"), Lease: time.Second, RingAge: time.Minute,
	})
}

// A process is a replica in a process of its own.
type process struct {
	cmd *exec.Cmd
	err bytes.Buffer
}

func (w *world) fork(name string, env ...string) *process {
	w.t.Helper()
	p := &process{cmd: exec.Command(os.Args[0])}
	p.cmd.Env = append(os.Environ(), "BRIDGE_TEST_REPLICA="+name, "BRIDGE_TEST_URL="+strings.Replace(w.service.URL(), "http", "ws", 1),
		"BRIDGE_TEST_KEY="+w.service.Key(), "BRIDGE_TEST_NATS="+w.nats.urls(), "BRIDGE_TEST_CHANNELS="+strings.Join(w.channels, ","))
	p.cmd.Env = append(p.cmd.Env, env...)
	p.cmd.Stderr = &p.err
	if err := p.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(p.kill)
	return p
}

func (p *process) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

func (p *process) kill() {
	if p.cmd.ProcessState == nil {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	}
}

// A leader that stands still for longer than its lease is replaced, and breaks nothing when it goes
// on.
func TestStoppedProcess(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, []string{"orders", "stock"}, nil, withRecovery)
	law := newLaw(w)
	old := w.fork("old")
	for _, channel := range w.channels {
		w.service.WaitSubscribers(channel, 1)
	}
	w.wait("the process publishes", func() bool { law.publish("orders"); return law.onBus("orders") > 0 })
	a, b := w.start(), w.start()
	w.ready(a, b)
	for round := range 2 {
		stop := law.load(2000)
		// The pauses let events be under way at each fault. Nothing depends on how many are.
		time.Sleep(100 * time.Millisecond)
		old.signal(syscall.SIGSTOP)
		w.wait("another leads", func() bool { return a.bridge.Stats().Leading+b.bridge.Stats().Leading > 0 })
		time.Sleep(100 * time.Millisecond)
		old.signal(syscall.SIGCONT)
		time.Sleep(100 * time.Millisecond)
		stop()
		// The next round stops this process as the leader again.
		if round < 1 {
			for _, p := range []*part{a, b} {
				p.link.cut(true)
			}
			w.wait("the process leads again", func() bool { return a.bridge.Stats().Leading+b.bridge.Stats().Leading == 0 })
			time.Sleep(50 * time.Millisecond)
			for _, p := range []*part{a, b} {
				p.link.open()
			}
			w.ready(a, b)
		}
	}
	law.check(true)
	if old.err.Len() > 0 {
		t.Logf("the process says: %s", old.err.String())
	}
}
