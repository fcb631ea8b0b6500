package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/interop/nodetest"
)

// changing is what differs from run to run, and what takes its place in the golden outputs.
var changing = []struct {
	was *regexp.Regexp
	is  string
}{
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "ADDR"},
	{regexp.MustCompile(`localhost:\d+`), "localhost:PORT"},
	{regexp.MustCompile(`\d+\.\d\d ms`), "N ms"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d`), "DATE"},
	{regexp.MustCompile(`localhost has \d+ addresses: [^"\n]*`), "localhost has ADDRESSES"},
	{regexp.MustCompile(`\(\d+ days\)`), "(N days)"},
}

// golden compares an output with what is expected, line by line.
func golden(t *testing.T, got []string, want string) {
	t.Helper()
	text := strings.Join(got, "\n")
	for _, c := range changing {
		text = c.was.ReplaceAllString(text, c.is)
	}
	if want = strings.TrimSpace(want); text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
}

// doctorKey is a key that would be found in an output.
const doctorKey = "d0ct0r-k3y"

// examine runs rtx doctor, without the proxies of the environment, and sees that it shows no key.
func examine(t *testing.T, code int, env []string, args ...string) (out, told []string) {
	t.Helper()
	var none []string
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"} {
		none = append(none, name+"=", strings.ToLower(name)+"=")
	}
	out, told = once(t, append(none, env...), code, append([]string{"doctor"}, args...)...)
	for _, line := range append(out, told...) {
		for _, secret := range []string{doctorKey, secret, "pr0xy-passw0rd"} {
			if strings.Contains(line, secret) {
				t.Errorf("it shows %s: %s", secret, line)
			}
		}
	}
	return out, told
}

func TestDoctorOnServe(t *testing.T) {
	s := startServe(t, "127.0.0.1:0", "--key", doctorKey)
	out, _ := examine(t, 0, []string{"RTX_KEY=" + doctorKey}, s.ws, "--auth-endpoint", s.auth)
	golden(t, out, `
ok    proxy        none
ok    name         127.0.0.1 is an address
ok    connection   ADDR in N ms
ok    tls          none, on this machine
ok    polling      on, with the upgrade to WebSocket
ok    websocket    open
ok    handshake    a ping every 25s, answered within 20s; messages of 1000000 bytes at most
ok    key          accepted
ok    established  the service says so
ok    ping         answered in N ms
ok    recovery     off: each reconnection is a gap
ok    message ids  none
warn  preflight    the auth endpoint answers OPTIONS with HTTP 403: web pages of other origins can't ask it; programs can
ok    auth         signs for private-rtx-doctor
ok    signature    accepted by the service`)

	out, told := examine(t, 1, []string{"RTX_SECRET=not-the-secret-of-this"}, "--url", s.ws, "--key", doctorKey, "--json")
	for i := range out {
		out[i] = timeless(t, out[i])
	}
	golden(t, out, `
{"check":"proxy","status":"ok","detail":"none"}
{"check":"name","status":"ok","detail":"127.0.0.1 is an address"}
{"check":"connection","status":"ok","detail":"ADDR in N ms"}
{"check":"tls","status":"ok","detail":"none, on this machine"}
{"check":"polling","status":"ok","detail":"on, with the upgrade to WebSocket"}
{"check":"websocket","status":"ok","detail":"open"}
{"check":"handshake","status":"ok","detail":"a ping every 25s, answered within 20s; messages of 1000000 bytes at most"}
{"check":"key","status":"ok","detail":"accepted"}
{"check":"established","status":"ok","detail":"the service says so"}
{"check":"ping","status":"ok","detail":"answered in N ms"}
{"check":"recovery","status":"ok","detail":"off: each reconnection is a gap"}
{"check":"message ids","status":"ok","detail":"none"}
{"check":"auth","status":"ok","detail":"signs for private-rtx-doctor"}
{"check":"signature","status":"fail","detail":"channel \"private-rtx-doctor\" was refused by the service: \"Invalid signature\" (code 4003): check RTX_SECRET and RTX_KEY"}`)
	golden(t, told, "rtx: checks that failed: 1; what to do is in their lines")

	out, _ = examine(t, 1, nil, s.ws, "--key", "wr0ng-key")
	golden(t, out[5:], `
ok    websocket    open
fail  key          the service refused the API key: check --key (RTX_KEY), and that --url (RTX_URL) is the service it is for`)
}

