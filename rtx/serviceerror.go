package rtx

import (
	"context"
	"fmt"
	"time"

	"github.com/realtimex/realtimex-go/internal/stream"
)

// A ServiceError is what the service complains of while the connection goes on: an event "error" or "realtimex:error" of its own.
// It ends nothing: what the service refuses, a channel or the connection, is an error of that.
type ServiceError struct {
	Code    int       // the service's code; 0 if it gave none. Codes follow Pusher's families, 4000-4099 and on
	Message string    // the service's words, at most 200 bytes, printable, without secrets
	At      time.Time // when it came, by the local clock
}

func (e ServiceError) Error() string {
	s := fmt.Sprintf("rtx: the service reports an error: %q", e.Message)
	if e.Code != 0 {
		s += fmt.Sprintf(" (code %d)", e.Code)
	}
	return s
}

// errorBuffer is how many errors a stream of Errors keeps for its reader.
const errorBuffer = 64

// Errors opens a stream of what the service complains of, from now on. It keeps 64 errors for a reader who is behind; past that it
// drops the oldest ones, which a [Gap] counts. It ends with the context, its Close, Drain, and when the client ends; Err says
// why, as for On. [Client.Stats] counts the errors, and the log has them at Warn, one line a second at most.
func (c *Client) Errors(ctx context.Context) *Stream[ServiceError] {
	const name = "errors"
	if !c.made() {
		return failed[ServiceError](name, errNoClient)
	}
	cfg := stream.Config{Capacity: errorBuffer, Tally: &c.stats.losses}
	return c.complaints.stream(ctx, c, name, cfg, func() []ServiceError { return nil })
}

// complaintLogInterval is how far apart lines of the log about errors of the service are, whatever it sends.
const complaintLogInterval = time.Second

// complain takes an error of the service's, on the reader's goroutine.
func (c *Client) complain(payload []byte) {
	message, code := words(payload)
	total := c.stats.errors.Add(1)
	c.mu.Lock()
	e := ServiceError{Code: code, Message: c.secretsOf(c.quoted(message)...).Text(message), At: c.reader.at}
	c.complaints.tell(e)
	c.mu.Unlock()
	if last := &c.reader.complained; last.IsZero() || e.At.Sub(*last) >= complaintLogInterval {
		*last = e.At
		c.cfg.log.Warn("rtx: the service reports an error", "message", e.Message, "code", e.Code, "total", total)
	}
}
