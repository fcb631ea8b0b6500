package interop_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/interop/nodetest"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
)

// A route is a way from a client to the socket.io server.
type route struct {
	name   string
	server []nodetest.Option
	path   string // of the URL that the client is given
	rate   int    // bytes a second, each way; 0: no limit
	via    nodetest.Forward
	tls    bool // the server is behind a front that speaks TLS
	events int  // how many are to arrive in order
}

var routes = []route{
	{name: "direct", events: 10_000},
	{name: "behind a path", server: []nodetest.Option{nodetest.Path("/foo/socket.io/")}, path: "/foo/socket.io/", events: 10_000},
	{name: "behind a path as Socket.IO's path", server: []nodetest.Option{nodetest.Path("/foo/")}, path: "/foo/", events: 10_000},
	{name: "CONNECT by tinyproxy", via: nodetest.Tinyproxy, events: 10_000},
	{name: "CONNECT by squid", via: nodetest.Squid, events: 10_000},
	{name: "SOCKS5 by dante", via: nodetest.Dante, events: 10_000},
	{name: "TLS", tls: true, events: 10_000},
	{name: "TLS, CONNECT by tinyproxy", via: nodetest.Tinyproxy, tls: true, events: 10_000},
	{name: "TLS, CONNECT by squid", via: nodetest.Squid, tls: true, events: 10_000},
	{name: "TLS, SOCKS5 by dante", via: nodetest.Dante, tls: true, events: 10_000},
	// No pong gets through while a frame of 900 kB does, which takes 18 s: the server has to wait.
	{name: "50 kB/s each way", rate: 50_000, events: 1_000, server: []nodetest.Option{nodetest.Heartbeat(25*time.Second, time.Minute)}},
}

// Whatever is between, a client does everything.
func TestNetworks(t *testing.T) {
	for _, n := range routes {
		t.Run(n.name, func(t *testing.T) {
			if n.rate > 0 {
				t.Parallel() // it waits, and does little
			}
			srv := startServer(t, n.server...)
			link := nodetest.StartProxy(t, srv.Addr())
			link.Limit(n.rate)
			between := new(http.Transport)
			if n.via != "" {
				between.Proxy = http.ProxyURL(nodetest.StartForward(t, n.via))
			}
			if n.rate > 0 {
				// A write returns when the kernel has the bytes. It is to have few.
				between.DialContext = smallBuffers
			}
			to := strings.Replace(link.URL(), "http:", "ws:", 1)
			if n.tls {
				to, between.TLSClientConfig = secured(t, link.URL())
			}
			opts := []rtx.Option{quick(), rtx.WithHTTPClient(&http.Client{Transport: between})}
			everything(t, srv, to+n.path, n.events, link.Cut, opts...)
		})
	}
}

// secured starts a front that speaks TLS, before a server, and returns its URL and what trusts it.
func secured(t *testing.T, server string) (string, *tls.Config) {
	t.Helper()
	target, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	quiet := log.New(io.Discard, "", 0) // cuts are part of it
	front := httptest.NewUnstartedServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }, ErrorLog: quiet,
		Transport: &http.Transport{DisableKeepAlives: true},
	})
	front.Config.ErrorLog = quiet
	front.StartTLS()
	t.Cleanup(front.Close)
	roots := x509.NewCertPool()
	roots.AddCert(front.Certificate())
	return strings.Replace(front.URL, "https:", "wss:", 1), &tls.Config{RootCAs: roots}
}