func TestDoctorOnTheRealSocketIO(t *testing.T) {
	nodetest.Skip(t)
	s := nodetest.StartServer(t, nodetest.Recovery(time.Minute))
	env := []string{"RTX_URL=" + s.URL(), "RTX_KEY=" + s.Key(), "RTX_AUTH_ENDPOINT=" + s.AuthEndpoint()}
	out, _ := examine(t, 0, env)
	golden(t, out, `
ok    proxy        none
ok    name         127.0.0.1 is an address
ok    connection   ADDR in N ms
ok    tls          none, on this machine
ok    polling      on, with the upgrade to WebSocket
ok    websocket    open
ok    handshake    a ping every 25s, answered within 20s; messages of 1000000 bytes at most
ok    key          accepted
ok    established  the service says so
ok    ping         answered in N ms
ok    recovery     on: short outages miss nothing
ok    message ids  on
warn  preflight    the auth endpoint answers OPTIONS with HTTP 404: web pages of other origins can't ask it; programs can
ok    auth         signs for private-rtx-doctor
ok    signature    accepted by the service`)

	only := nodetest.StartServer(t, nodetest.Flag("transports", "websocket"), nodetest.WithoutPong(), nodetest.WithoutEstablished())
	out, _ = examine(t, 0, nil, only.URL(), "--key", only.Key(), "--timeout", "200ms")
	golden(t, out[4:], `
ok    polling      off: the service takes WebSockets only
ok    websocket    open
ok    handshake    a ping every 25s, answered within 20s; messages of 1000000 bytes at most
ok    key          accepted
warn  established  the service does not say so within 200ms: clients wait that long for nothing at each connection
warn  ping         not answered within 200ms: a service that is deaf can't be told from one that is quiet
ok    recovery     off: each reconnection is a gap
ok    message ids  none
skip  auth         nobody signs for private and presence channels: give --auth-endpoint (RTX_AUTH_ENDPOINT) if you use any`)
	polls := nodetest.StartServer(t, nodetest.Flag("transports", "polling"))
	out, _ = examine(t, 1, nil, polls.URL(), "--key", polls.Key())
	golden(t, out[4:], `
ok    polling      on, without an upgrade
fail  websocket    http://ADDR refused the handshake (HTTP 400): "Transport unknown": check --url (RTX_URL)`)
}

// certify makes a TLS server's certificate, and a file with its root for SSL_CERT_FILE.
func certify(t *testing.T, from, until time.Time) (tls.Certificate, string) {
	t.Helper()
	make := func(template, parent *x509.Certificate, signer any) (*x509.Certificate, *ecdsa.PrivateKey) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if parent == nil {
			parent, signer = template, key
		}
		der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
		if err != nil {
			t.Fatal(err)
		}
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return cert, key
	}
	root, rootKey := make(&x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "root.test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-1000 * time.Hour), NotAfter: time.Now().Add(1000 * time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}, nil, nil)
	leaf, key := make(&x509.Certificate{
		SerialNumber: big.NewInt(2), DNSNames: []string{"localhost"}, NotBefore: from, NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, root, rootKey)
	path := filepath.Join(t.TempDir(), "root.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key}, path
}

// secured is a TLS server before rtx serve, and the URL of it.
func secured(t *testing.T, cert tls.Certificate) string {
	t.Helper()
	s := startServe(t, "127.0.0.1:0", "--key", doctorKey)
	target, err := url.Parse(strings.Replace(s.ws, "ws:", "http:", 1))
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewUnstartedServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }, ErrorLog: log.New(io.Discard, "", 0),
	})
	front.Config.ErrorLog = log.New(io.Discard, "", 0)
	front.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	front.StartTLS()
	t.Cleanup(front.Close)
	_, port, _ := net.SplitHostPort(front.Listener.Addr().String())
	return "wss://localhost:" + port
}

func TestDoctorOnTLS(t *testing.T) {
	now := time.Now()
	for _, tt := range []struct {
		name        string
		from, until time.Time
		unknown     bool
		code        int
		want        string
	}{
		{"valid", now.Add(-time.Hour), now.Add(800 * time.Hour), false, 0, `
ok    tls          TLS 1.3, certificate until DATE (N days)`},
		{"ending", now.Add(-time.Hour), now.Add(50 * time.Hour), false, 0, `
warn  tls          TLS 1.3, certificate until DATE (N days): it has to be renewed`},
		{"expired", now.Add(-900 * time.Hour), now.Add(-50 * time.Hour), false, 1, `
fail  tls          the certificate expired on DATE, and this machine's clock says DATE: have it renewed, or check the clock`},
		{"not yet valid", now.Add(50 * time.Hour), now.Add(100 * time.Hour), false, 1, `
fail  tls          the certificate is not valid before DATE, and this machine's clock says DATE: check the clock`},
		{"of an unknown authority", now.Add(-time.Hour), now.Add(800 * time.Hour), true, 1, `
fail  tls          the certificate is of an authority that this machine does not know: add its root certificate to the system's (SSL_CERT_FILE), or check the URL`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cert, roots := certify(t, tt.from, tt.until)
			to := secured(t, cert)
			var env []string
			if !tt.unknown {
				env = append(env, "SSL_CERT_FILE="+roots)
			}
			out, _ := examine(t, tt.code, env, to, "--key", doctorKey)
			golden(t, out[:3], `
ok    proxy        none
ok    name         localhost has ADDRESSES
ok    connection   ADDR in N ms`)
			golden(t, out[3:4], tt.want)
			if tt.code != 0 && len(out) != 4 {
				t.Errorf("it goes on: %q", out[4:])
			}
		})
	}
}

