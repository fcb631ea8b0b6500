package simulation

import (
	"context"
	"hash/crc32"
	"net"
	"net/http"
	"time"

	"github.com/realtimex/realtimex-go/rtx/auth"
)

// The runtime draws by chance which of two timers of one instant fires first, which ready case a
// select takes, and in which order the children of a context hear of its end. So a run is repeated
// as far as no two things are due at one instant: what one event sets off at several clients, or a
// new socket id on several channels, is kept apart by less than a millisecond.

// A farConn is one client's end of a connection. It hands out what it reads at multiples of its
// grain, a number of nanoseconds that is prime: so at no instant at which another client reads, or
// at which a time limit of its own ends.
type farConn struct {
	net.Conn
	grain time.Duration
}

var grains = [...]time.Duration{
	100003, 100019, 100043, 100049, 100057, 100069, 100103, 100109, 100129, 100151, 100153, 100169, 100183, 100189, 100193, 100207,
}

func (c farConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if past := time.Duration(time.Now().UnixNano()) % c.grain; past > 0 {
		time.Sleep(c.grain - past)
	}
	return n, err
}

// far is an HTTP client for the client of that number.
func (w *world) far(number int) *http.Client {
	t := w.s.HTTPClient().Transport.(*http.Transport).Clone()
	dial := t.DialContext
	t.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return farConn{c, grains[number%len(grains)]}, nil
	}
	return &http.Client{Transport: t}
}

// apart has each channel ask, and be answered, at another time.
type apart struct{ auth.Authorizer }

func (a apart) Authorize(ctx context.Context, r auth.Request) (auth.Grant, error) {
	own := time.Duration(crc32.ChecksumIEEE([]byte(r.Channel))%997) * time.Microsecond
	time.Sleep(own)
	defer time.Sleep(own)
	return a.Authorizer.Authorize(ctx, r)
}
