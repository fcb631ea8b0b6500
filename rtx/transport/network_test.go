package transport_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

// These tests run over real sockets, on loopback.

// loopback serves script over TCP, or TLS.
func loopback(t *testing.T, encrypted bool, script func(*peer)) (*httptest.Server, *server) {
	t.Helper()
	srv := &server{t: t, script: script, links: make(chan *peer, 16), live: map[*websocketConn]bool{}}
	ts := httptest.NewUnstartedServer(srv)
	ts.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, rawKey{}, c) }
	ts.Config.ErrorLog = discardLog
	if encrypted {
		ts.StartTLS()
	} else {
		ts.Start()
	}
	t.Cleanup(func() {
		srv.cut()
		ts.Close()
		srv.wg.Wait()
	})
	return ts, srv
}

func configFor(t *testing.T, ts *httptest.Server) transport.Config {
	t.Helper()
	u, err := url.Parse(ts.URL)
	if err != nil {
		t.Fatal(err)
	}
	return transport.Config{URL: u, APIKey: testKey}
}

// exchange greets, sends an event, and expects one.
func exchange(p *peer) {
	p.greet()
	p.send(`42["hello"]`)
	p.expect(`42["hello to you"]`)
	p.drain()
}

// converse is the client's side of exchange.
func converse(t *testing.T, c transport.Config) {
	t.Helper()
	converseOn(t, mustDialer(t, c))
}

// converseOn is converse by a dialler that is there.
func converseOn(t *testing.T, d transport.Dialer) {
	t.Helper()
	s, err := d.Dial(t.Context(), transport.Resume{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Recv(); err != nil {
		t.Error(err)
	}
	if err := s.Send(t.Context(), []byte(`2["hello to you"]`)); err != nil {
		t.Error(err)
	}
	s.Close(nil)
	if end := s.Ended(); !errors.Is(end.Err, transport.ErrClosed) {
		t.Errorf("ended with %v", end.Err)
	}
}

func TestTCP(t *testing.T) {
	ts, _ := loopback(t, false, exchange)
	converse(t, configFor(t, ts))
}

func TestTLSWithOwnRoot(t *testing.T) {
	ts, _ := loopback(t, true, exchange)
	roots := x509.NewCertPool()
	roots.AddCert(ts.Certificate())
	c := configFor(t, ts)
	c.URL.Scheme = "wss"
	c.HTTPClient = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	converse(t, c)
}

// A certificate is for an address, not for the interface that leads there.
func TestTLSToAddressWithZone(t *testing.T) {
	// Its certificate is for ::1, not for ::2.
	ts, _ := loopback(t, true, func(p *peer) { p.greet(); p.drain() })
	roots := x509.NewCertPool()
	roots.AddCert(ts.Certificate())
	for host, good := range map[string]bool{"[::1%lo]": true, "[::1%lo]:443": true, "[::1]": true, "[::2%lo]": false} {
		given := &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: roots},
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, ts.Listener.Addr().String())
			},
		}
		c := configFor(t, ts)
		c.URL = &url.URL{Scheme: "wss", Host: host}
		c.HTTPClient = &http.Client{Transport: given}
		sess, err := mustDialer(t, c).Dial(t.Context(), transport.Resume{})
		if err == nil {
			sess.Close(nil)
		}
		var other x509.HostnameError
		if good && err != nil || !good && !errors.As(err, &other) {
			t.Errorf("%s: %v", host, err)
		}
		if given.TLSClientConfig.ServerName != "" {
			t.Error("the given transport was changed")
		}
	}
}

func TestTLSIsVerified(t *testing.T) {
	for _, client := range []*http.Client{nil, {}, {Transport: &http.Transport{}}} {
		ts, srv := loopback(t, true, exchange)
		c := configFor(t, ts)
		c.HTTPClient = client
		_, err := mustDialer(t, c).Dial(t.Context(), transport.Resume{})
		if _, ok := errors.AsType[*tls.CertificateVerificationError](err); !ok {
			t.Errorf("err = %v, want the certificate refused", err)
		}
		if srv.count() != 0 {
			t.Error("a link came to be")
		}
	}
}