func TestDoctorBehindAPortal(t *testing.T) {
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"a page": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = io.WriteString(w, "<html>Welcome to our hotel</html>")
		}, `
warn  polling      a web page (HTTP 200, text/html): check the URL; a network that wants a login answers so: open a web page in a browser, and log in there
fail  websocket    http://ADDR is no RealtimeX server (HTTP 200): check --url (RTX_URL)`},
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://login.test/?from="+url.QueryEscape(r.URL.String()), http.StatusFound)
		}, `
warn  polling      a redirect to http://login.test (HTTP 302): give that as the URL if it is the service's; a network that wants a login answers so: open a web page in a browser, and log in there
fail  websocket    http://ADDR redirects to another host, which is not followed: give that one as --url (RTX_URL)`},
		"HTTP 511": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNetworkAuthenticationRequired) }, `
warn  polling      the network wants a login (HTTP 511): open a web page in a browser, and log in there
fail  websocket    the network wants a login (HTTP 511): open a web page in a browser, and log in there`},
	} {
		t.Run(name, func(t *testing.T) {
			portal := httptest.NewServer(tt.answer)
			defer portal.Close()
			out, _ := examine(t, 1, nil, portal.URL, "--key", doctorKey)
			golden(t, out[4:], tt.want)
		})
	}
}

// A server that quotes what it was sent, as a debugging proxy does, is not quoted with the key.
func TestDoctorQuotesNoKey(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			line, _ := bufio.NewReader(conn).ReadString('\n')
			_, _ = io.WriteString(conn, line)
			_ = conn.Close()
		}
	}()
	defer func() { _ = ln.Close(); <-done }()
	out, _ := examine(t, 1, nil, "ws://"+ln.Addr().String(), "--key", doctorKey)
	if last := out[len(out)-1]; !strings.HasPrefix(last, "fail  polling") || !strings.Contains(last, "redacted") {
		t.Errorf("%s", last)
	}
}

func TestDoctorBehindAProxy(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusProxyAuthRequired) }))
	defer proxy.Close()
	via := strings.Replace(proxy.URL, "http://", "http://user:pr0xy-passw0rd@", 1)
	env := []string{"HTTPS_PROXY=" + via, "HTTP_PROXY=" + via}
	out, _ := examine(t, 1, env, "wss://service.invalid", "--key", doctorKey)
	golden(t, out, `
ok    proxy        http://ADDR, with a user
skip  name         the proxy looks it up
ok    connection   ADDR in N ms
fail  tls          the proxy ADDR wants a user and a password (HTTP 407): give them in HTTPS_PROXY, HTTP_PROXY, as http://user:password@host:port`)
	out, _ = examine(t, 1, env, "ws://service.invalid", "--key", doctorKey)
	golden(t, out[3:], `
warn  tls          none: everybody on the way can read the API key: use wss://
skip  polling      without TLS the proxy itself would be asked, with the API key in the request
fail  websocket    the proxy ADDR wants a user and a password (HTTP 407): give them in HTTPS_PROXY, HTTP_PROXY, as http://user:password@host:port`)
	out, _ = examine(t, 1, []string{"HTTPS_PROXY=user:pr0xy-passw0rd@[::1"}, "wss://service.invalid", "--key", doctorKey)
	golden(t, out, `
fail  proxy        the URL of the proxy can't be used: check HTTPS_PROXY, HTTP_PROXY`)
	proxy.Close()
	out, _ = examine(t, 1, env, "wss://service.invalid", "--key", doctorKey)
	golden(t, out[2:], `
fail  connection   nothing listens at the proxy ADDR: check HTTPS_PROXY, HTTP_PROXY`)
}

func TestDoctorWhereNobodyListens(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	_ = ln.Close()
	out, told := examine(t, 1, nil, "ws://"+addr, "--key", doctorKey)
	golden(t, out, `
ok    proxy        none
ok    name         127.0.0.1 is an address
fail  connection   nothing listens at ws://ADDR: check --url (RTX_URL), and that the server is up`)
	golden(t, told, "rtx: checks that failed: 1; what to do is in their lines")
	examine(t, 2, nil, "ws://"+addr)
	examine(t, 2, nil, "ftp://"+addr, "--key", doctorKey)
}
