package testserver

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
)

func TestStart(t *testing.T) {
	s, err := Start(WithAddr("127.0.0.1:0"), WithKey("k"), WithSecret("s"))
	if err != nil {
		t.Fatal(err)
	}
	if s.Key() != "k" {
		t.Errorf("key %q", s.Key())
	}
	c := connect(t, s)
	s.WaitConnections(1)
	if _, err := Start(WithAddr(strings.TrimPrefix(s.URL(), "http://"))); err == nil {
		t.Error("started on a taken address")
	}
	s.Close()
	s.Close()
	c.expectEnd()
}

func TestBadOptionsAreNamed(t *testing.T) {
	for name, o := range map[string]Option{
		"WithKey":            WithKey(""),
		"WithSecret":         WithSecret(""),
		"WithAddr":           WithAddr(""),
		"WithPing":           WithPing(0, time.Second),
		"WithMaxPayload":     WithMaxPayload(0),
		"WithQueueLimit":     WithQueueLimit(0),
		"WithTransports":     WithTransports("polling", "polling"),
		"WithConnectTimeout": WithConnectTimeout(0),
		"WithUpgradeTimeout": WithUpgradeTimeout(0),
		"WithRecovery":       WithRecovery(0),
		"WithWait":           WithWait(0),
		"WithLogger":         WithLogger(nil),
		"WithHosts":          WithHosts("a.example:80"),
		"WithOrigins":        WithOrigins("a.example"),
		"WithDevToken":       WithDevToken(""),
		"WithMemberShape":    WithMemberShape(99),
		"WithBadKey":         WithBadKey(-1),
	} {
		if s, err := Start(o); err == nil || !strings.Contains(err.Error(), name+":") {
			t.Errorf("%s: %v", name, err)
			if s != nil {
				s.Close()
			}
		}
	}
}

func TestDelayedEstablished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewPipeServer(t, WithEstablished(3*time.Second))
		c := dialRaw(t, s)
		c.join("40")
		start := time.Now()
		c.expectPrefix(`42["realtimex:connection_established"`)
		if d := time.Since(start); d != 3*time.Second {
			t.Errorf("after %v", d)
		}
		s.Close()
		time.Sleep(time.Minute)
	})
}

// failure is a testing.TB that notes its failure instead of failing.
type failure struct {
	testing.TB
	failed string
	helped bool
}

func (f *failure) Helper()                        { f.helped = true }
func (f *failure) Errorf(msg string, args ...any) { f.failed = fmt.Sprintf(msg, args...) }
func (f *failure) Fatalf(msg string, args ...any) { f.failed = fmt.Sprintf(msg, args...) }

func TestFailuresGoToTheTest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &failure{TB: t}
		s := NewPipeServer(f, WithWait(time.Minute))
		start := time.Now()
		for want, fail := range map[string]func(){
			`no subscriber of "orders"`:          func() { s.WaitSubscribed("orders") },
			`0 subscribers of "orders", want 2`:  func() { s.WaitSubscribers("orders", 2) },
			`0 connections, want 1`:              func() { s.WaitConnections(1) },
			`no client sent what was waited for`: func() { s.WaitReceived(func(Received) bool { return true }) },
			`the counts stay at {Connections:0`:  func() { s.WaitStats(func(Stats) bool { return false }) },
			`Publish: json: unsupported type`:    func() { s.Publish("orders", "e", make(chan int)) },
			`Join: want a presence channel`:      func() { s.Join("orders", authMember("a")) },
		} {
			f.failed, f.helped = "", false
			fail()
			if !strings.Contains(f.failed, want) || !f.helped {
				t.Errorf("failed with %q, want %q", f.failed, want)
			}
		}
		if d := time.Since(start); d != 5*time.Minute {
			t.Errorf("waited %v", d)
		}
		s.Close()
		time.Sleep(time.Minute)
	})
}

func TestNoSecretIsPrinted(t *testing.T) {
	var log strings.Builder
	s := NewServer(t, WithKey("the-key"), WithSecret("the-secret"), WithLogger(textLogger(&log)))
	c := connect(t, s)
	c.subscribe(s, "private-a")
	c.expectPrefix(succeeded)
	c.send(subscribeFrame(t, s, "another", "private-b", ""))
	c.expectPrefix(`42["realtimex_internal:subscription_error"`)
	c.ws.CloseNow()
	s.WaitConnections(0)
	g, err := s.Signer().Private(c.socketID, "private-a")
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	all := log.String() + fmt.Sprintf("%+v %+v", s.Received(), s.Stats())
	if !strings.Contains(all, "subscription refused") {
		t.Error("nothing is logged")
	}
	for _, secret := range []string{"the-key", "the-secret", g.Auth} {
		if strings.Contains(all, secret) {
			t.Errorf("%q is printed in %s", secret, all)
		}
	}
}

// TestThousandConnections is the promise of the package's size: server and raw clients together
// stay within 64 MiB.
func TestThousandConnections(t *testing.T) {
	const count, limit = 1000, 64 << 20
	s := NewServer(t)
	before := memory()
	clients := make([]*rawClient, count)
	for i := range clients {
		clients[i] = connect(t, s)
		clients[i].subscribe(s, "orders")
		clients[i].expectPrefix(succeeded)
	}
	s.WaitSubscribers("orders", count)
	s.Publish("orders", "e", 1)
	if n := s.Stats().Delivered; n != count {
		t.Errorf("published to %d", n)
	}
	for _, c := range clients {
		c.expect(`42["server-event",{"channel":"orders","event":"e","data":1}]`)
	}
	used := memory() - before
	t.Logf("%d connections and their clients: %.1f MiB", count, float64(used)/(1<<20))
	if used > limit {
		t.Errorf("%d bytes for %d connections, want at most %d", used, count, limit)
	}
	for _, c := range clients {
		c.ws.Close(websocket.StatusNormalClosure, "")
	}
	s.WaitConnections(0)
}

// memory is what the process holds on its heap and stacks.
func memory() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}
