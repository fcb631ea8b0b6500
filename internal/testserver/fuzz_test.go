package testserver

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// FuzzFrames sends frames to a server over a WebSocket, one to a line; a line that begins with a
// tab is a binary frame. Whatever they are, the server neither panics nor keeps a goroutine: Close
// waits for all of them.
func FuzzFrames(f *testing.F) {
	for _, seed := range []string{
		"40", `40{"pid":"p","offset":"o"}`, "40\n41", "1", "2", "3", "5", "6", "abc", "40\n40",
		"40\n" + `42["realtimex:subscribe",{"channel":"a"}]` + "\n" + `42["realtimex:unsubscribe",{"channel":"a"}]`,
		"40\n" + `42["realtimex:subscribe",{"channel":"presence-a","auth":"app-key:00","channel_data":"{}"}]`,
		"40\n" + `42["client-event",{"channel":"private-a","event":"client-e","data":[]}]`,
		"40\n" + `451-["client-event",{"channel":"private-a","data":{"_placeholder":true,"num":0}}]` + "\n\t\x01\x02",
		"40\n5999-[", "40\n42[[[[[[", "40\n" + `42["realtimex:ping"]`, "40/custom,", "43[1]", "40\n\tx",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, frames string) {
		s := NewPipeServer(t, WithRecovery(time.Minute))
		defer s.Close()
		c, _, err := tryDial(s, s.Key())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		done := make(chan struct{})
		go func() { // pipes have no buffer: somebody has to read
			defer close(done)
			for {
				if _, _, err := c.ws.Read(ctx); err != nil {
					return
				}
			}
		}()
		for frame := range strings.SplitSeq(frames, "\n") {
			typ := websocket.MessageText
			if binary, ok := strings.CutPrefix(frame, "\t"); ok {
				typ, frame = websocket.MessageBinary, binary
			}
			if c.ws.Write(ctx, typ, []byte(frame)) != nil {
				break
			}
		}
		c.ws.CloseNow()
		<-done
		if ctx.Err() != nil {
			t.Error("the server was stuck")
		}
	})
}

// FuzzRequests makes HTTP requests to every face of a server, in the state that a polling session
// of its own is in.
func FuzzRequests(f *testing.F) {
	f.Add(http.MethodGet, "/socket.io/", "EIO=4&transport=polling", "")
	f.Add(http.MethodPost, "/socket.io/", "EIO=4&transport=polling&sid=SID", "40\x1e"+`42["realtimex:subscribe",{"channel":"a"}]`)
	f.Add(http.MethodPost, "/socket.io/", "EIO=4&transport=polling&sid=SID", "bAQID\x1e1")
	f.Add(http.MethodGet, "/socket.io/", "EIO=4&transport=websocket&sid=SID", "")
	f.Add(http.MethodPost, "/dev/trigger", "", `{"channel":"a","event":"e","data":1}`)
	f.Add(http.MethodPost, "/dev/auth", "user_id=x", `{"socket_id":"s","channel_name":"presence-a"}`)
	f.Add(http.MethodPost, "/dev/disconnect", "", `{"how":"close"}`)
	f.Add(http.MethodGet, "/dev/stats", "", "")
	f.Add(http.MethodPost, "/auth", "", `{"socket_id":"s","channel_name":"private-a"}`)
	f.Fuzz(func(t *testing.T, method, path, query, body string) {
		s := NewPipeServer(t, WithDev())
		defer s.Close()
		faces := http.NewServeMux()
		faces.Handle("/", s.routes())
		faces.Handle("/auth", s.auth.http.Handler)

		open := httptest.NewRecorder()
		faces.ServeHTTP(open, httptest.NewRequest(http.MethodGet, "/socket.io/?EIO=4&transport=polling&api_key=app-key", nil))
		_, rest, _ := strings.Cut(open.Body.String(), `"sid":"`)
		sid, _, _ := strings.Cut(rest, `"`)

		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, method, "http://server/", strings.NewReader(body))
		if err != nil {
			t.Skip()
		}
		req.URL.Path, req.URL.RawQuery = path, strings.ReplaceAll(query, "SID", sid)
		if req.Method == http.MethodGet {
			cancel() // a poll that has nothing to wait for
		}
		answer := httptest.NewRecorder()
		func() {
			defer func() {
				if p := recover(); p != nil && p != http.ErrAbortHandler {
					panic(p)
				}
			}()
			faces.ServeHTTP(answer, req)
		}()
		if answer.Code >= http.StatusInternalServerError && answer.Code != http.StatusNotImplemented {
			t.Errorf("status %d", answer.Code)
		}
	})
}
