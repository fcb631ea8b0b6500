package interop_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/interop/nodetest"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
)

// quick redials soon, so that a test of many outages is short; the jitter stays.
func quick() rtx.Option { return rtx.WithBackoff(5*time.Millisecond, 50*time.Millisecond) }

// seen reads a stream until it has the value with the number last, and returns the numbers in order
// with -1 for a gap by reconnection. Any other gap, and a number out of order or twice, fails the
// test.
func seen(t *testing.T, s *rtx.Stream[numbered], last int) (got []int) {
	t.Helper()
	high := -1
	timeout := time.AfterFunc(patience, s.Close)
	defer timeout.Stop()
	for v, g := range s.All() {
		if g != nil {
			if !g.Reconnected || g.Dropped+g.Malformed > 0 {
				t.Errorf("unexpected gap %+v", g)
			}
			got = append(got, -1)
			continue
		}
		if v.N <= high {
			t.Errorf("number %d after %d", v.N, high)
		}
		high = v.N
		got = append(got, v.N)
		if v.N == last {
			return got
		}
	}
	t.Fatalf("stream ended before %d: %v, got %v", last, s.Err(), got)
	return nil
}

// outages are the ways a link ends; each leaves the server reachable.
var outages = map[string]func(*nodetest.Server, *nodetest.Proxy){
	"41":           func(s *nodetest.Server, _ *nodetest.Proxy) { s.Disconnect("", nodetest.DisconnectPacket) },
	"41 and close": func(s *nodetest.Server, _ *nodetest.Proxy) { s.Disconnect("", nodetest.DisconnectClose) },
	"engine close": func(s *nodetest.Server, _ *nodetest.Proxy) { s.Disconnect("", nodetest.EngineClose) },
	"TCP close":    func(s *nodetest.Server, _ *nodetest.Proxy) { s.Disconnect("", nodetest.TCPClose) },
	"TCP reset":    func(s *nodetest.Server, _ *nodetest.Proxy) { s.Disconnect("", nodetest.TCPReset) },
	"cut":          func(_ *nodetest.Server, p *nodetest.Proxy) { p.Cut() },
	"restart":      func(s *nodetest.Server, _ *nodetest.Proxy) { s.Restart() },
}

func TestClientComesBack(t *testing.T) {
	for name, outage := range outages {
		t.Run(name, func(t *testing.T) {
			srv := startServer(t)
			proxy := nodetest.StartProxy(t, srv.Addr())
			c := dial(t, proxy.URL(), srv.Key(), quick(), signing(t, srv, auth.Member{}))
			public := readyOn[numbered](t, c.Channel("orders"), "n")
			private := readyOn[numbered](t, c.Channel("private-orders"), "n")
			srv.Publish("private-orders", "n", numbered{1}) // first, so that it has arrived when the other has
			srv.Publish("orders", "n", numbered{1})
			if v := next(t, public); v.N != 1 {
				t.Fatalf("got %v", v)
			}
			old := c.SocketID()
			outage(srv, proxy)
			srv.WaitFor("one new connection with both channels", func(st nodetest.Stats) bool {
				live := st.Live()
				return len(live) == 1 && live[0].SocketID != old && len(live[0].Subscribed) == 2
			})
			if err := public.Ready(within(t)); err != nil {
				t.Fatal(err)
			}
			if err := private.Ready(within(t)); err != nil {
				t.Fatal(err)
			}
			srv.Publish("orders", "n", numbered{2})
			srv.Publish("private-orders", "n", numbered{2})
			if got := seen(t, public, 2); !slices.Equal(got, []int{-1, 2}) {
				t.Errorf("public stream saw %v", got)
			}
			if got := seen(t, private, 2); !slices.Equal(got, []int{1, -1, 2}) {
				t.Errorf("private stream saw %v", got)
			}
			st := srv.Stats()
			if err := st.SubscribedOnce("orders", "private-orders"); err != nil {
				t.Error(err)
			}
			for _, conn := range st.Live() {
				for _, a := range conn.Auths {
					if !a.Valid || a.Stale {
						t.Errorf("signature %+v", a)
					}
				}
			}
		})
	}
}

