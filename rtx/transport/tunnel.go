package transport

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
)

// maxAnswerHeader limits the header of an HTTP answer, of the server and of a proxy, in bytes, if
// the http.Transport that was given has no limit of its own.
const maxAnswerHeader = 64 << 10

// errTalkative means that a proxy sent bytes after its answer to CONNECT. They would be taken for
// the server's, which says nothing before it is asked.
var errTalkative = errors.New("it sent more than its answer to CONNECT")

// tunnels makes dial ask the proxy of an attempt that needs a tunnel for a connection to addr
// (CONNECT: RFC 9110, section 9.3.6). The settings are those of t. dial must close the connection
// when the attempt ends.
func tunnels(t *http.Transport, dial dialFunc) dialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		a, ok := ctx.Value(attemptKey{}).(*attempt)
		if !ok {
			return dial(ctx, network, addr)
		}
		via := a.tunnelVia()
		if via == nil {
			return dial(ctx, network, addr)
		}
		conn, err := dial(ctx, network, proxyAddress(via))
		if err != nil {
			return nil, err
		}
		if via.Scheme == "https" {
			secured := tls.Client(conn, proxyTLS(t.TLSClientConfig, via))
			if err := secured.HandshakeContext(ctx); err != nil {
				_ = conn.Close()
				return nil, err
			}
			conn = secured
		}
		if err := askForTunnel(ctx, t, conn, via, addr); err != nil {
			_ = conn.Close()
			return nil, err
		}
		return conn, nil
	}
}

// proxyTLS returns the settings of TLS to a proxy, which are those to a server, as in net/http.
func proxyTLS(given *tls.Config, via *url.URL) *tls.Config {
	config := given.Clone()
	if config == nil {
		config = new(tls.Config)
	}
	if config.ServerName == "" {
		config.ServerName = via.Hostname()
	}
	config.NextProtos = nil // HTTP/1.1
	return config
}

// askForTunnel sends CONNECT on conn and reads the answer. Only status 200 makes a tunnel, as in
// net/http.
func askForTunnel(ctx context.Context, t *http.Transport, conn net.Conn, via *url.URL, addr string) error {
	header := t.ProxyConnectHeader.Clone()
	if t.GetProxyConnectHeader != nil {
		own, err := t.GetProxyConnectHeader(ctx, via, addr)
		if err != nil {
			return err
		}
		header = own.Clone()
	}
	if header == nil {
		header = make(http.Header)
	}
	if via.User != nil {
		password, _ := via.User.Password()
		credentials := base64.StdEncoding.EncodeToString([]byte(via.User.Username() + ":" + password))
		header.Set("Proxy-Authorization", "Basic "+credentials)
	}
	req := (&http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: addr}, Host: addr, Header: header}).WithContext(ctx)
	if err := req.Write(conn); err != nil {
		return err
	}
	answer := bufio.NewReader(io.LimitReader(conn, t.MaxResponseHeaderBytes))
	resp, err := http.ReadResponse(answer, req)
	if err != nil {
		return err
	}
	if resp.StatusCode == http.StatusOK && answer.Buffered() > 0 {
		return errTalkative
	}
	return t.OnProxyConnectResponse(ctx, via, req, resp)
}
