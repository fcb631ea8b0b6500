package rtx

import (
	"errors"
	"io"
	"syscall"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

// recovery is what a service with connection state recovery (Socket.IO 4.6 and later) needs to restore a session: the
// session's id and the offset of the last event. A pid is never sent without an offset, nor an offset with another pid.
//
// A service that did not see the end of a connection that was itself recovered takes the next one for recovered too, while
// it still holds the first; and when the heartbeat of that one runs out, it empties the rooms of the other, which has the
// same id. What is lost from then on nobody tells, if a further connection is recovered before the probe finds out. So
// such a session is in doubt until it has answered a ping late enough; one that is lost in doubt is not recovered again.
type recovery struct {
	pid    string
	offset []byte // the reader's while a session is up
	again  bool   // the session was recovered
	doubt  bool
}

// up takes the new session's id; an offset belongs to the id it came under.
func (r *recovery) up(info transport.Info) {
	if info.PID != r.pid {
		r.pid = info.PID
		r.offset = r.offset[:0]
		r.doubt = false
	}
	r.again = info.Recovered
}

// down forgets what the service does not keep: a session that either side left politely, and one that ended on a packet
// that would only come again. And what it keeps but can't be trusted with: see recovery. probed says that the service is
// known to answer pings, so that a doubt can be settled.
func (r *recovery) down(cause error, probed bool) {
	var bad *transport.ProtocolError
	switch {
	case errors.Is(cause, transport.ErrServerDisconnect) || errors.Is(cause, errDeaf) || errors.As(cause, &bad):
		r.forget()
	case r.doubt, r.again && unseen(cause) && !probed:
		r.forget()
	default:
		r.doubt = r.again && unseen(cause)
	}
}

// failed takes an attempt to recover that came to nothing: the service may have made a connection of it.
func (r *recovery) failed(cause error) {
	var h *transport.HandshakeError
	if errors.As(cause, &h) && h.Step == "connect" && r.pid != "" && unseen(cause) {
		r.doubt = true
	}
}

// unseen tells the ends of a connection that the service may not know of. An end of its own making it knows.
func unseen(cause error) bool {
	var closed *transport.CloseError
	return !errors.As(cause, &closed) && !errors.Is(cause, transport.ErrServerClose) &&
		!errors.Is(cause, io.EOF) && !errors.Is(cause, syscall.ECONNRESET) &&
		!errors.Is(cause, syscall.EPIPE) && !errors.Is(cause, io.ErrClosedPipe) // a write met the end first
}

func (r *recovery) forget() { r.pid, r.offset, r.doubt = "", r.offset[:0], false }

func (r *recovery) resume() transport.Resume {
	if r.pid == "" || len(r.offset) == 0 {
		return transport.Resume{}
	}
	return transport.Resume{PID: r.pid, Offset: string(r.offset)}
}

// take keeps the offset of an event. It runs on the reader's goroutine; the supervisor reads it after the reader is gone.
func (r *recovery) take(offset []byte) {
	if offset != nil {
		r.offset = append(r.offset[:0], offset...)
	}
}
