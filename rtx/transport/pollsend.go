package transport

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"
)

// maxBody is how long a body becomes by joining packets, if the server names no maxPayload.
const maxBody = 1 << 20

// postPart is how much of a body the HTTP client is given at once. Each part is progress.
const postPart = 16 << 10

var errNotTaken = errors.New("a POST was answered by something else than the server")

// outgoing is what one call of Send sends.
type outgoing struct {
	packets [][]byte
	taken   bool          // by the only sender: guarded by polling.mu
	done    chan struct{} // closed once err is set
	err     error
}

// send is Send. Whoever becomes the only sender sends what all others wait with, too: so packets
// that gather while a POST is in flight go out together.
func (p *polling) send(ctx context.Context, packets [][]byte) error {
	s := p.s
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	select {
	case <-s.ending: // when both can be, the end comes first
		return s.ended()
	default:
	}
	o := &outgoing{packets: packets, done: make(chan struct{})}
	p.mu.Lock()
	p.queue = append(p.queue, o)
	p.mu.Unlock()
	select {
	case s.sending <- struct{}{}:
		p.flush()
		s.unlock()
	case <-o.done:
	case <-ctx.Done():
		if p.withdraw(o) {
			return context.Cause(ctx)
		}
	case <-s.ending:
		if p.withdraw(o) {
			return s.ended()
		}
	}
	<-o.done
	return o.err
}

// withdraw takes o out of the queue. It reports false if somebody sends it already.
func (p *polling) withdraw(o *outgoing) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if o.taken {
		return false
	}
	for i, other := range p.queue {
		if other == o {
			p.queue = append(p.queue[:i], p.queue[i+1:]...)
			break
		}
	}
	return true
}

// flush sends what is queued. The caller is the only sender.
func (p *polling) flush() {
	p.mu.Lock()
	batch := p.queue
	p.queue = nil
	for _, o := range batch {
		o.taken = true
	}
	p.mu.Unlock()
	if w := p.up.Load(); w != nil {
		for _, o := range batch {
			o.end(p.fromUpgraded(w.writeAll(o.packets)))
		}
		return
	}
	p.postAll(batch)
}

func (o *outgoing) end(err error) {
	o.err = err
	close(o.done)
}

// postAll posts packets in bodies as long as the server takes them. An outgoing has ended when the
// body with its last packet is answered.
func (p *polling) postAll(batch []*outgoing) {
	var body []byte
	ended := 0 // so many of batch have ended
	post := func(upTo int, err error) error {
		if err == nil && len(body) > 0 {
			err = p.post(body)
			body = nil // the HTTP client may still read the old one
		}
		for ; ended < upTo; ended++ {
			batch[ended].end(err)
		}
		return err
	}
	var err error
	for i, o := range batch {
		for _, packet := range o.packets {
			if err == nil && !p.fits(body, packet) {
				err = post(i, nil)
			}
			if err != nil {
				break
			}
			if len(body) > 0 {
				body = append(body, separator)
			}
			body = append(append(body, '4'), packet...)
		}
	}
	_ = post(len(batch), err)
}

// fits reports whether a packet can be joined to the body.
func (p *polling) fits(body, packet []byte) bool {
	limit := p.s.info.MaxPayload
	if limit == 0 {
		limit = maxBody
	}
	return len(body) == 0 || int64(len(body)+len("\x1e4")+len(packet)) <= limit
}

// write sends one packet as it is. The caller is the only sender.
func (p *polling) write(packet []byte) error {
	if w := p.up.Load(); w != nil {
		return p.fromUpgraded(w.write(packet))
	}
	return p.post(bytes.Clone(packet))
}

// fromUpgraded makes an error of the WebSocket the reason of the session's end.
func (p *polling) fromUpgraded(err error) error {
	if err != nil {
		err = p.s.fail(err)
	}
	return err
}

// post makes a POST and waits for its answer. An error ends the session: nobody knows whether the
// server has taken the packets, so they are not posted again. The caller is the only sender.
func (p *polling) post(body []byte) error {
	s := p.s
	b := &postBody{data: body, left: len(body), limit: s.config.WriteTimeout, last: p.answerTime()}
	timer := time.AfterFunc(b.limit, func() {
		_ = s.fail(b.stalled())
		_ = s.link.Close()
	})
	b.start(timer)
	err := p.exchange(p.ctx, b)
	b.end()
	if inTime := timer.Stop(); !inTime {
		return s.fail(b.stalled())
	}
	if err == nil {
		return nil
	}
	err = s.fail(err)
	p.leave(err)
	p.stopReading()
	return err
}

// exchange makes the request of a POST.
func (p *polling) exchange(ctx context.Context, b *postBody) error {
	req, err := p.request(ctx, http.MethodPost, b)
	if err != nil {
		return p.lost(http.MethodPost, err)
	}
	defer p.dropAfter(time.Now())
	resp, err := p.client.Do(req)
	if err != nil {
		return p.lost(http.MethodPost, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return p.refused(http.MethodPost, resp)
	}
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	if err != nil {
		return p.lost(http.MethodPost, err)
	}
	if !isOK(answer) { // a login page, for example
		return p.lost(http.MethodPost, errNotTaken)
	}
	return nil
}

// postBody is the body of a POST. Its timer is set again whenever the HTTP client takes a part: the
// write timeout limits the time without progress, and not that of a large body on a slow link.
type postBody struct {
	data  []byte
	limit time.Duration
	last  time.Duration // the limit for the answer, after the last part

	mu    sync.Mutex
	timer *time.Timer // nil before the request, and when it is over
	left  int         // bytes that the HTTP client has not taken
}

func (b *postBody) start(timer *time.Timer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.timer = timer
}

// stalled returns the error of a POST that made no progress.
func (b *postBody) stalled() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return &WriteError{Written: int64(len(b.data) - b.left), Size: int64(len(b.data)), Err: ErrWriteTimeout}
}

// end leaves the timer alone from now on. The HTTP client may read on after the answer.
func (b *postBody) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.timer = nil
}

// took records that the HTTP client has taken a part, and how much is left.
func (b *postBody) took(left int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left = left
	switch {
	case b.timer == nil:
	case left > 0:
		b.timer.Reset(b.limit)
	default:
		b.timer.Reset(b.last)
	}
}

func (b *postBody) giveTo(req *http.Request) {
	req.Header.Set("Content-Type", "text/plain;charset=UTF-8")
	req.ContentLength = int64(len(b.data))
	req.Body = b.reader()
	req.GetBody = func() (io.ReadCloser, error) { return b.reader(), nil } // if nothing went out on a connection that was closed meanwhile
}

func (b *postBody) reader() io.ReadCloser { return &postReader{of: b, rest: b.data} }

type postReader struct {
	of   *postBody
	rest []byte
}

func (r *postReader) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), postPart)], r.rest)
	r.rest = r.rest[n:]
	r.of.took(len(r.rest))
	return n, nil
}

func (r *postReader) Close() error { return nil }