func TestClientRecovers(t *testing.T) {
	srv := startServer(t, nodetest.Recovery(time.Minute))
	proxy := nodetest.StartProxy(t, srv.Addr())
	c := dial(t, proxy.URL(), srv.Key(), quick(), signing(t, srv, auth.Member{}))
	s := readyOn[numbered](t, c.Channel("private-orders"), "n", rtx.WithOverflow(rtx.Grow(1<<20)))
	states := c.States(t.Context())
	n := 0
	for round := range 5 {
		srv.Publish("private-orders", "n", numbered{n})
		n++
		if round%2 == 0 {
			srv.Burst("private-orders", "n", n, 50)
			n += 50
		}
		proxy.Cut()
		// Published whenever: before the server has seen the cut, while nobody is there, or after
		// the return.
		srv.Burst("private-orders", "n", n, 50)
		n += 50
		for st := range states.C {
			if st.State == rtx.StateConnected && st.Recovered {
				break
			}
		}
	}
	srv.Publish("private-orders", "n", numbered{n})
	got := seen(t, s, n)
	if len(got) != n+1 || slices.Contains(got, -1) {
		t.Errorf("saw %d values of %d, gaps: %v", len(got), n+1, slices.Contains(got, -1))
	}
	srv.WaitFor("one live connection", func(st nodetest.Stats) bool {
		return st.SubscribedOnce("private-orders") == nil
	})
}

func TestClientRecoveryRefused(t *testing.T) {
	srv := startServer(t, nodetest.Recovery(time.Minute))
	c := dial(t, srv.URL(), srv.Key(), quick())
	s := readyOn[numbered](t, c.Channel("orders"), "n")
	srv.Publish("orders", "n", numbered{1})
	_ = next(t, s)
	old := c.SocketID()
	srv.Restart() // without its memory: the offset is of no use
	srv.WaitFor("a fresh connection", func(st nodetest.Stats) bool {
		live := st.Live()
		return len(live) == 1 && live[0].SocketID != old && len(live[0].Subscribed) == 1
	})
	if err := s.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	srv.Publish("orders", "n", numbered{2})
	if got := seen(t, s, 2); !slices.Equal(got, []int{-1, 2}) {
		t.Errorf("saw %v", got)
	}
}

func TestClientThousandChannels(t *testing.T) {
	srv := startServer(t)
	proxy := nodetest.StartProxy(t, srv.Addr())
	c := dial(t, proxy.URL(), srv.Key(), quick(), signing(t, srv, auth.Member{}))
	names := make([]string, 1000)
	group := rtx.NewGroup()
	for i := range names {
		names[i] = fmt.Sprintf("orders-%d", i)
		if i%2 == 0 {
			names[i] = "private-" + names[i]
		}
		if err := group.Add(c.Channel(names[i])); err != nil {
			t.Fatal(err)
		}
	}
	s := readyOn[rtx.Message[numbered]](t, group, "n")
	old := c.SocketID()
	proxy.Cut()
	srv.WaitFor("all channels again", func(st nodetest.Stats) bool {
		live := st.Live()
		return len(live) == 1 && live[0].SocketID != old && len(live[0].Subscribed) == len(names)
	})
	if err := s.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	if err := srv.Stats().SubscribedOnce(names...); err != nil {
		t.Error(err)
	}
	srv.Publish(names[999], "n", numbered{1})
	gaps := make(map[string]int)
	for m, g := range s.All() {
		if g == nil {
			if m.Channel != names[999] || m.Value.N != 1 {
				t.Errorf("got %+v", m)
			}
			break
		}
		gaps[g.Channel]++
	}
	if len(gaps) != len(names) {
		t.Errorf("%d channels have a gap, want %d", len(gaps), len(names))
	}
	for name, n := range gaps {
		if n != 1 {
			t.Errorf("%s has %d gaps", name, n)
		}
	}
}

