package transport

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/realtimex/realtimex-go/internal/engineio"
)

// polling carries a session over HTTP long-polling: what comes is the answers to GETs, of which one
// is open at a time, and what goes out is the bodies of POSTs, of which one is in flight at a time.
//
// Recv makes the GETs and Send the POSTs, on the goroutines that call them. An upgrade has a
// goroutine of its own while it is under way; see upgrading.
type polling struct {
	s      *session
	client *http.Client
	header http.Header
	host   string // the value of Host; "" for that of the URL

	ctx context.Context // ends with the session
	cut context.CancelFunc

	reading     context.Context // of the GETs: ends with ctx, or before
	stopReading context.CancelFunc

	url   url.URL // without a query; of the last redirect of the handshake
	query string  // with the key
	sid   string  // "" until the open packet has come

	canUpgrade bool // the server offers it

	count atomic.Uint64
	stood atomic.Bool // a connection to the server stood, with its TLS handshake
	fresh *freshness

	reader answer // used by the goroutine that calls Recv

	upgrading upgrading
	up        atomic.Pointer[session] // the WebSocket that the session has been upgraded to

	told bool // the server was told of the end; used by the only sender

	mu    sync.Mutex
	queue []*outgoing // what waits for the only sender
}

// newPolling returns a session over polling. Nothing has been sent yet.
func (d *dialer) newPolling() *session {
	p := &polling{header: d.config.Header, host: d.config.Header.Get("Host")}
	p.ctx, p.cut = context.WithCancel(context.Background()) //nolint:forbidigo // a session outlives the call that opened it
	p.reading, p.stopReading = context.WithCancel(p.ctx)
	p.s = newSession(nil, newLink(pollLink{p}), d.config, d.hidden)
	p.s.poll = p
	p.fresh = &d.learned.freshness
	p.url, p.query = d.config.pollTarget()
	p.client = p.newClient(d)
	p.reader.poll = p
	p.upgrading.begin()
	return p.s
}

// opened takes what the open packet says.
func (p *polling) opened(h engineio.Handshake) {
	p.sid, p.canUpgrade = h.SID, slices.Contains(h.Upgrades, string(WebSocket))
}

// request makes a request of the session. Its URL has the key and the session id, so it must not be
// shown. The parameter t keeps caches out, as in the reference client.
func (p *polling) request(ctx context.Context, method string, body *postBody) (*http.Request, error) {
	u := p.url
	u.RawQuery = p.query + "&t=" + strconv.FormatUint(p.count.Add(1), 36)
	if p.sid != "" {
		u.RawQuery += "&sid=" + url.QueryEscape(p.sid)
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), nil)
	if err != nil {
		return nil, err
	}
	maps.Copy(req.Header, p.header)
	req.Host = p.host
	req.Close = p.fresh.wanted()
	if body != nil {
		body.giveTo(req)
	}
	return req, nil
}

// pollLink is the connection below the session's link while there is no WebSocket. What is read and
// written goes another way; Close ends every request.
type pollLink struct{ p *polling }

func (pollLink) Read([]byte) (int, error)  { return 0, http.ErrBodyReadAfterClose }
func (pollLink) Write([]byte) (int, error) { return 0, http.ErrBodyReadAfterClose }

func (l pollLink) Close() error {
	l.p.cut()
	if w := l.p.up.Load(); w != nil {
		return w.link.Close()
	}
	return nil
}

// answerTime limits the wait for the answer to a POST, after the last byte of its body went out. A
// slow link may still have to carry what the buffers of the system took. A server that does not get
// the pong within that time has given the session up.
func (p *polling) answerTime() time.Duration {
	return max(p.s.info.LinkTimeout(), p.s.config.WriteTimeout)
}
