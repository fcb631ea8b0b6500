package rtx

import (
	"context"
	"errors"
	"time"

	"github.com/realtimex/realtimex-go/internal/redact"
	"github.com/realtimex/realtimex-go/rtx/transport"
)

// WithDialer sets what makes the connections, in place of the one that [transport.NewDialer] makes of the other options: that
// one inside a wrapper, to count or to refuse, or one of the user's own. It is the only place where package rtx shows package
// transport. WithHTTPClient, WithHeader and WithReadLimit belong to that dialer's own [transport.Config], and are refused beside
// it. So does the address; [WithURL] then says only what texts call the service, and which host no auth endpoint can be on.
//
// The contract is that of [transport.Dialer] and [transport.Session]. The client has one Dial under way at a time and one
// session at a time, calls Recv on one goroutine, and closes every session that it was given. Methods of a session other than
// Recv, Send, Pong and Close must not block, and Info, ReceivedAt, Silence and Ended not call the client. An error that is
// neither a *transport.HandshakeError nor a *transport.ConnectError, a nil session without an error, and a panic of Dial are
// failed attempts, which can heal: the caller gets a [*DialError] with StepDial.
func WithDialer(d transport.Dialer) Option {
	return func(c *config) error {
		if d == nil {
			return badOption("WithDialer", "is nil")
		}
		c.dialer = d
		return nil
	}
}

// newDialer makes what connects. What the transport has against the configuration is an error of the option that set it.
func (c *config) newDialer() (transport.Dialer, error) {
	d, err := transport.NewDialer(transport.Config{
		URL: c.serviceURL(), APIKey: c.apiKey.Reveal(), Header: c.header, HTTPClient: c.http, ReadLimit: c.readLimit, Logger: c.log,
	})
	switch {
	case err != nil:
		return nil, c.asOptionError(err)
	case c.dialer != nil:
		return foreignDialer{c.dialer, c.secrets}, nil
	}
	return d, nil
}

func (c *config) asOptionError(err error) error {
	var bad *transport.ConfigError
	if !errors.As(err, &bad) {
		return err
	}
	option := "With" + bad.Field // WithHeader, WithReadLimit
	switch bad.Field {
	case "URL":
		if c.url == nil {
			option = "WithHost"
		}
	case "APIKey":
		option = "apiKey"
	}
	return &OptionError{Option: option, Reason: bad.Reason}
}

// A foreignDialer is one that WithDialer was given: what comes of it is brought into the forms that the rest knows.
type foreignDialer struct {
	dialer  transport.Dialer
	secrets redact.Secrets
}

func (f foreignDialer) Dial(ctx context.Context, r transport.Resume) (s transport.Session, err error) {
	defer func() {
		if p := recover(); p != nil {
			s, err = nil, f.failed(&PanicError{Value: p})
		}
	}()
	s, err = f.dialer.Dial(ctx, r)
	switch {
	case err != nil:
		return nil, f.failed(err)
	case s == nil:
		return nil, f.failed(errors.New("the dialer gave neither a session nor an error"))
	}
	return &foreignSession{Session: s, info: s.Info(), heard: s.ReceivedAt(), secrets: f.secrets}, nil
}

func (f foreignDialer) failed(err error) error {
	var (
		handshake *transport.HandshakeError
		refused   *transport.ConnectError
	)
	switch {
	case errors.As(err, &handshake):
		h := *handshake
		h.Step, h.Message, h.Err = f.secrets.Text(h.Step), f.secrets.Text(h.Message), f.secrets.Error(h.Err)
		return &h
	case errors.As(err, &refused):
		r := *refused
		r.Message = f.secrets.Text(r.Message)
		return &r
	}
	return &transport.HandshakeError{Step: "dial", Code: -1, Err: f.secrets.Error(err)}
}

// A foreignSession is one of a foreign dialer. What is asked under the client's lock can't panic there: a caller that recovers
// would leave the lock held.
type foreignSession struct {
	transport.Session
	info    transport.Info
	heard   time.Time // when the session was made
	secrets redact.Secrets
}

func (s *foreignSession) Recv() (transport.Packet, error) {
	p, err := s.Session.Recv()
	return p, s.secrets.Error(err)
}

func (s *foreignSession) Info() transport.Info { return s.info }

func (s *foreignSession) ReceivedAt() (at time.Time) {
	defer func() {
		if recover() != nil {
			at = s.heard
		}
	}()
	return s.Session.ReceivedAt()
}
