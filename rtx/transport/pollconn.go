package transport

import (
	"io"
	"net"
	"sync"
	"time"
)

// pollConn is a connection of a session. A session may have many in its life, so a closed one must
// leave nothing behind.
type pollConn struct {
	net.Conn
	stop  func() bool
	fresh *freshness
	last  time.Time // when bytes last came; used by whoever reads
}

func (c *pollConn) Close() error {
	c.stop()
	return c.Conn.Close()
}

// Read notices a peer that closes a connection soon after an answer.
func (c *pollConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	switch {
	case n > 0:
		c.last = time.Now()
	case err == io.EOF && !c.last.IsZero() && time.Since(c.last) < idlePost: //nolint:errorlint // an io.Reader returns it unwrapped
		c.fresh.want()
	}
	return n, err
}

// slowAnswer is how long an answer may take, for its connection to be used again. A server begins to
// count the time that it keeps an idle connection (Node 5 s) when it has handed the answer to its
// system, which on a slow link is long before all of it has come. With idlePost it is less than that.
const slowAnswer = time.Second

// dropAfter closes the connections that are not in use, if an answer that began to come at that time
// was slow.
func (p *polling) dropAfter(began time.Time) {
	if time.Since(began) >= slowAnswer {
		p.client.CloseIdleConnections()
	}
}

// freshness is whether each request needs a connection of its own. It does where a proxy closes
// connections after an answer without saying so in the answer, as tinyproxy does: a request that is
// sent on such a connection at that moment is lost, and may not be sent again, because nobody knows
// whether it arrived. It is forgotten after a while, as all that is learned of a network.
type freshness struct {
	mu    sync.Mutex
	until time.Time
}

func (f *freshness) want() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.until = time.Now().Add(webSocketAgain)
}

func (f *freshness) wanted() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return time.Now().Before(f.until)
}
