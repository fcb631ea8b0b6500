package rtx

import (
	"context"
	"fmt"
	"time"

	"github.com/realtimex/realtimex-go/internal/stream"
)

func (e ServiceError) Error() string {
	s := fmt.Sprintf("rtx: the service reports an error: %q", e.Message)
	if e.Code != 0 {
		s += fmt.Sprintf(" (code %d)", e.Code)
	}
	return s
}

// errorBuffer is how many errors a stream of Client.Errors buffers.
const errorBuffer = 64

// Errors opens a stream of the errors that the service reports from now on. It buffers 64 errors.
// If the reader is slower than that, the oldest ones are dropped, and a [Gap] counts them. The
// stream ends with ctx, its Close, Client.Drain, and with the client; Err says why, as for On.
// [Client.Stats] counts the errors. The log has them at Warn, at most one line a second.
func (c *Client) Errors(ctx context.Context) *Stream[ServiceError] {
	const name = "errors"
	if !c.made() {
		return failed[ServiceError](name, errNoClient)
	}
	cfg := stream.Config{Capacity: errorBuffer, Tally: &c.stats.losses}
	return c.complaints.stream(ctx, c, name, cfg, func() []ServiceError { return nil })
}

// complaintLogInterval is the shortest time between two log lines about errors of the service.
const complaintLogInterval = time.Second

// complain handles an error that the service reports, on the reading goroutine.
func (c *Client) complain(payload []byte) {
	message, code := words(payload)
	total := c.stats.errors.Add(1)
	c.mu.Lock()
	e := ServiceError{Code: code, Message: c.secretsOfLocked(c.quotedLocked(message)...).Text(message), At: c.reader.at}
	c.complaints.tellLocked(e)
	c.mu.Unlock()
	if last := &c.reader.complained; last.IsZero() || e.At.Sub(*last) >= complaintLogInterval {
		*last = e.At
		c.cfg.log.Warn("rtx: the service reports an error", "message", e.Message, "code", e.Code, "total", total)
	}
}
