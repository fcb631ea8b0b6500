package interop_test

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
)

// A machine that changes its network has another address, and the packets of its old connections
// reach nobody: no end of a connection is told to either side. The client finds the link dead, and
// comes back from the new address. This happens in a network namespace of the test's own, in a
// process of its own.
func TestNetworkSwitch(t *testing.T) {
	const child = "NETWORK_SWITCH_CHILD"
	if os.Getenv(child) == "" {
		if testing.Short() {
			t.Skip("starts a process: not in -short mode")
		}
		for _, program := range []string{"unshare", "ip"} {
			if _, err := exec.LookPath(program); err != nil {
				t.Skipf("%s is not on PATH: on Debian, apt-get install util-linux iproute2", program)
			}
		}
		if out, err := exec.Command("unshare", "--net", "ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
			t.Skipf("no network namespace can be made here: %v %s", err, out)
		}
		cmd := exec.CommandContext(t.Context(), "unshare", "--net", os.Args[0], "-test.run=^TestNetworkSwitch$", "-test.timeout=1m", "-test.v")
		cmd.Env = append(os.Environ(), child+"=1")
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestNetworkSwitch") {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}

	ip := func(args ...string) {
		t.Helper()
		if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
			t.Fatalf("ip %v: %v %s", args, err, out)
		}
	}
	// The address that connections to the service come from is that of the route.
	from := func(addr string) {
		ip("route", "replace", "local", "10.77.0.1", "dev", "lo", "src", addr, "table", "local")
	}
	ip("link", "set", "lo", "up")
	ip("address", "add", "10.77.0.1/32", "dev", "lo")
	ip("address", "add", "10.77.1.2/32", "dev", "lo")
	from("10.77.1.2")

	s := testserver.NewServer(t, testserver.WithHosts("10.77.0.1"), testserver.WithPing(500*time.Millisecond, 500*time.Millisecond))
	ln, err := net.Listen("tcp", "10.77.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	seen := forwardAll(t, ln, s.URL()[strings.Index(s.URL(), "//")+2:])

	c := dial(t, "ws://"+ln.Addr().String(), s.Key(), quick())
	states := c.States(t.Context())
	numbers := readyOn[numbered](t, c.Channel("orders"), "n")
	s.Publish("orders", "n", numbered{1})
	if got := next(t, numbers); got.N != 1 {
		t.Fatalf("got %v", got)
	}
	if host := <-seen; host != "10.77.1.2" {
		t.Fatalf("the connection comes from %s", host)
	}

	ip("address", "add", "10.77.2.2/32", "dev", "lo")
	from("10.77.2.2")
	ip("address", "del", "10.77.1.2/32", "dev", "lo")
	var why error
	for st := range states.C {
		if st.State == rtx.StateReconnecting && why == nil {
			why = st.Err
		}
		if st.State == rtx.StateConnected && why != nil {
			break
		}
	}
	if !errors.Is(why, rtx.ErrLinkDead) {
		t.Errorf("the connection was lost with %v, want it found dead", why)
	}
	if host := <-seen; host != "10.77.2.2" {
		t.Errorf("the new connection comes from %s", host)
	}
	if err := numbers.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	s.Publish("orders", "n", numbered{2})
	if got := nextAfterGap(t, numbers); got != 2 {
		t.Errorf("got %d", got)
	}
	_ = c.Close()
}

// nextAfterGap returns the next number, after the gap of the change.
func nextAfterGap(t *testing.T, s *rtx.Stream[numbered]) int {
	t.Helper()
	gap := false
	timeout := time.AfterFunc(patience, s.Close)
	defer timeout.Stop()
	for v, g := range s.All() {
		if g != nil {
			gap = gap || g.Reconnected
			continue
		}
		if !gap {
			t.Error("no gap for the time between")
		}
		return v.N
	}
	t.Fatal("the stream ended")
	return 0
}

// forwardAll passes the connections of a listener on to an address, until the test's end, and
// returns the hosts that they come from.
func forwardAll(t *testing.T, ln net.Listener, to string) <-chan string {
	t.Helper()
	seen := make(chan string, 64)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var open []net.Conn
	wg.Go(func() {
		for {
			here, err := ln.Accept()
			if err != nil {
				return
			}
			there, err := net.Dial("tcp", to)
			if err != nil {
				_ = here.Close()
				continue
			}
			host, _, _ := net.SplitHostPort(here.RemoteAddr().String())
			seen <- host
			mu.Lock()
			open = append(open, here, there)
			mu.Unlock()
			for _, pair := range [][2]net.Conn{{here, there}, {there, here}} {
				wg.Go(func() {
					buf := make([]byte, 32<<10)
					for {
						n, err := pair[0].Read(buf)
						if n > 0 {
							_, _ = pair[1].Write(buf[:n])
						}
						if err != nil {
							_ = pair[1].Close()
							return
						}
					}
				})
			}
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		mu.Lock()
		for _, c := range open {
			_ = c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	return seen
}
