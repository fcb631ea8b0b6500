package transport

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/realtimex/realtimex-go/internal/engineio"
)

// separator stands between the packets of a body (Engine.IO v4, "HTTP long-polling").
const separator = 0x1e

// errRepeated means that the HTTP client sent a GET a second time, because the first connection
// broke. The server may have answered the first one, and that answer is lost with its packets. So
// the session must not go on as if nothing was missing.
var errRepeated = errors.New("a poll broke off, and what it brought is not known")

// errUnbounded means that an answer ends with its connection, so that a part of it can't be told
// from the whole.
var errUnbounded = errors.New("an answer without a length")

// answer reads the packets of the answer to a GET while it comes, so that its length needs no
// limit: only that of each packet has one.
type answer struct {
	poll *polling
	body io.ReadCloser // nil while no GET is answered
	r    *bufio.Reader
	came time.Time
	long []byte // a packet that is longer than the buffer of r
}

// readFrame returns the next packet as a WebSocket would have it as a frame. It stays valid until
// the next call.
func (p *polling) readFrame() (frame []byte, binary bool, err error) {
	a := &p.reader
	for a.body == nil {
		if w := p.up.Load(); w != nil {
			return p.readUpgraded(w)
		}
		if upgraded := p.pauseForUpgrade(); upgraded {
			continue
		}
		select {
		case <-p.s.ending: // the server may have ended the last GET because of that
			return nil, false, p.s.fail(ErrClosed)
		default:
		}
		if err := p.get(); err != nil {
			return nil, false, err
		}
	}
	packet, err := a.packet()
	if err != nil {
		return nil, false, err
	}
	if len(packet) > 0 && packet[0] == 'b' {
		decoded, err := engineio.DecodePayload(packet, 1)
		if err != nil {
			return nil, false, &ProtocolError{Err: err}
		}
		return decoded[0].Data, true, nil
	}
	if !utf8.Valid(packet) {
		return nil, false, &ProtocolError{Err: &engineio.Error{Kind: engineio.ErrUTF8}}
	}
	return packet, false, nil
}

// readUpgraded reads from the WebSocket. What the packets mean is for the session.
func (p *polling) readUpgraded(w *session) (frame []byte, binary bool, err error) {
	frame, binary, err = w.readFrame()
	p.s.link.arrived = w.link.arrived
	if err == nil && !binary && len(frame) == 1 && frame[0] == '2' {
		w.pinged() // releases the read buffers; the session answers
	}
	return frame, binary, err
}

// get makes a GET, and returns when its answer begins.
//
// An answer that is lost may have had packets. So a GET that fails ends the session, and is not
// made again, neither here nor by the HTTP client, which would do so for a connection that broke
// while it was idle.
func (p *polling) get() error {
	ctx, cancel := context.WithCancel(p.reading)
	var wrote, again atomic.Bool
	req, err := p.request(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(i httptrace.GotConnInfo) {
			p.stood.Store(true)
			if wrote.Load() && p.sid != "" {
				again.Store(true)
				cancel()
				if !shared(i.Conn) {
					_ = i.Conn.Close() // or the request may be written before the cancellation is seen
				}
			}
		},
		WroteRequest: func(i httptrace.WroteRequestInfo) { wrote.Store(wrote.Load() || i.Err == nil) },
	}), http.MethodGet, nil)
	if err != nil {
		cancel()
		return p.lost(http.MethodGet, err)
	}
	resp, err := p.client.Do(req)
	switch {
	case again.Load():
		err = p.lost(http.MethodGet, errRepeated)
	case err != nil:
		err = p.lost(http.MethodGet, err)
	default:
		err = p.check(resp)
	}
	if err != nil {
		if resp != nil {
			_ = resp.Body.Close()
		}
		cancel()
		return err
	}
	if p.sid == "" { // the handshake follows redirects on the same host
		p.url = *resp.Request.URL
		p.url.RawQuery = ""
	}
	p.reader.begin(&canceling{resp.Body, cancel})
	return nil
}

