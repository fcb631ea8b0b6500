package console

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// maxStreams bounds how many pages listen at a time.
	maxStreams = 16
	// gatherTime is how long a stream gathers what happens into one message.
	gatherTime = 100 * time.Millisecond
	// stateTime is how often a stream looks whether the state has changed.
	stateTime = time.Second
	// replayed is how much of the past a stream begins with, and perMessage the most that one message
	// has of it.
	replayed, perMessage = 500, 500
)

// stream tells what happens as server-sent events: "activity" with a list, "missed" with how many
// were forgotten before this stream read them, "state" when that has changed. A page that reads
// slowly delays nobody: it reads the feed at its own pace, and is told what it missed.
func (c *Console) stream(w http.ResponseWriter, r *http.Request) {
	if !c.streams.take() {
		fail(w, http.StatusServiceUnavailable, "too_many", fmt.Sprintf("%d streams are open: close one", maxStreams))
		return
	}
	defer c.streams.leave()
	w.Header().Set("Content-Type", "text/event-stream")
	out := &events{w: w, conn: http.NewResponseController(w), epoch: c.feed.epoch}
	at, known := c.resumes(r.Header.Get("Last-Event-ID"))
	if !known {
		at = c.feed.last(replayed)
	}
	out.send("hello", at, struct {
		Epoch   string `json:"epoch"`
		Resumed bool   `json:"resumed"`
		Server  string `json:"server"`
	}{c.feed.epoch, known, c.server.URL()})
	var shown []byte
	var looked time.Time
	for out.err == nil {
		entries, missed, change := c.feed.after(at, perMessage)
		if missed > 0 {
			at += missed
			out.send("missed", at, struct {
				Count uint64 `json:"count"`
			}{missed})
		}
		if len(entries) > 0 {
			at = entries[len(entries)-1].number
			out.send("activity", at, summaries(entries))
		}
		if now := time.Now(); now.Sub(looked) >= stateTime {
			looked = now
			if state, err := json.Marshal(c.state()); err == nil && !bytes.Equal(state, shown) {
				shown = state
				out.send("state", at, json.RawMessage(state))
			} else if len(entries) == 0 {
				out.comment()
			}
		}
		if len(entries) == perMessage {
			continue // there is more
		}
		if !c.pause(r, gatherTime, nil) || !c.pause(r, stateTime-time.Since(looked), change) {
			return
		}
	}
}

// pause waits for that time, or until change is closed. It reports false once the request or the
// console has ended.
func (c *Console) pause(r *http.Request, d time.Duration, change <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-change:
	case <-r.Context().Done():
		return false
	case <-c.life.Done():
		return false
	}
	return true
}

// resumes reads the id of the last event that a page has, "EPOCH-NUMBER".
func (c *Console) resumes(id string) (number uint64, ok bool) {
	epoch, text, _ := strings.Cut(id, "-")
	number, err := strconv.ParseUint(text, 10, 64)
	return number, err == nil && epoch == c.feed.epoch
}

// events writes server-sent events until a write fails.
type events struct {
	w     http.ResponseWriter
	conn  *http.ResponseController
	epoch string
	err   error
}

func (e *events) send(name string, number uint64, data any) {
	text, err := json.Marshal(data)
	if err != nil {
		e.err = err
		return
	}
	e.write(fmt.Appendf(nil, "id: %s-%d\nevent: %s\ndata: %s\n\n", e.epoch, number, name, text))
}

// comment tells the page that the stream is alive.
func (e *events) comment() { e.write([]byte(":\n\n")) }

func (e *events) write(text []byte) {
	if e.err != nil {
		return
	}
	_ = e.conn.SetWriteDeadline(time.Now().Add(writeTime)) // none is set where there is no connection
	if _, e.err = e.w.Write(text); e.err == nil {
		e.err = e.conn.Flush()
	}
}
