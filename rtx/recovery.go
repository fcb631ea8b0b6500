package rtx

import (
	"errors"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

// recovery is what a service with connection state recovery (Socket.IO 4.6 and later) needs to restore a session: the
// session's id and the offset of the last event. A pid is never sent without an offset, nor an offset with another pid.
type recovery struct {
	pid    string
	offset []byte // the reader's while a session is up
}

// up takes the new session's id; an offset belongs to the id it came under.
func (r *recovery) up(info transport.Info) {
	if info.PID != r.pid {
		r.pid = info.PID
		r.offset = r.offset[:0]
	}
}

// down forgets what the service does not keep: a session that either side left politely, and one that ended on a packet
// that would only come again.
func (r *recovery) down(cause error) {
	var bad *transport.ProtocolError
	if errors.Is(cause, transport.ErrServerDisconnect) || errors.Is(cause, errDeaf) || errors.As(cause, &bad) {
		r.forget()
	}
}

func (r *recovery) forget() { r.pid, r.offset = "", r.offset[:0] }

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
