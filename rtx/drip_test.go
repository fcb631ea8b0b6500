package rtx_test

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/transport"
)

// dripConn is a connection on a network that lets a byte through every 20 s: a fake, since no real
// one keeps that time. It begins to drip with the next read after reads is set, in a frame that
// never ends, and with the next write after writes is set.
type dripConn struct {
	net.Conn
	reads, writes *atomic.Bool
	begun         bool
	gone          chan struct{}
	closing       atomic.Bool
}

func (c *dripConn) wait() error {
	select {
	case <-time.After(20 * time.Second):
		return nil
	case <-c.gone:
		return net.ErrClosed
	}
}

func (c *dripConn) Read(p []byte) (int, error) {
	if !c.reads.Load() {
		return c.Conn.Read(p)
	}
	if !c.begun {
		c.begun = true
		return copy(p, binary.BigEndian.AppendUint64([]byte{0x81, 127}, 1<<20)), nil
	}
	if err := c.wait(); err != nil {
		return 0, err
	}
	p[0] = 'x'
	return 1, nil
}

func (c *dripConn) Write(p []byte) (int, error) {
	if !c.writes.Load() {
		return c.Conn.Write(p)
	}
	for i := range p {
		if err := c.wait(); err != nil {
			return i, err
		}
		if n, err := c.Conn.Write(p[i : i+1]); err != nil {
			return i + n, err
		}
	}
	return len(p), nil
}

func (c *dripConn) Close() error {
	if !c.closing.Swap(true) {
		close(c.gone)
	}
	return c.Conn.Close()
}

// dripping returns what reaches s over a dripConn; later connections are whole again.
func dripping(s *testserver.Server) (c *http.Client, reads, writes *atomic.Bool) {
	reads, writes = new(atomic.Bool), new(atomic.Bool)
	dial := s.HTTPClient().Transport.(*http.Transport).DialContext
	first := new(atomic.Bool)
	return &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil || first.Swap(true) {
			return conn, err
		}
		return &dripConn{Conn: conn, reads: reads, writes: writes, gone: make(chan struct{})}, nil
	}}}, reads, writes
}

// A link that lets a byte through now and then, and never a frame, is found dead by the heartbeat.
func TestDripIsFoundDead(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		over, reads, _ := dripping(s)
		c := connect(t, s, rtx.WithHTTPClient(over))
		states := c.States(t.Context())
		synctest.Wait() // the reader is in a read that is not dripping yet
		reads.Store(true)
		time.Sleep(25 * time.Second) // the ping that is read before the drip begins
		start := time.Now()
		st := await(t, states, rtx.StateReconnecting)
		var lost *rtx.LostError
		if took := time.Since(start); !errors.Is(st.Err, rtx.ErrLinkDead) || !errors.As(st.Err, &lost) || took != 45*time.Second {
			t.Errorf("%v after %v, want it dead 45s after the last packet", st.Err, took)
		}
		await(t, states, rtx.StateConnected)
	})
}

// A peer that takes a byte now and then is found dead by the write.
func TestWriteDripIsFoundDead(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		over, _, writes := dripping(s)
		c := connect(t, s, signing(s), rtx.WithHTTPClient(over), rtx.WithWriteTimeout(7*time.Second))
		opened[numbered](t, c.Channel("private-room"), "n")
		states := c.States(t.Context())
		writes.Store(true)
		start := time.Now()
		err := c.Channel("private-room").Trigger(t.Context(), "client-n", strings.Repeat("x", 10_000))
		var failed *transport.WriteError
		if took := time.Since(start); !errors.Is(err, transport.ErrWriteTimeout) || !errors.As(err, &failed) || failed.Size < 10_000 || took != 7*time.Second {
			t.Errorf("%v after %v, want ErrWriteTimeout with sizes after 7s", err, took)
		}
		if st := await(t, states, rtx.StateReconnecting); !errors.Is(st.Err, transport.ErrWriteTimeout) || !strings.Contains(st.Err.Error(), " bytes of a frame") {
			t.Errorf("the state says %v", st.Err)
		}
		await(t, states, rtx.StateConnected)
	})
}

// WithHandshakeTimeout bounds an attempt on which nothing comes.
func TestHandshakeTimeout(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		s.HangNext(testserver.StepOpen, 1)
		start := time.Now()
		c := newClient(t, s, rtx.WithHandshakeTimeout(3*time.Second), rtx.WithTransports(rtx.WebSocket))
		err := c.Connect(t.Context())
		if took := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || took != 3*time.Second {
			t.Errorf("%v after %v, want a deadline after 3s", err, took)
		}
	})
}
