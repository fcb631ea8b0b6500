package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/realtimex/realtimex-go/internal/advice"
	"github.com/realtimex/realtimex-go/rtx/transport"
)

// expiresSoon is when a certificate is so near its end that it is to be said.
const expiresSoon = 14 * 24 * time.Hour

// maxDoctorBody bounds what is read of an answer, in bytes.
const maxDoctorBody = 64 << 10

// checkProxy tells which proxy the environment names for the service.
func (d *doctor) checkProxy(context.Context) error {
	via, err := http.ProxyFromEnvironment(&http.Request{URL: d.url})
	switch {
	case err == nil && via == nil:
		return d.report("proxy", statusOK, "none", "")
	case err != nil || via.Hostname() == "" || defaultPorts[via.Scheme] == "": // it is not shown: it may have a password
		return d.fail("proxy", "the URL of the proxy can't be used: check HTTPS_PROXY, HTTP_PROXY")
	}
	d.proxy = via
	password, _ := via.User.Password()
	d.hidden = d.hidden.With(password)
	detail := via.Scheme + "://" + hostPort(via)
	if via.User != nil {
		detail += ", with a user"
	}
	return d.report("proxy", statusOK, detail, "")
}

// defaultPorts are those of the schemes that a service or a proxy may have.
var defaultPorts = map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}

// hostPort returns the host and the port of a URL.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = defaultPorts[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// checkName looks the service's name up.
func (d *doctor) checkName(ctx context.Context) error {
	host := d.url.Hostname()
	if _, err := netip.ParseAddr(host); err == nil {
		return d.report("name", statusOK, host+" is an address", "")
	}
	if d.proxy != nil {
		return d.report("name", statusSkip, "the proxy looks it up", "")
	}
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return d.fail("name", d.explainDial(err))
	}
	var shown []string
	for _, a := range addrs[:min(len(addrs), 4)] {
		shown = append(shown, a.Unmap().String())
	}
	return d.report("name", statusOK, fmt.Sprintf("%s has %d addresses: %s", host, len(addrs), strings.Join(shown, ", ")), "")
}

// checkConnection connects to the service, or to the proxy.
func (d *doctor) checkConnection(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	to := hostPort(d.url)
	if d.proxy != nil {
		to = hostPort(d.proxy)
	}
	start := time.Now()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", to)
	if err != nil {
		if d.proxy != nil {
			err = &transport.ProxyError{Proxy: to, Err: err}
		}
		return d.fail("connection", d.explainDial(err))
	}
	defer conn.Close()
	return d.report("connection", statusOK, fmt.Sprintf("%s in %.2f ms", conn.RemoteAddr(), ms(time.Since(start))), "")
}

// checkPolling asks for a session by long-polling. The answer tells of TLS too, and of who answers.
func (d *doctor) checkPolling(ctx context.Context) error {
	if d.proxy != nil && !d.encrypted() {
		return errors.Join(d.reportTLS(nil),
			d.report("polling", statusSkip, "without TLS the proxy itself would be asked, with the API key in the request", ""))
	}
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	resp, body, err := d.ask(ctx, http.MethodGet, "", nil)
	if err != nil {
		if verify, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
			return d.fail("tls", d.explainCertificate(verify))
		}
		check := "polling"
		if d.encrypted() {
			check = "tls"
		}
		return d.fail(check, d.explainDial(d.proxied(err)))
	}
	if err := d.reportTLS(resp.TLS); err != nil {
		return err
	}
	var open struct {
		SID      string
		Upgrades []string
	}
	var refusal struct {
		Code    *int
		Message string
	}
	switch {
	case resp.StatusCode == http.StatusOK && strings.HasPrefix(string(body), "0{") && json.Unmarshal(body[1:], &open) == nil && open.SID != "":
		_, _, _ = d.ask(ctx, http.MethodPost, open.SID, strings.NewReader("1")) // so that the server does not wait for it
		detail := "on, without an upgrade"
		for _, u := range open.Upgrades {
			if u == "websocket" {
				detail = "on, with the upgrade to WebSocket"
			}
		}
		return d.report("polling", statusOK, detail, "")
	case resp.StatusCode == http.StatusBadRequest && json.Unmarshal(body, &refusal) == nil && refusal.Code != nil && *refusal.Code == 0:
		return d.report("polling", statusOK, "off: the service takes WebSockets only", "")
	}
	// Some ingresses pass upgrades on, and nothing else: the WebSocket decides.
	return d.report("polling", statusWarn, d.explainAnswer(resp), "")
}

