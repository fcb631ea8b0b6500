package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
	json "github.com/go-json-experiment/json"

	"github.com/realtimex/realtimex-go/internal/redact"
)

// attempt is one dial, from the first byte until CONNECT is answered. It travels
// in the context of the request, so that the transport below the HTTP client
// can tell it what it has opened.
type attempt struct {
	ctx   context.Context // ends with the attempt
	until time.Time       // when that is at the latest, while it dials
	stood func()          // called when a connection stands, with its TLS handshake; may be nil

	// Of the goroutine that dials, on which RoundTrip is called.
	status int // of the last answer
	link   *link

	mu     sync.Mutex    // net/http opens connections on goroutines of its own
	stops  []func() bool // disarm the closing of connections at the attempt's end
	via    *url.URL      // the proxy; nil if there is none
	tunnel bool          // DialContext asks the proxy
	beyond bool          // the proxy, if there is one, has connected to the server
}

type attemptKey struct{}

// context returns the context of the attempt's request.
func (a *attempt) context() context.Context {
	return httptrace.WithClientTrace(context.WithValue(a.ctx, attemptKey{}, a), &httptrace.ClientTrace{
		TLSHandshakeStart: a.securing,
		GotConn:           func(httptrace.GotConnInfo) { a.passed() },
	})
}

// own closes conn at the end of the attempt, unless keep is called first. Without it net/http would
// go on with a dial, a proxy's CONNECT or a TLS handshake for which nobody waits.
func (a *attempt) own(conn net.Conn) {
	stop := context.AfterFunc(a.ctx, func() { _ = conn.Close() })
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stops = append(a.stops, stop)
}

// keep makes the connections outlive the attempt. It reports whether the attempt was still running.
func (a *attempt) keep() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	kept := true
	for _, stop := range a.stops {
		kept = stop() && kept
	}
	return kept
}

// step returns the step that an attempt without a WebSocket has reached.
func (a *attempt) step() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.status == 0 && (len(a.stops) == 0 || a.via != nil && !a.beyond) {
		return "dial"
	}
	return "upgrade"
}

// dialClient returns the HTTP client that dials: the given one's settings, with a transport for
// attempts.
func dialClient(given *http.Client, there *url.URL) *http.Client {
	client := new(http.Client)
	if given != nil {
		*client = *given
	}
	base := client.Transport
	if base == nil {
		base = standard.transport(http.DefaultTransport)
	} else if t, ok := base.(*http.Transport); ok {
		base = attemptTransport(t)
	}
	if address, _, zoned := strings.Cut(there.Hostname(), "%"); zoned {
		base = verifying(base, address)
	}
	client.Transport = upgradeTripper{base}
	client.CheckRedirect = checkRedirect(client.CheckRedirect)
	return client
}

// standard is shared by all dialers without a transport of their own, because a transport takes 2
// KiB. It keeps nothing of an attempt, and no connection alive.
var standard sharedTransport

// sharedTransport is the attemptTransport of the transport that it was last asked for.
type sharedTransport struct {
	mu    sync.Mutex
	of    *http.Transport
	clone *http.Transport
}

func (s *sharedTransport) transport(of http.RoundTripper) http.RoundTripper {
	t, ok := of.(*http.Transport)
	if !ok {
		return of
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of != t { // at first, and when http.DefaultTransport was replaced
		s.of, s.clone = t, attemptTransport(t)
	}
	return s.clone
}

// attemptTransport returns a clone of t whose connections belong to attempts. It keeps none alive,
// because an attempt must not get a connection of an earlier attempt, which is being closed.
func attemptTransport(t *http.Transport) *http.Transport {
	t = t.Clone()
	t.DisableKeepAlives = true
	t.DialContext = ownedDial(plainDial(t))
	if t.DialTLSContext != nil {
		t.DialTLSContext = ownedDial(t.DialTLSContext)
	}
	if t.MaxResponseHeaderBytes == 0 {
		t.MaxResponseHeaderBytes = maxAnswerHeader
	}
	proxying(t)
	return t
}

// plainDial returns what a transport dials with, without TLS.
func plainDial(t *http.Transport) dialFunc {
	if t.DialContext != nil {
		return t.DialContext
	}
	//nolint:staticcheck // SA1019: A transport may come with the old field only, which DialContext would override.
	if old := t.Dial; old != nil {
		return func(_ context.Context, network, addr string) (net.Conn, error) { return old(network, addr) }
	}
	return new(net.Dialer).DialContext
}

// verifying checks the certificate of the server for the address without its zone, because there is
// no certificate for an address with a zone.
func verifying(base http.RoundTripper, address string) http.RoundTripper {
	t, ok := base.(*http.Transport)
	if !ok {
		return base
	}
	t = t.Clone()
	if t.TLSClientConfig == nil {
		t.TLSClientConfig = new(tls.Config)
	}
	if t.TLSClientConfig.ServerName == "" {
		t.TLSClientConfig.ServerName = address
	}
	return t
}

type dialFunc = func(ctx context.Context, network, addr string) (net.Conn, error)

// ownedDial ends the dial with the attempt. net/http would go on with it for a later request. It
// also sets the deadline, from which net.Dialer computes how long to try each of several addresses.
func ownedDial(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		a, ok := ctx.Value(attemptKey{}).(*attempt)
		if !ok {
			return dial(ctx, network, addr)
		}
		ctx, cancel := context.WithDeadline(ctx, a.until)
		defer cancel()
		defer context.AfterFunc(a.ctx, cancel)()
		conn, err := dial(ctx, network, addr)
		if err == nil {
			a.own(conn)
		}
		return conn, err
	}
}

