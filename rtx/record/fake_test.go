package record

import (
	"bytes"
	"context"
	"io"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

// A script is a fake Dialer and Session: what it brings and how it ends is given. The real ones are
// recorded in interop.
type script struct {
	info    transport.Info
	packets []transport.Packet
	end     transport.End
	failed  error
	sent    [][]byte
	hidden  []string
}

func (s *script) Dial(context.Context, transport.Resume) (transport.Session, error) {
	if s.failed != nil {
		return nil, s.failed
	}
	return s, nil
}

func (s *script) Info() transport.Info { return s.info }

func (s *script) Recv() (transport.Packet, error) {
	if len(s.packets) == 0 {
		return transport.Packet{}, s.end.Err
	}
	p := s.packets[0]
	s.packets = s.packets[1:]
	return p, nil
}

func (s *script) Send(_ context.Context, packets ...[]byte) error {
	s.sent = append(s.sent, packets...)
	return nil
}

func (s *script) Close(error)            {}
func (s *script) Ended() transport.End   { return s.end }
func (s *script) Hide(texts ...string)   { s.hidden = append(s.hidden, texts...) }
func (s *script) Pings() <-chan struct{} { return nil }
func (s *script) Pong() error            { return nil }
func (s *script) ReceivedAt() time.Time  { return time.Time{} }
func (s *script) Silence() time.Duration { return 0 }

var info = transport.Info{
	SocketID: "socket-id-8153", PID: "recovery-id-2207", Recovered: true, PingInterval: 25 * time.Second, PingTimeout: 20 * time.Second,
	MaxPayload: 1000, Transport: transport.WebSocket,
}

func event(data string) transport.Packet {
	return transport.Packet{Type: transport.PacketEvent, Data: []byte(data)}
}

// begin makes a recorder that writes to a buffer.
func begin(t *testing.T, opts ...Option) (*Recorder, *bytes.Buffer) {
	t.Helper()
	var file bytes.Buffer
	r, err := New(&file, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r, &file
}

// play runs a script to its end under a recorder.
func play(t *testing.T, r *Recorder, s *script, send ...string) {
	t.Helper()
	session, err := r.Dialer(s).Dial(t.Context(), transport.Resume{})
	if err != nil {
		if err != s.failed {
			t.Fatal(err)
		}
		return
	}
	for _, p := range send {
		if err := session.Send(t.Context(), []byte(p)); err != nil {
			t.Fatal(err)
		}
	}
	for {
		if _, err := session.Recv(); err != nil {
			break
		}
	}
	session.Close(s.end.Err)
	session.Close(nil) // tells nothing new
}

// entries reads all of a recording, and demands that it can be read.
func entries(t *testing.T, file []byte) (all []Entry) {
	t.Helper()
	r, err := NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	for {
		e, err := r.Next()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, file)
		}
		all = append(all, e)
	}
}
