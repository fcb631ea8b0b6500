package transport

import (
	"sync"
	"time"
)

// writeLimit ends a write that stands still. A piece that the system accepts is progress: the
// WebSocket library writes a large frame in pieces of 4 KiB. So a large frame may take any time on a
// slow link, and a peer that takes a byte now and then does not keep it alive.
//
// One sender at a time calls begin and end.
type writeLimit struct {
	mu      sync.Mutex
	limit   time.Duration
	stalled func()      // ends the session
	timer   *time.Timer // nil before the first write
	set     bool        // the timer runs
	busy    bool        // the write before was not long ago
	at      time.Time   // of the last progress
	written int64       // bytes that were accepted since begin
	active  bool        // a write is under way
	over    bool        // one stood still for too long
}

// use makes the limit call stalled, on a goroutine of its own, if nothing is accepted for d. It is
// called before the first write.
func (w *writeLimit) use(d time.Duration, stalled func()) { w.limit, w.stalled = d, stalled }

// begin starts a write. To set a timer may wake a thread. So while one write follows another, it is
// left to run, and set again only when its time is over.
func (w *writeLimit) begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	w.busy = now.Sub(w.at) < w.limit
	w.at, w.written, w.active = now, 0, true
	switch {
	case w.timer == nil:
		w.timer = time.AfterFunc(w.limit, w.look)
	case !w.set:
		w.timer.Reset(w.limit)
	}
	w.set = true
}

// accepted records that the system took n bytes.
func (w *writeLimit) accepted(n int) {
	if n <= 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = time.Now()
	w.written += int64(n)
}

// end ends a write. It returns how many bytes were accepted, and whether the write stood still for
// too long. It then has failed, whatever came of it.
func (w *writeLimit) end() (written int64, stalled bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.active = false
	if !w.busy {
		w.set = !w.timer.Stop() && w.set
	}
	return w.written, w.over
}

// stop stops the timer. Nothing is written any more.
func (w *writeLimit) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil {
		w.timer.Stop()
	}
}

// look is called when the time is over. With progress it sets the timer again.
func (w *writeLimit) look() {
	w.mu.Lock()
	if !w.active || w.over {
		w.set = false
		w.mu.Unlock()
		return
	}
	if left := w.limit - time.Since(w.at); left > 0 {
		w.timer.Reset(left)
		w.mu.Unlock()
		return
	}
	w.over = true
	w.mu.Unlock()
	w.stalled()
}

// total returns how many bytes were accepted since begin.
func (w *writeLimit) total() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.written
}
