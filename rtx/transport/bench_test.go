package transport_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

// replay is a connection that answers the handshake and then repeats one frame
// for ever, so that a benchmark measures the reader and no server.
type replay struct {
	net.Conn
	frame []byte
	at    int
}

func (r *replay) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		c := copy(p[n:], r.frame[r.at:])
		n += c
		if r.at += c; r.at == len(r.frame) {
			r.at = 0
		}
	}
	return n, nil
}

func (r *replay) Write(p []byte) (int, error) { return len(p), nil }
func (r *replay) Close() error                { return nil }

// replayDialer makes links that begin with prefix and go on with frame.
func replayClient(prefix []string, frame string) *http.Client {
	return &http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
		var head []byte
		for _, f := range prefix {
			head = append(head, serverFrame(f)...)
		}
		return &http.Response{
			StatusCode: http.StatusSwitchingProtocols,
			Request:    req,
			Header: http.Header{
				"Connection": {"Upgrade"}, "Upgrade": {"websocket"},
				"Sec-Websocket-Accept": {accept(req.Header.Get("Sec-WebSocket-Key"))},
			},
			Body: &prefixed{head: head, replay: &replay{frame: serverFrame(frame)}},
		}, nil
	})}
}

type prefixed struct {
	head []byte
	*replay
}

func (p *prefixed) Read(b []byte) (int, error) {
	if len(p.head) > 0 {
		n := copy(b, p.head)
		p.head = p.head[n:]
		return n, nil
	}
	return p.replay.Read(b)
}

func eventOf(size int) string {
	return `42["server-event",{"channel":"orders","event":"created","data":"` + strings.Repeat("x", size-68) + `"}]`
}

func BenchmarkRecv(b *testing.B) {
	for _, size := range []int{150, 1 << 10, 16 << 10} {
		event := eventOf(size)
		b.Run(fmt.Sprintf("session/%d", size), func(b *testing.B) {
			c := benchConfig
			c.HTTPClient = replayClient([]string{openPacket, connected}, event)
			d, err := transport.NewDialer(c)
			if err != nil {
				b.Fatal(err)
			}
			sess, err := d.Dial(b.Context(), transport.Resume{})
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := sess.Recv(); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			sess.Close(io.EOF)
		})
		b.Run(fmt.Sprintf("websocket/%d", size), func(b *testing.B) {
			conn, _, err := websocket.Dial(b.Context(), "ws://bench.test/", &websocket.DialOptions{HTTPClient: replayClient(nil, event)})
			if err != nil {
				b.Fatal(err)
			}
			conn.SetReadLimit(1 << 20)
			buf := make([]byte, 32<<10)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				_, r, err := conn.Reader(context.Background())
				if err != nil {
					b.Fatal(err)
				}
				for {
					if _, err = r.Read(buf); err != nil {
						break
					}
				}
				if err != io.EOF {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			_ = conn.CloseNow()
		})
	}
}

// A received event allocates nothing.
func TestRecvAllocatesNothing(t *testing.T) {
	c := benchConfig
	c.HTTPClient = replayClient([]string{openPacket, connected}, eventOf(16<<10))
	sess, err := mustDialer(t, c).Dial(t.Context(), transport.Resume{})
	if err != nil {
		t.Fatal(err)
	}
	defer sess.Close(&transport.LostError{Err: io.EOF})
	if _, err := sess.Recv(); err != nil { // makes the read buffer large enough
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(1000, func() {
		if _, err := sess.Recv(); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations for each event", n)
	}
}