// everything is what a client must be able to do on any network: connect, subscribe, take events in
// order, events of 900 kB both ways, client events, presence, and come back after a cut.
func everything(t *testing.T, srv *nodetest.Server, url string, events int, cut func() int, opts ...rtx.Option) {
	const size = 900_000
	member := func(id, name string) rtx.Option { return signing(t, srv, auth.Member{ID: id, Info: person{name}}) }
	peerURL := srv.URL() + pathOf(t, url)
	// connect
	c := dial(t, url, srv.Key(), append([]rtx.Option{member("1", "Ann")}, opts...)...)
	peer := dial(t, peerURL, srv.Key(), member("2", "Ben"))

	// subscribe
	numbers := readyOn[numbered](t, c.Channel("private-room"), "n", rtx.WithOverflow(rtx.Grow(1<<22)))
	orders := readyOn[order](t, c.Channel("private-room"), "big")
	sent := readyOn[order](t, c.Channel("private-room"), "client-order")
	received := readyOn[order](t, peer.Channel("private-room"), "client-order")

	// events in order
	srv.Burst("private-room", "n", 0, events)
	for i := range events {
		if v := next(t, numbers); v.N != i {
			t.Fatalf("event %d has number %d", i, v.N)
		}
	}

	// client events, both ways
	if err := c.Channel("private-room").Trigger(within(t), "client-order", order{1, "there"}); err != nil {
		t.Fatal(err)
	}
	if got := next(t, received); got != (order{1, "there"}) {
		t.Fatalf("the peer got %v", got)
	}
	if err := peer.Channel("private-room").Trigger(within(t), "client-order", order{2, "back"}); err != nil {
		t.Fatal(err)
	}
	if got := next(t, sent); got != (order{2, "back"}) {
		t.Fatalf("got %v", got)
	}

	// an event of 900 kB, both ways
	name := strings.Repeat("x", size)
	srv.Publish("private-room", "big", order{3, name})
	if got := next(t, orders); got != (order{3, name}) {
		t.Fatalf("got an event of %d bytes", len(got.Name))
	}
	if err := c.Channel("private-room").Trigger(within(t), "client-order", order{4, name}); err != nil {
		t.Fatal(err)
	}
	if got := next(t, received); got != (order{4, name}) {
		t.Fatalf("the peer got an event of %d bytes", len(got.Name))
	}

	// presence
	room := watchRoom(t, c, "presence-room")
	room.until("1=Ann")
	theirs := watchRoom(t, peer, "presence-room")
	room.until("1=Ann 2=Ben")
	theirs.room.Close()
	room.until("1=Ann")

	// cut and back
	before := c.SocketID()
	for g := range numbers.Gaps() {
		t.Errorf("gap without cause: %+v", g)
	}
	if n := cut(); n != 1 {
		t.Fatalf("%d links, want one", n)
	}
	srv.WaitFor("the client to be back", func(st nodetest.Stats) bool {
		for _, s := range st.Live() {
			if s.SocketID != before && slices.Contains(s.Subscribed, "private-room") && slices.Contains(s.Subscribed, "presence-room") {
				return true
			}
		}
		return false
	})
	srv.Burst("private-room", "n", events, 10)
	if got := seen(t, numbers, events+9); got[0] != -1 || len(got) != 11 {
		t.Fatalf("got %v, want a gap and ten numbers", got)
	}
	room.until("1=Ann")
	// A second client of the same network is refused like any other.
	var refused *rtx.ConnectError
	if _, err := rtx.Dial(within(t), "wrong", append([]rtx.Option{rtx.WithURL(url)}, opts...)...); !errors.As(err, &refused) || !refused.Final {
		t.Fatalf("a wrong key: %v", err)
	}
}

func pathOf(t *testing.T, raw string) string {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u.Path
}

// Real proxies refuse who has no password, and say what they can't reach. Each is told with its
// name.
func TestForwardProxiesRefuse(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := closed.Addr().String()
	_ = closed.Close()
	for _, tt := range []struct {
		kind                 nodetest.Forward
		password, nobodyHere int // the statuses of the answers
	}{
		{nodetest.Tinyproxy, 401, 500}, // and 407 where no password came
		{nodetest.Squid, 407, 503},
		{nodetest.Dante, 0, 0}, // SOCKS has no HTTP statuses
	} {
		t.Run(string(tt.kind), func(t *testing.T) {
			via := nodetest.StartForward(t, tt.kind)
			password, _ := via.User.Password()
			wrong := *via
			wrong.User = url.UserPassword(via.User.Username(), "wr0ng-passw0rd")
			for _, scheme := range []string{"ws", "wss"} {
				for _, try := range []struct {
					through *url.URL
					status  int
				}{{&wrong, tt.password}, {via, tt.nobodyHere}} {
					_, err := rtx.Dial(within(t), "interop-key", rtx.WithURL(scheme+"://"+nobody),
						rtx.WithHTTPClient(&http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(try.through)}}))
					var told *rtx.ProxyError
					var failed *rtx.DialError
					if !errors.As(err, &told) || told.Proxy != via.Host || told.Status != try.status || !errors.As(err, &failed) || failed.Step != rtx.StepDial {
						t.Errorf("%s: %v (%#v), want status %d", scheme, err, told, try.status)
					}
					if s := err.Error(); !strings.Contains(s, via.Host) || strings.Contains(s, password) || strings.Contains(s, "wr0ng-passw0rd") {
						t.Errorf("%s: it reads %s", scheme, s)
					}
				}
			}
		})
	}
}

// smallBuffers dials with a send buffer that is small beside an event.
func smallBuffers(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	if err := conn.(*net.TCPConn).SetWriteBuffer(64 << 10); err != nil {
		return nil, err
	}
	return conn, nil
}