// The hazard: after a recovery the server may serve a session that hears nothing but heartbeats.
func TestClientFindsTheDeafConnection(t *testing.T) {
	srv := startServer(t, nodetest.Recovery(time.Minute), nodetest.Heartbeat(300*time.Millisecond, 300*time.Millisecond))
	proxy := nodetest.StartProxy(t, srv.Addr())
	c := dial(t, proxy.URL(), srv.Key(), quick())
	s := readyOn[numbered](t, c.Channel("orders"), "n")
	if _, err := c.Ping(within(t)); err != nil {
		t.Fatal(err)
	}
	srv.Publish("orders", "n", numbered{1})
	_ = next(t, s)
	states := c.States(t.Context())
	proxy.Cut()
	for st := range states.C {
		if st.State == rtx.StateConnected && st.Recovered {
			break
		}
	}
	id := c.SocketID()
	srv.DropRooms(id)
	srv.WaitFor("a fresh connection with the channel", func(st nodetest.Stats) bool {
		live := st.Live()
		return len(live) == 1 && live[0].SocketID != id && len(live[0].Subscribed) == 1
	})
	if err := s.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	srv.Publish("orders", "n", numbered{2})
	if got := seen(t, s, 2); !slices.Equal(got, []int{-1, 2}) {
		t.Errorf("saw %v", got)
	}
}

func TestClientMovesToTheOtherNode(t *testing.T) {
	nodetest.Skip(t)
	redis := nodetest.StartRedis(t)
	one := nodetest.StartServer(t, nodetest.Redis(redis))
	two := nodetest.StartServer(t, nodetest.Redis(redis))
	proxy := nodetest.StartProxy(t, one.Addr())
	c := dial(t, proxy.URL(), one.Key(), quick())
	s := readyOn[numbered](t, c.Channel("orders"), "n")
	two.Publish("orders", "n", numbered{1}) // across the adapter
	if v := next(t, s); v.N != 1 {
		t.Fatalf("got %v", v)
	}
	proxy.SetTarget(two.Addr())
	one.Kill()
	two.WaitSubscribed("orders", 1)
	if err := s.Ready(within(t)); err != nil {
		t.Fatal(err)
	}
	two.Publish("orders", "n", numbered{2})
	if got := seen(t, s, 2); !slices.Equal(got, []int{-1, 2}) {
		t.Errorf("saw %v", got)
	}
	if err := two.Stats().SubscribedOnce("orders"); err != nil {
		t.Error(err)
	}
}

// 200 clients on a restarting server come back spread over the jitter, not in one burst.
func TestClientsComeBackSpread(t *testing.T) {
	srv := startServer(t)
	const n = 200
	clients := make([]*rtx.Client, n)
	var wg sync.WaitGroup
	errs := make([]error, n)
	for i := range clients {
		wg.Go(func() {
			clients[i], errs[i] = rtx.Dial(within(t), srv.Key(), rtx.WithURL(srv.URL()),
				rtx.WithBackoff(2*time.Second, 2*time.Second))
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, c := range clients {
			wg.Go(func() { _ = c.Close() })
		}
		wg.Wait()
	})
	srv.WaitConnections(n)
	srv.Restart()
	st := srv.WaitConnections(n)
	var at []int64
	for _, conn := range st.Live() {
		at = append(at, conn.ConnectedAt)
	}
	slices.Sort(at)
	// With full jitter below two seconds a window of 100 ms holds 5 % of the clients on average; a
	// herd would be all in one.
	most := 0
	for i := range at {
		j, _ := slices.BinarySearch(at, at[i]+100)
		most = max(most, j-i)
	}
	t.Logf("the fullest 100 ms saw %d of %d connects", most, n)
	if most > n/2 {
		t.Errorf("%d of %d clients came back within 100 ms", most, n)
	}
	if st.TotalConnections != n {
		t.Errorf("%d connections were made for %d clients", st.TotalConnections, n)
	}
}
