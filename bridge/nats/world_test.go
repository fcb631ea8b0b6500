package bridge_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"

	bridge "github.com/realtimex/realtimex-go/bridge/nats"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtxtest"
)

func TestMain(m *testing.M) {
	if os.Getenv("BRIDGE_TEST_REPLICA") != "" {
		child()
		return
	}
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		_ = flag.Set("test.parallel", "6") // they wait for most of the time
	}
	code := m.Run()
	if code == 0 {
		// The embedded server leaves some of its own for a while.
		if err := goleak.Find(goleak.IgnoreAnyFunction("github.com/nats-io/nats-server/v2/server.(*Server).startGoRoutine.func1"),
			goleak.IgnoreAnyFunction("github.com/nats-io/nats-server/v2/server.init.0.func1"),
			goleak.IgnoreAnyFunction("github.com/nats-io/nats-server/v2/server.(*stream).internalLoop"),
			goleak.IgnoreAnyFunction("github.com/nats-io/nats-server/v2/server.(*fileStore).flushStreamStateLoop"),
			goleak.IgnoreAnyFunction("github.com/nats-io/nats-server/v2/server/ats.Register.func1"),
			goleak.IgnoreAnyFunction("github.com/golang/glog.(*fileSink).flushDaemon")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// A tcp is a TCP proxy on the loopback, whose links can be cut and refused.
type tcp struct {
	listener net.Listener
	target   string

	mu      sync.Mutex
	conns   map[net.Conn]struct{}
	refuses bool
	wait    sync.WaitGroup
}

func newTCP(t testing.TB, target string) *tcp {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &tcp{listener: l, target: target, conns: make(map[net.Conn]struct{})}
	p.wait.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			p.wait.Go(func() { p.carry(c) })
		}
	})
	t.Cleanup(func() { _ = l.Close(); p.cut(true); p.wait.Wait() })
	return p
}

func (p *tcp) carry(c net.Conn) {
	defer c.Close()
	if !p.add(c) {
		return
	}
	defer p.remove(c)
	up, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer up.Close()
	if !p.add(up) {
		return
	}
	defer p.remove(up)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(up, c)
		_ = up.Close()
		_ = c.Close()
	}()
	_, _ = io.Copy(c, up)
	_ = up.Close()
	_ = c.Close()
	<-done
}

func (p *tcp) add(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refuses {
		return false
	}
	p.conns[c] = struct{}{}
	return true
}

func (p *tcp) remove(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
}

// cut breaks all links; with refuse none is made until open.
func (p *tcp) cut(refuse bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuses = refuse
	for c := range p.conns {
		_ = c.(*net.TCPConn).SetLinger(0)
		_ = c.Close()
	}
}

func (p *tcp) open() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuses = false
}

func (p *tcp) addr() string { return p.listener.Addr().String() }

// A world has a service, NATS, and replicas of the bridge.
type world struct {
	t        testing.TB
	service  *rtxtest.Server
	nats     *cluster
	channels []string
	set      func(*bridge.Config)

	conn   *nats.Conn // the test's own
	js     jetstream.JetStream
	parts  []*part
	starts int
}

// A part is one replica, with its own links.
type part struct {
	w         *world
	name      string
	link, bus *tcp
	client    *rtx.Client
	conn      *nats.Conn
	bridge    *bridge.Bridge
	cancel    context.CancelFunc
	done      chan error
}

func newWorld(t testing.TB, nodes int, channels []string, set func(*bridge.Config), opts ...rtxtest.Option) *world {
	t.Helper()
	w := &world{t: t, service: rtxtest.NewServer(t, opts...), nats: newCluster(t, nodes), channels: channels, set: set}
	w.conn = w.connect(w.nats.urls())
	t.Cleanup(w.conn.Close)
	js, err := jetstream.New(w.conn)
	if err != nil {
		t.Fatal(err)
	}
	w.js = js
	return w
}

