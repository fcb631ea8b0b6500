package rtx

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/realtimex/realtimex-go/internal/core"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtx/transport"
)

// This file decides what is retried. It has one function for each thing that can fail.

// dialFailure describes a failed attempt to connect for the machine.
func (c *config) dialFailure(err error, resumed bool) core.Failure {
	f := core.Failure{Err: c.connectionError(err), Resumed: resumed && asked(err)}
	f.Verdict, f.After = dialVerdict(err)
	return f
}

// asked reports whether the attempt came so far that the lost session was asked for. If the dialer
// does not say, it assumes so.
func asked(err error) bool {
	var h *transport.HandshakeError
	return !errors.As(err, &h) || h.Resuming
}

// dialVerdict decides whether and when a failed attempt is retried. The machine knows whether
// Connect retries at all.
func dialVerdict(err error) (v core.Verdict, after time.Duration) {
	var (
		refused   *transport.ConnectError
		handshake *transport.HandshakeError
		badCert   *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &refused):
		// 4000-4099, and a refusal of the key in words, are final: the same request would be
		// refused again. After 4200-4299 the client may come back at once, after 4100-4199 and
		// anything unknown later.
		switch {
		case refused.Final():
			return core.Refused, 0
		case refused.Code >= 4200 && refused.Code < 4300:
			return core.Soon, 0
		}
		return core.Slowly, 0

	case errors.As(err, &handshake):
		if handshake.Final() { // a gateway, or allowRequest of the service, refuses the key
			return core.Refused, 0
		}
		after = handshake.RetryAfter // of 429 and 503
		switch handshake.Status {
		case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusInternalServerError,
			http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			// The service or a proxy has a temporary fault, for example during a restart. 503 may
			// say how long.
			return core.Soon, after
		case 0, http.StatusSwitchingProtocols:
			// No answer, or one that broke off after the upgrade; see below.
		case http.StatusBadRequest:
			if handshake.Code == 1 { // a sticky-session miss comes back at once
				return core.Soon, 0
			}
			return core.Slowly, 0
		default:
			// 429 asks for a slower pace. Other codes come from elsewhere: a wrong path, a login
			// page of the network, a load balancer without a route. They can be retried, but seldom
			// pass within a second.
			return core.Slowly, after
		}
		if errors.Is(err, transport.ErrMaxPayload) {
			// The service is set up wrongly. That can be corrected.
			return core.Slowly, 0
		}
		if errors.Is(err, transport.ErrRedirect) || errors.As(err, &badCert) {
			// A captive portal or a clock that is not set yet can cause this, and both pass. An
			// attack can cause it too, but another attempt does no harm.
			return core.Slowly, 0
		}
		if proxy, ok := errors.AsType[*transport.ProxyError](err); ok && proxy.Status != 0 && proxy.Status < 500 {
			// A proxy that refuses, for example for want of a password. The machine may move to
			// another network, or its administrator may act.
			return core.Slowly, 0
		}
	}
	// No route, no name, refused, hanging or broken off: a fault of the network, or a restart of
	// the service.
	return core.Soon, 0
}

// sessionEnd describes the end of a session for the machine. No end of a session is a reason not to
// connect again. If a message was not acceptable, the session is not resumed, because the message
// would come again. If it comes again in a new session, the machine handles that.
func (c *config) sessionEnd(sess transport.Session, cause error) core.End {
	ended := sess.Ended()
	e := core.End{
		Err: c.connectionError(cause), PeerKnows: ended.PeerKnows, KeepsSession: ended.KeepsSession,
		LastHeard: sess.ReceivedAt(),
	}
	var bad *transport.ProtocolError
	switch {
	case errors.Is(cause, transport.ErrFrameTooBig):
		e.KeepsSession, e.TooLarge = false, true
		e.Blame = fmt.Errorf("%w: its messages ended two connections: %w", ErrTooLarge, cause)
	case errors.As(cause, &bad):
		e.KeepsSession = false // the packet would only come again
	}
	return e
}

// refusalRetryable reports whether a refused subscription is retried. That is so for the codes of
// temporary conditions: HTTP's 503 and 429, and 4100 to 4299. Other codes are final for the
// channel.
func refusalRetryable(e *SubscribeError) bool {
	return e.Code == http.StatusServiceUnavailable || e.Code == http.StatusTooManyRequests || e.Code >= 4100 && e.Code < 4300
}

// authRetryable reports whether the authorizer is asked again. It is for an *auth.RetryError (the
// backend is down, slow or busy), and for a context that ended while the session lives, which is
// the authorizer's own timeout. Other errors are final for the channel: an *auth.DeniedError, an
// invalid answer (the next one would be invalid too), and an error of the user's own function.
func authRetryable(err error) (retryable bool, after time.Duration) {
	if retry, ok := errors.AsType[*auth.RetryError](err); ok {
		return true, retry.After
	}
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled), 0
}