// shared reports whether requests of others may be under way on the connection. HTTP/2 repeats only
// what a server has said that it did not take.
func shared(c net.Conn) bool {
	t, ok := c.(*tls.Conn)
	return ok && t.ConnectionState().NegotiatedProtocol == "h2"
}

// canceling releases the context of a request with the body of its answer.
type canceling struct {
	io.ReadCloser
	cancel func()
}

func (c *canceling) Close() error {
	err := c.ReadCloser.Close()
	c.cancel()
	return err
}

// check returns why the answer to a GET can't be read as packets.
func (p *polling) check(resp *http.Response) error {
	if resp.StatusCode != http.StatusOK {
		return p.refused(http.MethodGet, resp)
	}
	if resp.ProtoMajor == 1 && resp.ContentLength < 0 && resp.Close && !resp.Uncompressed && len(resp.TransferEncoding) == 0 {
		return p.lost(http.MethodGet, errUnbounded)
	}
	return nil
}

func (a *answer) begin(body io.ReadCloser) {
	a.body, a.came = body, time.Now()
	if a.r == nil {
		a.r = bufio.NewReaderSize(a, 4<<10)
	} else {
		a.r.Reset(a)
	}
}

// Read reads from the body, and records when bytes came and what of that is progress.
func (a *answer) Read(b []byte) (int, error) {
	n, err := a.body.Read(b)
	if n > 0 {
		l := a.poll.s.link
		l.arrived = time.Now()
		l.progress.bytes(n, l.arrived)
	}
	return n, err
}

// packet returns the next packet of the body. With the last one it ends the body.
func (a *answer) packet() ([]byte, error) {
	s := a.poll.s
	s.link.progress.message(s.config.ReadLimit)
	a.long = a.long[:0]
	for {
		part, err := a.r.ReadSlice(separator)
		last := err == io.EOF
		if err == nil {
			part = part[:len(part)-1]
		}
		if len(a.long) > 0 || err == bufio.ErrBufferFull { //nolint:errorlint // bufio returns it unwrapped
			a.long = append(a.long, part...)
			part = a.long
		}
		if int64(len(part)) > a.limit(part) {
			a.end()
			return nil, a.tooBig(part)
		}
		switch {
		case last:
			a.end()
			return part, nil
		case err == nil:
			if cap(a.long) > maxScratch && len(a.long) <= maxScratch/4 {
				a.long = nil
			}
			return part, nil
		case err != bufio.ErrBufferFull: //nolint:errorlint // bufio returns it unwrapped
			a.end()
			return nil, a.poll.lost(http.MethodGet, err)
		}
	}
}

// limit returns how long a packet may be, given its beginning: a binary one is in base64.
func (a *answer) limit(part []byte) int64 {
	limit := a.poll.s.config.ReadLimit
	if len(part) > 0 && part[0] == 'b' {
		return 1 + (limit+2)/3*4
	}
	return limit
}

func (a *answer) tooBig(part []byte) error {
	s := a.poll.s
	if part[0] == 'b' {
		part = attachedTo(s.assembler.Pending())
	}
	return s.tooBig(part)
}

func (a *answer) end() {
	_ = a.body.Close()
	a.body = nil
	a.poll.dropAfter(a.came)
}

// lost returns the error for a request that was not answered in full.
func (p *polling) lost(method string, err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok { // it has the URL
		err = wrapped.Err
	}
	return &LostError{Err: fmt.Errorf("polling: %s: %w", method, p.s.secrets.error(err))}
}

// refused returns the error for an answer with another status than 200.
func (p *polling) refused(method string, resp *http.Response) error {
	e := &StatusError{Method: method, Status: resp.StatusCode, RetryAfter: retryAfter(resp)}
	e.Code, e.Message = engineError(resp, p.s.secrets.all())
	return &LostError{Err: e}
}

// isOK reports whether a body is the answer of an Engine.IO server to a POST.
func isOK(body []byte) bool { return bytes.EqualFold(bytes.TrimSpace(body), []byte("ok")) }