func (w *world) connect(urls string) *nats.Conn {
	w.t.Helper()
	c, err := nats.Connect(urls, nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond), nats.ReconnectJitter(0, 0),
		nats.IgnoreDiscoveredServers(), nats.RetryOnFailedConnect(true), nats.Timeout(5*time.Second),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func discard() *slog.Logger {
	if os.Getenv("BRIDGE_LOG") != "" {
		return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return slog.New(slog.DiscardHandler)
}

// start begins one more replica.
func (w *world) start() *part {
	w.t.Helper()
	w.starts++
	u, err := url.Parse(w.service.URL())
	if err != nil {
		w.t.Fatal(err)
	}
	p := &part{w: w, name: fmt.Sprint("replica-", w.starts), link: newTCP(w.t, u.Host), bus: newTCP(w.t, w.nats.addr(w.starts)), done: make(chan error, 1)}
	p.client, err = rtx.New(w.service.Key(), rtx.WithURL("ws://"+p.link.addr()), rtx.WithAuthEndpoint(w.service.AuthEndpoint()), rtx.WithBackoff(10*time.Millisecond, 100*time.Millisecond))
	if err != nil {
		w.t.Fatal(err)
	}
	if err := p.client.Connect(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	p.conn = w.connect("nats://" + p.bus.addr())
	cfg := bridge.Config{
		Client: p.client, NATS: p.conn, App: "shop", Channels: w.channels, Replica: p.name, Lease: time.Second, StreamReplicas: len(w.nats.servers),
		RingAge: time.Minute, Log: discard().With("replica", p.name),
	}
	if w.set != nil {
		w.set(&cfg)
	}
	p.bridge, err = bridge.New(cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	go func() { p.done <- p.bridge.Run(ctx) }()
	w.parts = append(w.parts, p)
	w.t.Cleanup(p.kill)
	return p
}

// kill ends the replica as the end of its process does: its links break at once, and its lease stays.
func (p *part) kill() {
	if p.done == nil {
		return
	}
	p.bus.cut(true) // first, so that it tells nobody of its link
	p.conn.Close()
	p.link.cut(true)
	_ = p.client.Close()
	p.cancel()
	<-p.done
	p.done = nil
}

// stop ends the replica as its owner does.
func (p *part) stop() {
	p.cancel()
	if err := <-p.done; err != nil {
		p.w.t.Errorf("%s: %v", p.name, err)
	}
	p.done = nil
	p.conn.Close()
	_ = p.client.Close()
	p.link.cut(true)
	p.bus.cut(true)
}

// wait polls until something is so.
func (w *world) wait(what string, so func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !so(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			for _, p := range w.parts {
				w.t.Logf("%s: %+v", p.name, p.bridge.Stats())
				select {
				case err := <-p.done:
					w.t.Logf("%s has ended: %v", p.name, err)
					p.done = nil
				default:
				}
			}
			w.t.Fatalf("%s: not within 30 s", what)
		}
	}
}

func (w *world) ready(parts ...*part) {
	w.t.Helper()
	w.wait("ready", func() bool {
		for _, p := range parts {
			if s := p.bridge.Stats(); !s.Ready || s.Members < len(parts) {
				return false
			}
		}
		return true
	})
}

// leader returns the replica that publishes, once there is one.
func (w *world) leader() (leader *part) {
	w.t.Helper()
	w.wait("a leader", func() bool {
		for _, p := range w.parts {
			if p.done != nil && p.bridge.Stats().Leading > 0 {
				leader = p
				return true
			}
		}
		return false
	})
	return leader
}

// number is what an event of the tests has.
type number struct {
	N int `json:"n"`
}

// publish sends the next event of a channel.
func (w *world) publish(channel string, n int) {
	w.service.Publish(channel, "created", json.RawMessage(fmt.Sprintf(`{"n":%d}`, n)))
}

// A cluster is one or three NATS servers in this process.
type cluster struct {
	t       testing.TB
	servers []*server.Server
	options []*server.Options
}

func newCluster(t testing.TB, n int) *cluster {
	t.Helper()
	c := &cluster{t: t}
	var routes []string
	for i := range n {
		o := &server.Options{
			ServerName: fmt.Sprint("n", i+1), Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true,
			SyncInterval: time.Minute,
		}
		if n > 1 {
			o.Cluster = server.ClusterOpts{Name: "c", Host: "127.0.0.1", Port: freePort(t)}
			routes = append(routes, fmt.Sprintf("nats://127.0.0.1:%d", o.Cluster.Port))
		}
		o.Port = freePort(t)
		c.options = append(c.options, o)
	}
	for _, o := range c.options {
		if n > 1 {
			o.Routes = server.RoutesFromStr(strings.Join(routes, ","))
		}
		c.servers = append(c.servers, nil)
	}
	for i := range c.options {
		c.run(i)
	}
	t.Cleanup(func() {
		for _, s := range c.servers {
			s.Shutdown()
			s.WaitForShutdown()
		}
	})
	c.settle()
	return c
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func (c *cluster) run(i int) {
	c.t.Helper()
	s, err := server.NewServer(c.options[i].Clone())
	if err != nil {
		c.t.Fatal(err)
	}
	c.servers[i] = s
	go s.Start()
	if !s.ReadyForConnections(time.Minute) {
		c.t.Fatal("NATS does not start")
	}
}

// settle waits until JetStream can be used.
func (c *cluster) settle() {
	c.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if len(c.servers) == 1 {
			return
		}
		leader, current := false, true
		for _, s := range c.servers {
			leader = leader || s.JetStreamIsLeader()
			current = current && s.JetStreamIsCurrent()
		}
		if leader && current {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatal("JetStream does not start")
		}
	}
}

// restart stops one server and starts it again, with what it has stored.
func (c *cluster) restart(i int) {
	c.servers[i].Shutdown()
	c.servers[i].WaitForShutdown()
	c.run(i)
}

func (c *cluster) urls() string {
	var all []string
	for i := range c.options {
		all = append(all, "nats://"+c.addr(i))
	}
	return strings.Join(all, ",")
}

func (c *cluster) addr(i int) string {
	return fmt.Sprintf("127.0.0.1:%d", c.options[i%len(c.options)].Port)
}
