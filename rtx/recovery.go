package rtx

import "github.com/realtimex/realtimex-go/rtx/transport"

// recovery is what a service with connection state recovery (Socket.IO 4.6 and later) needs to restore a session: the
// session's id and the offset of the last event. Whether it is asked for, the machine decides. A pid is never sent without an
// offset, nor an offset with another pid.
type recovery struct {
	pid    string
	offset []byte // the reader's while a session is up; the connection's goroutine reads it after the reader is gone
}

// up takes the new session's id; an offset belongs to the id it came under.
func (r *recovery) up(info transport.Info) {
	if info.PID != r.pid {
		r.pid, r.offset = info.PID, r.offset[:0]
	}
}

func (r *recovery) forget() { r.pid, r.offset = "", r.offset[:0] }

// resume is what the next attempt asks for.
func (r *recovery) resume(wanted bool) transport.Resume {
	if !wanted || r.pid == "" || len(r.offset) == 0 {
		return transport.Resume{}
	}
	return transport.Resume{PID: r.pid, Offset: string(r.offset)}
}

// take keeps the offset of an event.
func (r *recovery) take(offset []byte) {
	if offset != nil {
		r.offset = append(r.offset[:0], offset...)
	}
}
