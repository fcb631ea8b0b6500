package transport

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Eight goroutines close a session at once, whatever its reader does and whatever the other side makes
// of it. All of them return, Recv returns an error, and no goroutine is left.
func TestCloseInEveryState(t *testing.T) {
	part := string(plainFrame(strings.Repeat("x", 300))[:100])
	// What the server has sent when Close comes, and whether somebody reads.
	states := []struct {
		name  string
		sent  string
		reads bool
	}{
		{"nobody reads", "", false},
		{"nobody reads what came", string(plainFrame("42[]")) + part, false},
		{"waiting for a frame", "", true},
		{"after a plain frame", string(plainFrame(`42["a"]`)), true},
		{"within the header of a frame", "\x81\x7e\x01", true},
		{"within a plain frame", part, true},
		{"in the library, waiting for a frame", string(framed(0x89, "p")), true},
		{"in the library, within a frame", string(framed(0x82, strings.Repeat("x", 300))[:100]), true},
		{"in the library, between fragments", string(framed(0x01, "x")), true},
		{"within a control frame", "\x89\x05pi", true},
	}
	// What the server does with a close frame.
	servers := []struct {
		name string
		does func(conn net.Conn)
	}{
		{"answers", func(conn net.Conn) { _, _ = conn.Write(framed(0x88, "\x03\xe8")) }},
		{"goes on, then answers", func(conn net.Conn) {
			for range 20 {
				_, _ = conn.Write(plainFrame(strings.Repeat("y", 100)))
				time.Sleep(10 * time.Millisecond)
			}
			_, _ = conn.Write(framed(0x88, "\x03\xe8"))
		}},
		{"says nothing", func(net.Conn) {}},
		{"cuts", func(conn net.Conn) { _ = conn.Close() }},
	}
	for _, state := range states {
		for _, server := range servers {
			for _, reason := range []error{ErrClosed, ErrReconnect, &ProtocolError{Fault: "test"}, ErrWriteTimeout} {
				t.Run(fmt.Sprint(state.name, "/", server.name, "/", reason), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						closeAtOnce(t, state.sent, state.reads, server.does, reason)
					})
				})
			}
		}
	}
}

func closeAtOnce(t *testing.T, sent string, reads bool, serve func(net.Conn), reason error) {
	ours, theirs := net.Pipe()
	s := sessionOver(t, ours, Config{ReadLimit: 1 << 10, WriteTimeout: time.Second, CloseTimeout: time.Second})
	var all sync.WaitGroup
	all.Go(func() { // the server's writes
		_, _ = io.WriteString(theirs, sent)
	})
	all.Go(func() { // it reads up to the close frame, or to the end
		b := make([]byte, 1<<10)
		for {
			n, err := theirs.Read(b)
			if n > 0 && b[0] == 0x88 {
				serve(theirs)
			}
			if err != nil {
				return
			}
		}
	})
	if reads {
		all.Go(func() {
			for {
				if _, err := s.Recv(); err != nil {
					return
				}
			}
		})
	}
	synctest.Wait()
	var closers sync.WaitGroup
	for range 8 {
		closers.Go(func() { s.Close(reason) })
	}
	closers.Wait()
	_ = theirs.Close()
	all.Wait()
	if _, err := s.Recv(); err == nil {
		for range 3 { // what was read before may still come
			_, err = s.Recv()
		}
		if err == nil {
			t.Error("Recv goes on after Close")
		}
	}
	if err := s.Send(context.Background(), []byte(`2["x"]`)); err == nil {
		t.Error("Send goes on after Close")
	}
	time.Sleep(time.Minute) // timers of the WebSocket library run out
}
