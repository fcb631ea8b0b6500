package transport

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/realtimex/realtimex-go/internal/redact"
)

// NewDialer returns a Dialer that connects as c says. It only checks c and does no I/O. An invalid
// field is a [*ConfigError]. Several goroutines, and several clients, may use the Dialer at the
// same time. It needs no closing.
func NewDialer(c Config) (Dialer, error) {
	c, err := c.validate()
	if err != nil {
		return nil, err
	}
	return &dialer{config: c, target: c.target(), client: dialClient(c.HTTPClient, c.URL), hidden: c.secrets()}, nil
}

type dialer struct {
	config Config
	target string // the URL with the key
	client *http.Client
	hidden redact.Secrets
}

// Format hides the target.
func (d *dialer) Format(f fmt.State, verb rune) { d.config.Format(f, verb) }

func (d *dialer) Dial(ctx context.Context, r Resume) (Session, error) {
	d.config.Logger.Debug("transport: dialing", "host", d.config.URL.Host, "resume", !r.IsZero())

	s, err := d.dial(ctx, r)
	if err != nil {
		d.config.Logger.Debug("transport: dial failed", "host", d.config.URL.Host, "error", err)
		return nil, err
	}
	return s, nil
}

func (d *dialer) dial(ctx context.Context, r Resume) (*session, error) {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	patience := newPatience(d.config.HandshakeTimeout, end)
	defer patience.stop()

	a := &attempt{ctx: ctx, until: time.Now().Add(d.config.HandshakeTimeout)}
	conn, err := d.upgrade(a)
	if err != nil {
		return nil, err
	}
	s := newSession(conn, a.link, d.config, d.hidden)
	stop := context.AfterFunc(ctx, func() { _ = s.link.Close() })
	resuming := false
	step, err := s.handshake(r, func() {
		resuming = true
		patience.resume(s.link)
	})
	if inTime := stop(); !inTime || !a.keep() {
		// The link was cut, or is about to be: whatever err says comes of that.
		err = context.Cause(ctx)
	}
	if err == nil {
		return s, nil
	}
	s.Close(err)
	if _, refused := err.(*ConnectError); refused {
		return nil, err
	}
	return nil, &HandshakeError{Step: step, Code: -1, Err: err, Resuming: resuming}
}
