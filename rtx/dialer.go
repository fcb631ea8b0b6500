package rtx

import (
	"context"
	"errors"
	"time"

	"github.com/realtimex/realtimex-go/internal/redact"
	"github.com/realtimex/realtimex-go/rtx/auth"
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

// WithDialerWrapper sets a function that wraps the dialer of the client: the one that is made from
// the other options, or that of [WithDialer]. Use it to see, count or change what the connections
// do, as record.Recorder.Dialer does. It is called once, by New. Of several wrappers the first is
// the innermost. What it returns must keep the contract that [WithDialer] has, and must not be nil.
// Default: none.
func WithDialerWrapper(wrap func(transport.Dialer) transport.Dialer) Option {
	return option(func(c *config) error {
		if wrap == nil {
			return badOption("WithDialerWrapper", "is nil")
		}
		c.wrappers = append(c.wrappers, wrap)
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
	if err != nil {
		return nil, c.asOptionError(err)
	}
	if c.dialer != nil {
		d = c.dialer
	}
	for _, wrap := range c.wrappers {
		if d = wrap(d); d == nil {
			return nil, badOption("WithDialerWrapper", "returned nil")
		}
	}
	if c.dialer == nil && len(c.wrappers) == 0 {
		return d, nil
	}
	return foreignDialer{d, c.apiKey, c.secrets}, nil
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

// A foreignDialer wraps the dialer given to WithDialer, or what a wrapper made. It turns its results
// into the forms that the rest of the package knows.
type foreignDialer struct {
	dialer  transport.Dialer
	apiKey  auth.Secret
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
	s.Hide(f.apiKey.Reveal()) // a session that is not of package transport may not know it
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

// Transport returns what carries the session now, if the session says so.
func (s *foreignSession) Transport() (kind transport.Kind) {
	defer func() {
		if recover() != nil {
			kind = s.info.Transport
		}
	}()
	if t, ok := s.Session.(interface{ Transport() transport.Kind }); ok {
		return t.Transport()
	}
	return s.info.Transport
}

func (s *foreignSession) ReceivedAt() (at time.Time) {
	defer func() {
		if recover() != nil {
			at = s.heard
		}
	}()
	return s.Session.ReceivedAt()
}
