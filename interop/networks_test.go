package interop_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/interop/nodetest"
	"github.com/realtimex/realtimex-go/rtx"
)

// A network is what lies between a client and the server, in the matrix. A new one is a new row.
type network struct {
	name string

	// way returns the URL of the server from where the client is, given the address that leads to the
	// server, and what else the client needs to be told. It may skip the row.
	way func(t *testing.T, addr string) (base string, opts []rtx.Option)

	rate   int // bytes a second, each way; 0: as fast as it can
	events int // in order
	big    int // bytes of the large event, each way

	// Over what the client is to be connected, given what the server has. "" means that it can't be.
	over func(server string) rtx.Transport
}

const (
	manyEvents = 10_000
	bigEvent   = 900_000

	// On the slow link, at 50 kB a second, fewer events are enough, so that the matrix takes less
	// than a minute. A large one takes 18 seconds each way; over a WebSocket it is smaller, because
	// the pong waits behind it. TestNetworks has 900 kB over a WebSocket, on a server that waits longer.
	slowRate   = 50_000
	slowEvents = 1_000
	slowFrame  = 400_000
)

var networks = []network{
	{name: "direct", way: direct, events: manyEvents, big: bigEvent, over: webSocketIfThere},
	{name: "behind a path", way: behindAPath, events: manyEvents, big: bigEvent, over: webSocketIfThere},
	{name: "proxy that drops Upgrade", way: behindTinyproxy, events: manyEvents, big: bigEvent, over: pollingIfThere},
	{name: "slow link both ways", way: direct, rate: slowRate, events: slowEvents, big: bigEvent, over: webSocketIfThere},
}

// servers are what the server has.
var servers = []string{"polling,websocket", "websocket", "polling"}

func webSocketIfThere(server string) rtx.Transport {
	if server == "polling" {
		return rtx.Polling
	}
	return rtx.WebSocket
}

func pollingIfThere(server string) rtx.Transport {
	if server == "websocket" {
		return ""
	}
	return rtx.Polling
}

func direct(_ *testing.T, addr string) (string, []rtx.Option) { return "http://" + addr, nil }

// behindAPath is an ingress that has the server under a path of its own. It keeps no connections to
// the server: net/http sends a GET again whose connection broke while it was kept, and the first
// one's answer would be lost between the two, which no client can know.
func behindAPath(t *testing.T, addr string) (string, []rtx.Option) {
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: addr})
	proxy.Transport = &http.Transport{DisableKeepAlives: true}
	ingress := httptest.NewServer(http.StripPrefix("/foo", proxy))
	t.Cleanup(func() {
		ingress.CloseClientConnections()
		ingress.Close()
	})
	return ingress.URL + "/foo/socket.io/", nil
}

// behindTinyproxy is tinyproxy as a reverse proxy. It passes no Upgrade header on, and answers each
// request on a connection of its own.
func behindTinyproxy(t *testing.T, addr string) (string, []rtx.Option) {
	program, err := exec.LookPath("tinyproxy")
	if err != nil {
		if os.Getenv("REALTIMEX_REQUIRE_NODE") == "1" {
			t.Fatal("tinyproxy is not on PATH: apt-get install tinyproxy")
		}
		t.Skip("tinyproxy is not on PATH: apt-get install tinyproxy")
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	own := ln.Addr().(*net.TCPAddr)
	_ = ln.Close()
	config := filepath.Join(t.TempDir(), "tinyproxy.conf")
	text := fmt.Sprintf("Port %d\nListen 127.0.0.1\nTimeout 600\nLogLevel Critical\nReverseOnly Yes\nReversePath \"/\" \"http://%s/\"\n", own.Port, addr)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-d", "-c", config)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if conn, err := net.Dial("tcp", own.String()); err == nil {
			_ = conn.Close()
			return "http://" + own.String(), nil
		}
		if time.Now().After(end) {
			t.Fatal("tinyproxy does not listen")
		}
	}
}

// line is the link of a row between the client and the server, which can be slow and can be cut.
func (n network) line(t *testing.T, srv *nodetest.Server) *nodetest.Proxy {
	proxy := nodetest.StartProxy(t, srv.Addr())
	proxy.Limit(n.rate)
	return proxy
}
