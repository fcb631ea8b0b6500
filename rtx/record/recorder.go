package record

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

// An Option changes how a Recorder is made. A nil Option does nothing.
type Option interface{ apply(*Recorder) error }

type option func(*Recorder) error

func (o option) apply(r *Recorder) error { return o(r) }

// WithMaxSize limits the bytes that are written. It must be between 4 KiB and [MaxSize]. Default:
// [DefaultMaxSize].
func WithMaxSize(bytes int64) Option {
	return option(func(r *Recorder) error {
		if bytes < 4<<10 || bytes > MaxSize {
			return &OptionError{"WithMaxSize", fmt.Sprintf("%d is not between %d and %d", bytes, 4<<10, MaxSize)}
		}
		r.maxSize = bytes
		return nil
	})
}

// WithMaxEntries limits the entries that are written: packets, nearly all of them. It must be at
// least 1. Default: [DefaultMaxEntries].
func WithMaxEntries(n int) Option {
	return option(func(r *Recorder) error {
		if n < 1 {
			return &OptionError{"WithMaxEntries", fmt.Sprintf("%d is less than 1", n)}
		}
		r.maxEntries = n
		return nil
	})
}

// WithSecrets adds texts that must not be in the recording. Each is replaced by a stand-in wherever
// it stands; one of fewer than 8 bytes only where it is a whole word. rtx adds those that it knows.
func WithSecrets(texts ...string) Option {
	return option(func(r *Recorder) error {
		for _, text := range texts {
			r.hidden.add("secret", text)
		}
		return nil
	})
}

// maxPending bounds what waits for the writer, in bytes.
const maxPending = 8 << 20

// A Recorder writes a recording of what one client sees. Its methods may be called concurrently.
// Whoever made it calls Close, after the client is closed.
//
// A goroutine of the Recorder writes to w, so that w delays no connection. Recording stops, and the
// client goes on, when a limit is reached, when w fails, or when more than 8 MiB wait for w.
type Recorder struct {
	maxSize    int64
	maxEntries int
	began      time.Time

	wake chan struct{} // has a token when something is pending; closed by Close
	done chan struct{} // closed when the goroutine has ended

	mu      sync.Mutex
	hidden  standIns
	pending []byte
	encoder *json.Encoder
	encoded bytes.Buffer
	last    time.Duration
	conns   int
	entries int
	size    int64
	stopped error // a *LimitError, or that of the writer
	closed  bool
}

// New begins a recording, with its header. A bad option is an *[OptionError]. The caller closes the
// Recorder, and w after it.
func New(w io.Writer, opts ...Option) (*Recorder, error) {
	if w == nil {
		return nil, errors.New("record: the writer is nil")
	}
	r := &Recorder{
		maxSize: DefaultMaxSize, maxEntries: DefaultMaxEntries, began: time.Now(),
		wake: make(chan struct{}, 1), done: make(chan struct{}),
	}
	for _, o := range opts {
		if o == nil {
			continue
		}
		if err := o.apply(r); err != nil {
			return nil, err
		}
	}
	r.encoder = json.NewEncoder(&r.encoded)
	r.encoder.SetEscapeHTML(false)
	r.encode(Header{Format: Format, Version: Version, Started: r.began.UTC()})
	r.queue()
	go r.write(w)
	return r, nil
}

// Dialer returns a Dialer that makes the connections of d and records them. It is for one client: a
// recording is one client's view. rtx.WithDialerWrapper takes this method.
func (r *Recorder) Dialer(d transport.Dialer) transport.Dialer { return &dialer{d, r} }

// Format implements [fmt.Formatter]. It writes the name of the type, whatever the verb: a Recorder
// knows secrets.
func (r *Recorder) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "record.Recorder") }

// Stats are figures of a [Recorder].
type Stats struct {
	Entries int   // so far
	Bytes   int64 // of them and the header
	Err     error // why recording stopped: a *LimitError, or that of the writer; nil while it goes on
}

// Stats returns figures of the recording so far.
func (r *Recorder) Stats() Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	return Stats{Entries: r.entries, Bytes: r.size, Err: r.stopped}
}

