package rtx

import "github.com/realtimex/realtimex-go/rtx/transport"

// recovery is what is needed to restore a session of a service with connection state recovery
// (Socket.IO 4.6 and later): the session's id and the offset of the last event. The machine decides
// whether to ask for it. An id is never sent without an offset, nor an offset with another
// session's id.
type recovery struct {
	pid    string
	offset []byte // written by the reader; read by the connection's goroutine after it
}

// up stores the id of the new session. If it is another one, the offset is dropped, since an offset
// is only valid with the id it came under.
func (r *recovery) up(info transport.Info) {
	if info.PID != r.pid {
		r.pid, r.offset = info.PID, r.offset[:0]
	}
}

func (r *recovery) forget() { r.pid, r.offset = "", r.offset[:0] }

// resume returns what the next attempt asks for.
func (r *recovery) resume(wanted bool) transport.Resume {
	if !wanted || r.pid == "" || len(r.offset) == 0 {
		return transport.Resume{}
	}
	return transport.Resume{PID: r.pid, Offset: string(r.offset)}
}

// take stores the offset of an event.
func (r *recovery) take(offset []byte) {
	if offset != nil {
		r.offset = append(r.offset[:0], offset...)
	}
}