// explainAnswer says who answers in place of the service.
func (d *doctor) explainAnswer(resp *http.Response) string {
	const login = "a network that wants a login answers so: open a web page in a browser, and log in there"
	switch kind, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";"); {
	case resp.StatusCode == http.StatusNetworkAuthenticationRequired:
		return "the network wants a login (HTTP 511): open a web page in a browser, and log in there"
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		to := "somewhere else"
		if u, err := url.Parse(resp.Header.Get("Location")); err == nil && u.Host != "" {
			to = u.Scheme + "://" + u.Host
		}
		return fmt.Sprintf("a redirect to %s (HTTP %d): give that as the URL if it is the service's; %s", to, resp.StatusCode, login)
	case resp.StatusCode == http.StatusOK && kind == "text/html":
		return "a web page (HTTP 200, text/html): check the URL; " + login
	}
	return d.conn.names().Connection(advice.Fault{Step: "upgrade", Status: resp.StatusCode})
}

// ask sends one request of long-polling. The key is in its URL, so no error of it is shown as it is.
func (d *doctor) ask(ctx context.Context, method, sid string, body io.Reader) (*http.Response, []byte, error) {
	u := *d.url
	q := u.Query()
	q.Set("api_key", d.conn.key)
	q.Set("EIO", "4")
	q.Set("transport", "polling")
	if sid != "" {
		q.Set("sid", sid)
	}
	u.RawQuery = q.Encode()
	req, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, nil, errors.New("it can't be asked for") // err has the URL
	}
	resp, err := d.client.Do(req)
	if err != nil {
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err // without the URL
		}
		return nil, nil, err
	}
	defer resp.Body.Close()
	read, err := io.ReadAll(io.LimitReader(resp.Body, maxDoctorBody))
	return resp, read, err
}

// proxied returns err as the proxy's, if net/http says that it is.
func (d *doctor) proxied(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok && (op.Op == "proxyconnect" || op.Op == "socks connect") {
		return &transport.ProxyError{Proxy: hostPort(d.proxy), Err: op.Err}
	}
	return err
}

// onConnect makes an error of what a proxy answers.
func onConnect(_ context.Context, via *url.URL, _ *http.Request, resp *http.Response) error {
	if resp.StatusCode != http.StatusOK {
		return &transport.ProxyError{Proxy: hostPort(via), Status: resp.StatusCode}
	}
	return nil
}

// reportTLS tells the version of TLS and until when the certificate holds.
func (d *doctor) reportTLS(state *tls.ConnectionState) error {
	if !d.encrypted() {
		addr, err := netip.ParseAddr(d.url.Hostname())
		if d.url.Hostname() == "localhost" || err == nil && addr.IsLoopback() {
			return d.report("tls", statusOK, "none, on this machine", "")
		}
		return d.report("tls", statusWarn, "none: everybody on the way can read the API key", "use wss://")
	}
	if state == nil || len(state.PeerCertificates) == 0 {
		return d.report("tls", statusSkip, "nothing is known of it", "")
	}
	end := state.PeerCertificates[0].NotAfter
	left := time.Until(end)
	detail := fmt.Sprintf("%s, certificate until %s (%d days)", tls.VersionName(state.Version), end.UTC().Format(time.DateOnly), int(left.Hours()/24))
	if left < expiresSoon {
		return d.report("tls", statusWarn, detail, "it has to be renewed")
	}
	return d.report("tls", statusOK, detail, "")
}

// explainCertificate says what is wrong with a certificate.
func (d *doctor) explainCertificate(err *tls.CertificateVerificationError) string {
	var (
		invalid x509.CertificateInvalidError
		unknown x509.UnknownAuthorityError
		host    x509.HostnameError
	)
	today := time.Now().UTC().Format(time.DateOnly)
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && invalid.Cert != nil:
		if time.Now().Before(invalid.Cert.NotBefore) {
			return fmt.Sprintf("the certificate is not valid before %s, and this machine's clock says %s: check the clock",
				invalid.Cert.NotBefore.UTC().Format(time.DateOnly), today)
		}
		return fmt.Sprintf("the certificate expired on %s, and this machine's clock says %s: have it renewed, or check the clock",
			invalid.Cert.NotAfter.UTC().Format(time.DateOnly), today)
	case errors.As(err, &unknown):
		return "the certificate is of an authority that this machine does not know: add its root certificate to the system's (SSL_CERT_FILE), or check the URL"
	case errors.As(err, &host):
		return fmt.Sprintf("the certificate is not for %s: check the host in the URL", d.url.Hostname())
	}
	return d.explainDial(err)
}