func TestNobodyListens(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	_ = ln.Close()
	_, err = mustDialer(t, transport.Config{URL: &url.URL{Scheme: "ws", Host: addr}, APIKey: testKey}).Dial(t.Context(), transport.Resume{})
	var failed *transport.HandshakeError
	if !errors.As(err, &failed) || failed.Step != "dial" || !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("err = %v", err)
	}
}

// proxy is an HTTP proxy that knows CONNECT.
type proxy struct {
	asked atomic.Int32
	wg    sync.WaitGroup
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.wg.Add(1) // the server does not wait for what is hijacked below
	defer p.wg.Done()
	if r.Method != http.MethodConnect || r.Header.Get("Proxy-Authorization") == "" {
		w.WriteHeader(http.StatusProxyAuthRequired)
		return
	}
	p.asked.Add(1)
	there, err := net.Dial("tcp", r.Host)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	here, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		_ = there.Close()
		return
	}
	_, _ = io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
	p.wg.Go(func() {
		_, _ = io.Copy(there, io.MultiReader(io.LimitReader(buffered, int64(buffered.Reader.Buffered())), here))
		_ = there.Close()
	})
	p.wg.Go(func() {
		_, _ = io.Copy(here, there)
		_ = here.Close()
	})
}

func TestProxy(t *testing.T) {
	ts, _ := loopback(t, true, exchange)
	middle := &proxy{}
	ps := httptest.NewServer(middle)
	t.Cleanup(func() { ps.Close(); middle.wg.Wait() })
	via, err := url.Parse(ps.URL)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(ts.Certificate())
	c := configFor(t, ts)

	via.User = url.UserPassword("user", "proxy-password")
	c.HTTPClient = &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(via), TLSClientConfig: &tls.Config{RootCAs: roots}}}
	converse(t, c)
	if n := middle.asked.Load(); n != 1 {
		t.Errorf("the proxy was asked %d times", n)
	}

	via.User = nil
	if _, err := mustDialer(t, c).Dial(t.Context(), transport.Resume{}); err == nil || !strings.Contains(err.Error(), "Proxy Authentication Required") {
		t.Errorf("err = %v", err)
	}
}

// A proxy that takes the connection and never answers must not outlive the dial's
// context: net/http would wait a minute for it.
func TestDialEndsDuringProxyConnect(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	asked, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = http.ReadRequest(bufio.NewReader(conn))
		close(asked)
		_, _ = conn.Read(make([]byte, 1)) // until the client is gone
	}()
	d := mustDialer(t, transport.Config{
		URL: &url.URL{Scheme: "wss", Host: "service.test"}, APIKey: testKey,
		HTTPClient: &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: ln.Addr().String()})}},
	})
	ctx, cancel := context.WithCancelCause(t.Context())
	dialing := make(chan error, 1)
	go func() {
		_, err := d.Dial(ctx, transport.Resume{})
		dialing <- err
	}()
	<-asked
	cancel(transport.ErrClosed)
	if err := <-dialing; !errors.Is(err, transport.ErrClosed) {
		t.Errorf("Dial: %v", err)
	}
	<-gone
}

// A refused upgrade leaves no connection behind, and the transport that was
// given is as it was.
func TestRefusedUpgradeLeavesNothing(t *testing.T) {
	var open atomic.Int32
	closed := make(chan struct{}, 16)
	ts := httptest.NewUnstartedServer(http.NotFoundHandler())
	ts.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		switch s {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed:
			open.Add(-1)
			closed <- struct{}{}
		}
	}
	ts.Start()
	defer ts.Close()
	given := &http.Transport{}
	c := configFor(t, ts)
	c.HTTPClient = &http.Client{Transport: given}
	_, err := mustDialer(t, c).Dial(t.Context(), transport.Resume{})
	var failed *transport.HandshakeError
	if !errors.As(err, &failed) || failed.Status != 404 {
		t.Errorf("err = %v", err)
	}
	<-closed
	if n := open.Load(); n != 0 {
		t.Errorf("%d connections left", n)
	}
	if given.DialContext != nil || given.DisableKeepAlives || c.HTTPClient.Transport != http.RoundTripper(given) {
		t.Error("the given transport was changed")
	}
}
