package transport_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

// listening is loopback on a listener of the caller's.
func listening(t *testing.T, ln net.Listener, config *tls.Config) *httptest.Server {
	t.Helper()
	srv := &server{t: t, script: exchange, links: make(chan *peer, 16), live: map[*websocketConn]bool{}}
	ts := &httptest.Server{Listener: ln, TLS: config, Config: &http.Server{Handler: srv, ErrorLog: discardLog}}
	if config != nil {
		ts.StartTLS()
	} else {
		ts.Start()
	}
	t.Cleanup(func() {
		srv.cut()
		ts.Close()
		srv.wg.Wait()
	})
	return ts
}

// The zone of an address leads to the interface, on a real socket.
func TestAddressWithZone(t *testing.T) {
	ln, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Skipf("no IPv6 on loopback: %v", err)
	}
	loop, err := loopbackInterface()
	if err != nil {
		t.Skip(err)
	}
	ts := listening(t, ln, nil)
	_, port, _ := net.SplitHostPort(ts.Listener.Addr().String())
	u, err := url.Parse("ws://[::1%25" + loop + "]:" + port)
	if err != nil {
		t.Fatal(err)
	}
	converse(t, transport.Config{URL: u, APIKey: testKey})
}

func loopbackInterface() (string, error) {
	all, err := net.Interfaces()
	if err != nil {
		return "", err
	}
	for _, i := range all {
		if i.Flags&net.FlagLoopback != 0 {
			return i.Name, nil
		}
	}
	return "", errors.New("no loopback interface")
}

// A Unix socket is reached by the dialler: the URL has the host that the server is to see.
func TestUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rtx.sock")
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Skipf("no Unix sockets here: %v", err)
	}
	listening(t, ln, nil)
	converse(t, transport.Config{
		URL: &url.URL{Scheme: "ws", Host: "rtx.internal"}, APIKey: testKey,
		HTTPClient: &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		}}},
	})
}

// certificate returns a certificate for a name, signed by parent, or by itself.
func certificate(t *testing.T, name string, parent *tls.Certificate) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: parent == nil, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	issuer, signer := template, any(key)
	if parent != nil {
		issuer, signer = parent.Leaf, parent.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// A server that wants a certificate of the client, and has another of its own for each name.
func TestClientCertificateAndServerName(t *testing.T) {
	root := certificate(t, "root.test", nil)
	roots := x509.NewCertPool()
	roots.AddCert(root.Leaf)
	a, b, client := certificate(t, "a.test", &root), certificate(t, "b.test", &root), certificate(t, "client.test", &root)
	names := make(chan string, 16)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ts := listening(t, ln, &tls.Config{
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: roots,
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			names <- hello.ServerName
			if hello.ServerName == "a.test" {
				return &a, nil
			}
			return &b, nil
		},
	})
	to := func(host string, config *tls.Config) transport.Config {
		return transport.Config{URL: &url.URL{Scheme: "wss", Host: host}, APIKey: testKey, HTTPClient: &http.Client{Transport: &http.Transport{
			TLSClientConfig: config,
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, ts.Listener.Addr().String())
			},
		}}}
	}
	own := []tls.Certificate{client}
	for _, tt := range []struct{ host, serverName, want string }{
		{"a.test", "", "a.test"},
		{"b.test:443", "", "b.test"},
		{"balancer.test", "a.test", "a.test"}, // the name on the certificate is another than the host's
	} {
		converse(t, to(tt.host, &tls.Config{RootCAs: roots, Certificates: own, ServerName: tt.serverName}))
		if got := <-names; got != tt.want {
			t.Errorf("%s: the server was asked for %q, want %q", tt.host, got, tt.want)
		}
	}
	_, err = mustDialer(t, to("a.test", &tls.Config{RootCAs: roots})).Dial(t.Context(), transport.Resume{})
	if err == nil || !strings.Contains(err.Error(), "certificate required") {
		t.Errorf("without a certificate: %v", err)
	}
	_, err = mustDialer(t, to("balancer.test", &tls.Config{RootCAs: roots, Certificates: own})).Dial(t.Context(), transport.Resume{})
	if _, ok := errors.AsType[x509.HostnameError](err); !ok {
		t.Errorf("to another name: %v", err)
	}
}