// upgradeTripper puts a link under the WebSocket.
type upgradeTripper struct{ base http.RoundTripper }

func (t upgradeTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.base.RoundTrip(req)
	a, ok := req.Context().Value(attemptKey{}).(*attempt)
	if err != nil || !ok {
		return resp, err
	}
	a.status = resp.StatusCode
	if rwc, ok := resp.Body.(io.ReadWriteCloser); ok && resp.StatusCode == http.StatusSwitchingProtocols {
		a.link = newLink(rwc)
		resp.Body = a.link
	}
	return resp, nil
}

// checkRedirect follows redirects only on the same host, and not from TLS to
// plain text, because the URL carries the API key.
func checkRedirect(given func(*http.Request, []*http.Request) error) func(*http.Request, []*http.Request) error {
	return func(req *http.Request, via []*http.Request) error {
		from := via[0].URL
		if authority(req.URL) != authority(from) || encrypted(from) && !encrypted(req.URL) {
			return ErrRedirect
		}
		if given != nil {
			return given(req, via)
		}
		if len(via) >= 10 {
			return errors.New("stopped after 10 redirects")
		}
		return nil
	}
}

func encrypted(u *url.URL) bool { return u.Scheme == "https" || u.Scheme == "wss" }

// authority returns the host and port. The standard ports count as none, so that a change of the
// scheme on them is no change of the host.
func authority(u *url.URL) string {
	switch port := u.Port(); port {
	case "", "80", "443":
		return strings.ToLower(u.Hostname())
	default:
		return strings.ToLower(u.Hostname()) + ":" + port
	}
}

// maxErrorBody bounds what is read of an HTTP error's body.
const maxErrorBody = 1024

// upgradeError says why there is no WebSocket, without the URL and without the
// body.
func upgradeError(a *attempt, resp *http.Response, err error, hidden redact.Secrets) error {
	e := &HandshakeError{Transport: WebSocket, Step: a.step(), Status: a.status, Code: -1}
	if resp != nil && resp.StatusCode != http.StatusSwitchingProtocols {
		e.Code, e.Message = engineError(resp, hidden)
		e.RetryAfter = retryAfter(resp)
	}
	var wrapped *url.Error
	switch {
	case a.ctx.Err() != nil:
		e.Err = context.Cause(a.ctx)
	case errors.Is(err, ErrRedirect):
		e.Err = ErrRedirect
	case errors.As(err, &wrapped):
		e.Err = hidden.Error(wrapped.Err)
	case a.status == http.StatusSwitchingProtocols:
		e.Err = errors.New("the answer is no WebSocket upgrade")
	}
	if proxy := a.proxyError(err, e.Err, hidden); proxy != nil {
		e.Err = proxy
	}
	return e
}

// engineError reads `{"code":N,"message":…}`, with which Engine.IO refuses.
func engineError(resp *http.Response, hidden redact.Secrets) (code int, message string) {
	if resp.Body == nil {
		return -1, ""
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	if err != nil {
		return -1, ""
	}
	var answer struct {
		Code    *int   `json:"code"`
		Message string `json:"message"`
	}
	if json.Unmarshal(body, &answer) != nil || answer.Code == nil || *answer.Code < 0 {
		return -1, ""
	}
	return *answer.Code, hidden.Text(answer.Message)
}

// upgrade opens a WebSocket at a URL.
func (d *dialer) upgrade(a *attempt, target string, client *http.Client) (*websocket.Conn, error) {
	ctx := a.context()
	if a.stood != nil {
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { a.stood() }})
	}
	conn, resp, err := websocket.Dial(ctx, target, &websocket.DialOptions{
		HTTPClient:      client,
		HTTPHeader:      d.config.Header,
		Host:            d.config.Header.Get("Host"),
		CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil {
		return nil, upgradeError(a, resp, err, d.hidden)
	}
	if a.link == nil {
		_ = conn.CloseNow()
		return nil, &HandshakeError{Transport: WebSocket, Step: "upgrade", Code: -1, Err: errors.New("the RoundTripper kept the connection to itself")}
	}
	return conn, nil
}