// Close ends the recording and returns when all of it is written. The error is why recording had
// stopped before: a *[LimitError], or that of the writer. Later calls return the same.
func (r *Recorder) Close() error {
	r.mu.Lock()
	if !r.closed {
		r.closed = true
		close(r.wake)
	}
	r.mu.Unlock()
	<-r.done
	return r.Stats().Err
}

// write writes what is pending until the recorder is closed.
func (r *Recorder) write(w io.Writer) {
	defer close(r.done)
	for more := true; more; {
		_, more = <-r.wake
		r.mu.Lock()
		text := r.pending
		r.pending = nil
		r.mu.Unlock()
		if len(text) == 0 {
			continue
		}
		if _, err := w.Write(text); err != nil {
			r.mu.Lock()
			r.stop(fmt.Errorf("record: writing failed: %w", err))
			r.mu.Unlock()
			return
		}
	}
}

// stop ends the recording. r.mu is held.
func (r *Recorder) stop(err error) {
	if r.stopped == nil {
		r.stopped = err
	}
}

// encode puts a line into r.encoded. r.mu is held, but by New.
func (r *Recorder) encode(v any) {
	r.encoded.Reset()
	if err := r.encoder.Encode(v); err != nil { // all values are of this package's types, and Data is valid
		panic("record: " + err.Error())
	}
}

// queue hands the line in r.encoded to the writer. r.mu is held, but by New.
func (r *Recorder) queue() {
	r.pending = append(r.pending, r.encoded.Bytes()...)
	r.size += int64(r.encoded.Len())
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// lastLine is the room that is left for the entry that tells of a stop, in bytes.
const lastLine = 256

// append records an entry, at the present time, or stops the recording. make is called under the
// lock, for what it hides.
func (r *Recorder) append(conn int, make func(hidden *standIns) Entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped != nil || r.closed {
		return
	}
	e := make(&r.hidden)
	r.last = max(r.last, time.Since(r.began))
	e.At, e.Conn = r.last, conn
	r.encode(lineOf(e))
	var over *LimitError
	switch line := int64(r.encoded.Len()); {
	case r.hidden.full:
		over = &LimitError{"secrets", maxSecrets}
	case line > MaxLine:
		over = &LimitError{"line", MaxLine}
	case r.size+line > r.maxSize-lastLine:
		over = &LimitError{"size", r.maxSize}
	case r.entries == r.maxEntries:
		over = &LimitError{"entries", int64(r.maxEntries)}
	case int64(len(r.pending)) > maxPending:
		over = &LimitError{Limit: "writer"}
	}
	if over != nil {
		r.stop(over)
		r.encode(lineOf(Entry{At: r.last, Kind: KindStopped, Limit: over.Limit}))
	} else {
		r.entries++
	}
	if r.encoded.Cap() > 1<<20 {
		defer func() { r.encoded = bytes.Buffer{} }()
	}
	r.queue()
}

// A dialer records what another one does.
type dialer struct {
	transport.Dialer
	r *Recorder
}

func (d *dialer) Dial(ctx context.Context, resume transport.Resume) (transport.Session, error) {
	d.r.mu.Lock()
	d.r.conns++
	conn := d.r.conns
	d.r.mu.Unlock()
	d.r.append(conn, func(hidden *standIns) Entry {
		e := Entry{Kind: KindDial}
		if !resume.IsZero() {
			e.PID, e.Offset = hidden.add("pid", resume.PID), hidden.replace(resume.Offset)
		}
		return e
	})
	s, err := d.Dialer.Dial(ctx, resume)
	if err != nil || s == nil {
		d.r.append(conn, func(hidden *standIns) Entry { return failure(err, hidden) })
		return s, err
	}
	info := s.Info()
	d.r.append(conn, func(hidden *standIns) Entry {
		return Entry{
			Kind: KindConnected, SocketID: hidden.add("socket", info.SocketID), PID: hidden.add("pid", info.PID),
			Recovered: info.Recovered, PingInterval: info.PingInterval, PingTimeout: info.PingTimeout,
			MaxPayload: info.MaxPayload, Transport: info.Transport,
		}
	})
	return &session{Session: s, r: d.r, conn: conn}, nil
}
