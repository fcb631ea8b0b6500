package rtx

import (
	"context"
	"errors"
	"time"

	"github.com/realtimex/realtimex-go/internal/redact"
	"github.com/realtimex/realtimex-go/rtx/transport"
)

// WithDialer sets the dialer that makes the connections, instead of the one that
// transport.NewDialer makes from the other options. Use it to wrap that dialer, for example to
// count or refuse attempts, or to use another transport. It is the only option that needs package
// transport. The dialer has its own address, HTTP client, headers and limits. WithHTTPClient,
// WithHeader, WithReadLimit, WithWriteTimeout, WithHandshakeTimeout and WithTransports are therefore
// refused beside it, and the options of the address only
// set how error texts name the service, and which host can't be the auth endpoint's.
//
// The dialer and its sessions must keep the contract of transport.Dialer and transport.Session. The
// client has at most one Dial and one session at a time. It calls Recv on one goroutine, and closes
// every session that it was given. A session's methods must not block, except Recv, Send, Pong and
// Close. Its methods Info, ReceivedAt, Silence and Ended must not call the client. Three results of
// Dial count as a failed attempt that can be retried, and the caller gets a [*DialError] with
// StepDial: an error that is neither a *transport.HandshakeError nor a *transport.ConnectError, a
// nil session without an error, and a panic.
func WithDialer(d transport.Dialer) Option {
	return option(func(c *config) error {
		if d == nil {
			return badOption("WithDialer", "is nil")
		}
		c.dialer = d
		return nil
	})
}

// newDialer returns the dialer of the client. If the transport refuses the configuration, the error
// names the option that set it.
func (c *config) newDialer() (transport.Dialer, error) {
	transports := c.transports
	if transports == nil {
		transports = defaultTransports()
	}
	d, err := transport.NewDialer(transport.Config{
		URL: c.serviceURL(), APIKey: c.apiKey.Reveal(), Header: c.header, HTTPClient: c.http, ReadLimit: c.readLimit,
		WriteTimeout: c.writeTimeout, HandshakeTimeout: c.handshakeTimeout, Transports: transports, Logger: c.log,
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
	option := "With" + bad.Field // WithHeader, WithReadLimit and others
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

// A foreignDialer wraps the dialer given to WithDialer. It turns its results into the forms that
// the rest of the package knows.
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

// A foreignSession wraps a session of a foreignDialer. It recovers panics of the methods that are
// called under the client's lock: if user code recovered them, the lock would stay held.
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
