package transport

import (
	"bytes"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
)

// wire is a connection in memory that counts its system calls.
type wire struct {
	in     bytes.Reader
	out    bytes.Buffer
	reads  int
	writes int
}

func (w *wire) Read(p []byte) (int, error)  { w.reads++; return w.in.Read(p) }
func (w *wire) Write(p []byte) (int, error) { w.writes++; return w.out.Write(p) }
func (w *wire) Close() error                { return nil }

func TestLinkSendsABurstInFewWrites(t *testing.T) {
	w := &wire{}
	l := newLink(w)
	var want []byte
	const frames = 1000
	for i := range frames {
		frame := bytes.Repeat([]byte{byte(i)}, 100)
		want = append(want, frame...)
		l.hold(i < frames-1)
		if n, err := l.Write(frame); n != len(frame) || err != nil {
			t.Fatal(n, err)
		}
	}
	if !bytes.Equal(w.out.Bytes(), want) {
		t.Error("the bytes are not those that were written")
	}
	if most := len(want)/maxHeld + 1; w.writes > most {
		t.Errorf("%d writes, want %d at most", w.writes, most)
	}
	if _, err := l.Write([]byte("x")); err != nil || w.out.Len() != len(want)+1 {
		t.Errorf("a frame after the burst was kept, err %v", err)
	}
}

// broken fails reads and writes with these errors.
type broken struct{ read, write error }

func (b *broken) Read([]byte) (int, error)  { return 0, b.read }
func (b *broken) Write([]byte) (int, error) { return 0, b.write }
func (b *broken) Close() error              { return nil }

// Who ended the connection, by the errors that reading and writing got. After a timeout one of them
// gets that, and the other, later, what looks like an end by the peer.
func TestLinkKnowsWhoEndedIt(t *testing.T) {
	op := func(err error) error { return &net.OpError{Op: "read", Err: os.NewSyscallError("read", err)} }
	gone := op(resets[0])
	tests := []struct {
		name        string
		read, write error
		cut         bool
		want        bool
	}{
		{"end", io.EOF, gone, false, true},
		{"end within TLS", io.ErrUnexpectedEOF, nil, false, true},
		{"reset", gone, gone, false, true},
		{"a pipe's end", io.EOF, io.ErrClosedPipe, false, true},
		{"timeout, met by the reader", op(syscall.ETIMEDOUT), gone, false, false},
		{"timeout, met by the writer", io.EOF, op(syscall.ETIMEDOUT), false, false},
		{"no route", op(syscall.EHOSTUNREACH), nil, false, false},
		{"closed here", net.ErrClosed, net.ErrClosed, false, false},
		{"an end after it was cut here", io.EOF, gone, true, false},
		{"a pipe that was cut here", io.ErrClosedPipe, io.ErrClosedPipe, true, false},
		{"nothing", nil, nil, false, false},
	}
	for _, tt := range tests {
		for _, writeFirst := range []bool{false, true} {
			l := newLink(&broken{tt.read, tt.write})
			if tt.cut {
				_ = l.Close()
			}
			if writeFirst {
				_, _ = l.Write([]byte("x"))
			}
			_, _ = l.Read(make([]byte, 1))
			_, _ = l.Write([]byte("x"))
			if got := l.endedByPeer(); got != tt.want {
				t.Errorf("%s: ended by the peer: %t, want %t", tt.name, got, tt.want)
			}
		}
	}
}
