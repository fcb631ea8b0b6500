package transport

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// idlePost is how long the connection of a POST is kept for the next one. It is shorter than
	// what a server keeps one for (Node 5 s): a POST on a connection that the server is just closing
	// would be lost.
	idlePost = 4 * time.Second

	// maxHeaderBytes limits the header of an answer.
	maxHeaderBytes = 64 << 10
)

// newClient returns the HTTP client of one session: the settings of the configured one, and
// connections that end with the session.
func (p *polling) newClient(d *dialer) *http.Client {
	client := new(http.Client)
	if given := d.config.HTTPClient; given != nil {
		*client = *given
	}
	client.Timeout = 0 // an answer may take as long as the server has nothing to send
	if client.Jar == nil {
		client.Jar = d.jar
	}
	base := client.Transport
	if base == nil {
		base = http.DefaultTransport
	}
	if t, ok := base.(*http.Transport); ok {
		base = p.transport(t)
	}
	if address, _, zoned := strings.Cut(d.config.URL.Hostname(), "%"); zoned {
		base = verifying(base, address)
	}
	client.Transport = base
	client.CheckRedirect = p.checkRedirect(checkRedirect(client.CheckRedirect))
	return client
}

// checkRedirect follows redirects in the handshake only. Later the packets of a POST would be lost.
func (p *polling) checkRedirect(handshake func(*http.Request, []*http.Request) error) func(*http.Request, []*http.Request) error {
	return func(req *http.Request, via []*http.Request) error {
		if p.sid != "" {
			return ErrRedirect
		}
		return handshake(req, via)
	}
}

// transport returns a clone of t for one session. A GET is open nearly always, beside which there
// must be a connection for a POST, and its answer may take long.
func (p *polling) transport(t *http.Transport) *http.Transport {
	t = t.Clone()
	t.MaxConnsPerHost, t.ResponseHeaderTimeout = 0, 0
	if t.IdleConnTimeout == 0 || t.IdleConnTimeout > idlePost {
		t.IdleConnTimeout = idlePost
	}
	if t.MaxResponseHeaderBytes == 0 {
		t.MaxResponseHeaderBytes = maxHeaderBytes
	}
	t.DialContext = p.dialer(plainDial(t))
	if t.DialTLSContext != nil {
		t.DialTLSContext = p.dialer(t.DialTLSContext)
	}
	return t
}

// dialer ends a dial, and what it made, with the session: net/http would go on with it for a later
// request.
func (p *polling) dialer(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, p.s.config.HandshakeTimeout)
		defer cancel()
		defer context.AfterFunc(p.ctx, cancel)()
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		stop := context.AfterFunc(p.ctx, func() { _ = conn.Close() })
		if _, isTLS := conn.(interface{ NetConn() net.Conn }); isTLS {
			return conn, nil // net/http wants to see it as it is
		}
		return &pollConn{Conn: conn, stop: stop, fresh: p.fresh}, nil
	}
}

// pollTarget returns the URL of the polls without its query, and the query. It has the key, so it
// must not be shown.
func (c Config) pollTarget() (url.URL, string) {
	u := c.address(Polling)
	query := u.RawQuery
	u.RawQuery = ""
	return u, query
}
