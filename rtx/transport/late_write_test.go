package transport_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

// lateConn has sent what it is given, and says so later than it is asked to.
type lateConn struct {
	net.Conn
	late *atomic.Int64 // by how much, in nanoseconds
}

func (c lateConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	time.Sleep(time.Duration(c.late.Load()))
	return n, err
}

// A write that succeeds after its time has ended the session, and says so.
func TestAWriteThatSucceedsTooLateIsNoSuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, func(p *peer) {
			p.greet()
			p.drain()
		})
		late := new(atomic.Int64)
		sess := srv.mustDial(func(c *transport.Config) {
			c.WriteTimeout = 3 * time.Second
			dial := srv.ln.Dial
			c.HTTPClient = &http.Client{Transport: &http.Transport{
				DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
					conn, err := dial(ctx, network, addr)
					return lateConn{conn, late}, err
				},
			}}
		})
		late.Store(int64(4 * time.Second))
		if err := sess.Send(t.Context(), []byte(`2["e"]`)); !errors.Is(err, transport.ErrWriteTimeout) {
			t.Errorf("Send: %v, want ErrWriteTimeout", err)
		}
		late.Store(0)
		if _, err := sess.Recv(); !errors.Is(err, transport.ErrWriteTimeout) {
			t.Errorf("Recv: %v, want ErrWriteTimeout", err)
		}
	})
}
