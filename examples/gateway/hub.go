package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
)

// bufferSize is how many events wait for one browser; what comes when it is full is counted and
// told.
const bufferSize = 64

// A hub fans events out to browsers. It never waits for one.
type hub struct {
	mu       sync.Mutex
	browsers map[*browser]struct{}
	born     int64  // makes the ids of this run its own
	last     int    // the number of the last event
	lost     uint64 // events that some browser missed
	done     chan struct{}
}

// A browser is one GET /events.
type browser struct {
	frames chan frame
	missed int // events since the last frame that fitted; under the hub's mutex
}

// A frame is what one browser is sent: an event, after telling how many before it were missed.
type frame struct {
	missed int
	text   []byte
}

func newHub() *hub {
	return &hub{browsers: make(map[*browser]struct{}), born: time.Now().UnixNano(), done: make(chan struct{})}
}

func (h *hub) event(name string, data json.RawMessage) {
	payload, err := json.Marshal(map[string]any{"event": name, "data": data}) // compact: SSE data must be one line
	if err == nil {
		h.send("event", payload)
	}
}

// gap sends every browser what the gateway itself missed.
func (h *hub) gap(g *rtx.Gap) {
	payload, _ := json.Marshal(map[string]any{"reconnected": g.Reconnected, "missed": g.Dropped + g.Malformed})
	h.send("gap", payload)
}

func (h *hub) send(kind string, payload []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last++
	text := fmt.Appendf(nil, "id: %s\nevent: %s\ndata: %s\n\n", h.id(), kind, payload)
	for b := range h.browsers {
		select {
		case b.frames <- frame{b.missed, text}:
			b.missed = 0
		default:
			b.missed++
			h.lost++
		}
	}
}

// id returns the id of the last event. The caller holds the mutex.
func (h *hub) id() string { return fmt.Sprintf("%x-%d", h.born, h.last) }

// takeMissed returns what b has missed since the last frame that fitted.
func (h *hub) takeMissed(b *browser) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := b.missed
	b.missed = 0
	return n
}

func (h *hub) missed() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.lost
}

// close ends all requests.
func (h *hub) close() { close(h.done) }

// ServeHTTP sends events until the browser goes away, stops reading for ten seconds, or the hub is
// closed.
func (h *hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b := &browser{frames: make(chan frame, bufferSize)}
	h.mu.Lock()
	h.browsers[b] = struct{}{}
	last := h.id()
	h.mu.Unlock()
	defer func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.browsers, b)
	}()

	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	out := http.NewResponseController(w)
	write := func(text []byte) bool {
		_ = out.SetWriteDeadline(time.Now().Add(10 * time.Second))
		_, err := w.Write(text)
		return err == nil && out.Flush() == nil
	}
	hello := []byte("retry: 1000\n\n")
	// A browser that returns says what it had last; whatever came since is gone.
	if had := r.Header.Get("Last-Event-ID"); had != "" && had != last {
		hello = append(hello, gapText(`{"away":true}`)...)
	}
	if !write(hello) {
		return
	}
	for {
		select {
		case f := <-b.frames:
			if f.missed > 0 && !write(missedText(f.missed)) || !write(f.text) {
				return
			}
			// With nothing left to send, a loss at the end is told at once, too.
			if len(b.frames) == 0 {
				if n := h.takeMissed(b); n > 0 && !write(missedText(n)) {
					return
				}
			}
		case <-r.Context().Done():
			return
		case <-h.done:
			return
		}
	}
}

func gapText(payload string) []byte { return fmt.Appendf(nil, "event: gap\ndata: %s\n\n", payload) }

func missedText(n int) []byte { return gapText(fmt.Sprintf(`{"missed":%d}`, n)) }
