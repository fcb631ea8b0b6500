package transport

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/realtimex/realtimex-go/internal/redact"
)

// A ProxyError means that a proxy did not connect to the server. It is the Err of a
// [HandshakeError] whose Step is "dial". It shows no credentials.
type ProxyError struct {
	Proxy  string // the host and the port of the proxy; "" if the proxy to use is not known
	Status int    // the HTTP status of the proxy's answer to CONNECT; 0 if there was none
	Err    error  // the cause; nil if Status says it
}

func (e *ProxyError) Error() string {
	text := "transport: proxy"
	if e.Proxy != "" {
		text += " " + e.Proxy
	}
	if e.Status != 0 {
		text += fmt.Sprintf(": HTTP status %d", e.Status)
		if words := http.StatusText(e.Status); words != "" {
			text += " (" + words + ")"
		}
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *ProxyError) Unwrap() error { return e.Err }

// LogValue returns the text of Error, for log/slog.
func (e *ProxyError) LogValue() slog.Value { return logText(e) }

// MarshalText returns the text of Error, for encoding/json and others.
func (e *ProxyError) MarshalText() ([]byte, error) { return text(e) }

// errProxyURL replaces an error that quotes the URL of a proxy, which may have a password.
var errProxyURL = errors.New("its URL can't be used")

// proxying makes the errors of a proxy be a *ProxyError, and makes an attempt use CONNECT for an
// http URL too (RFC 6455, section 4.1): net/http would send the request itself to the proxy, and
// most proxies drop its Upgrade. t is a clone. Its DialContext is set.
func proxying(t *http.Transport) {
	if choose := t.Proxy; choose != nil {
		t.Proxy = func(req *http.Request) (*url.URL, error) {
			via, err := choose(req)
			if err != nil {
				if strings.Contains(err.Error(), "@") {
					err = errProxyURL
				}
				return nil, &ProxyError{Err: err}
			}
			if via != nil && (via.Hostname() == "" || proxyPorts[via.Scheme] == "") {
				return nil, &ProxyError{Err: errProxyURL}
			}
			a, ok := req.Context().Value(attemptKey{}).(*attempt)
			if !ok {
				return via, nil
			}
			tunnel := via != nil && !encrypted(req.URL) && (via.Scheme == "http" || via.Scheme == "https")
			a.through(via, tunnel)
			if tunnel {
				return nil, nil // DialContext asks the proxy
			}
			return via, nil
		}
	}
	t.DialContext = tunnels(t, t.DialContext)

	given := t.OnProxyConnectResponse
	t.OnProxyConnectResponse = func(ctx context.Context, via *url.URL, req *http.Request, resp *http.Response) error {
		if given != nil {
			if err := given(ctx, via, req, resp); err != nil {
				return err
			}
		}
		if resp.StatusCode != http.StatusOK {
			return &ProxyError{Proxy: proxyAddress(via), Status: resp.StatusCode}
		}
		if a, ok := ctx.Value(attemptKey{}).(*attempt); ok {
			a.passed()
		}
		return nil
	}
}

// proxyPorts are the standard ports of the schemes that the URL of a proxy may have, those of
// net/http.
var proxyPorts = map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}

// proxyAddress returns the host and the port of a proxy.
func proxyAddress(via *url.URL) string {
	port := via.Port()
	if port == "" {
		port = proxyPorts[via.Scheme]
	}
	return net.JoinHostPort(via.Hostname(), port)
}

// through records the proxy of the attempt, or nil if there is none, and whether DialContext has to
// ask it for a tunnel.
func (a *attempt) through(via *url.URL, tunnel bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.via, a.tunnel, a.beyond = via, tunnel, via == nil
}

// passed records that the proxy has connected to the server.
func (a *attempt) passed() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.beyond = true
}

// securing records that a TLS handshake begins. Behind a SOCKS proxy it is the server's, so that the
// proxy has connected to it.
func (a *attempt) securing() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.via != nil && strings.HasPrefix(a.via.Scheme, "socks5") {
		a.beyond = true
	}
}

// tunnelVia returns the proxy that has to be asked for a tunnel, or nil.
func (a *attempt) tunnelVia() *url.URL {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.tunnel {
		return nil
	}
	return a.via
}

// proxyError returns what a proxy has to do with the failure of the attempt, or nil if nothing. err
// is the error of net/http, and cause is what is to be told of it.
func (a *attempt) proxyError(err, cause error, hidden redact.Secrets) *ProxyError {
	a.mu.Lock()
	via, beyond := a.via, a.beyond
	a.mu.Unlock()
	if told, ok := errors.AsType[*ProxyError](err); ok {
		return &ProxyError{Proxy: hidden.Text(told.Proxy), Status: told.Status, Err: hidden.Error(told.Err)}
	}
	if via == nil || beyond {
		return nil
	}
	if password, ok := via.User.Password(); ok {
		hidden = hidden.With(password)
	}
	// net/http puts both of these around the error, and would name the proxy twice.
	var op *net.OpError
	if errors.As(cause, &op) && (op.Op == "proxyconnect" || op.Op == "socks connect") {
		cause = op.Err
	}
	return &ProxyError{Proxy: hidden.Text(proxyAddress(via)), Err: hidden.Error(cause)}
}
