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

// What is tried again, and what is not: one function for each thing that can fail.

// dialFailure judges an attempt to connect.
func (c *config) dialFailure(err error, resumed bool) core.Failure {
	f := core.Failure{Err: c.connectionError(err), Resumed: resumed && asked(err)}
	f.Verdict, f.After = dialVerdict(err)
	return f
}

// asked reports whether the attempt came so far that the lost session was asked for. Of a dialler that does not say, it is
// supposed.
func asked(err error) bool {
	var h *transport.HandshakeError
	return !errors.As(err, &h) || h.Resuming
}

// dialVerdict decides what follows on a failed attempt. Whether Connect asked for retries at all is the machine's to know.
func dialVerdict(err error) (v core.Verdict, after time.Duration) {
	var (
		refused   *transport.ConnectError
		handshake *transport.HandshakeError
		badCert   *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &refused):
		// 4000-4099, and a key refused in words, do not come back with the same request. 4100-4199 come back later,
		// 4200-4299 at once; what the service does not say can heal, too.
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
			// A service or a proxy in trouble, as during a restart. 503 may say how long.
			return core.Soon, after
		case 0, http.StatusSwitchingProtocols:
			// No answer, or one that broke off after the upgrade; see below.
		case http.StatusBadRequest:
			if handshake.Code == 1 { // a sticky-session miss comes back at once
				return core.Soon, 0
			}
			return core.Slowly, 0
		default:
			// 429 asks for it in so many words. The others answer for somebody else: a wrong path, a login page in front
			// of the network, a load balancer without a route. They can heal, but seldom within a second.
			return core.Slowly, after
		}
		if errors.Is(err, transport.ErrMaxPayload) {
			// A service that is set up wrongly: it can be put right.
			return core.Slowly, 0
		}
		if errors.Is(err, transport.ErrRedirect) || errors.As(err, &badCert) {
			// A captive portal, or a clock that is not set yet, can look like this and heal. So can an attack; no harm is
			// done by looking again.
			return core.Slowly, 0
		}
	}
	// No route, no name, refused, hanging, broken off: the network, or a service that restarts.
	return core.Soon, 0
}

// sessionEnd judges the end of a session. Sessions end in many ways, and none says anything against the next one. A message
// that could not be taken would come again to whoever resumes; the machine sees to one that comes again all the same.
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

// refusalHeals decides whether a refused subscription is asked for again: the codes that the service uses for what passes,
// HTTP's 503 and 429, and 4100 to 4299. Everything else is a verdict on this channel.
func refusalHeals(e *SubscribeError) bool {
	return e.Code == http.StatusServiceUnavailable || e.Code == http.StatusTooManyRequests || e.Code >= 4100 && e.Code < 4300
}

// authHeals decides whether the authorizer is asked again. Trouble that can pass is: the authorizer says so with a
// *auth.RetryError (the backend is down, slow or busy). So is a context that ended while the session lives: the
// authorizer's own time limit. Everything else is a verdict on this channel: a *auth.DeniedError, an answer that is none
// (it would be none again), an error of the user's own callback.
func authHeals(err error) (heals bool, after time.Duration) {
	var retry *auth.RetryError
	if errors.As(err, &retry) {
		return true, retry.After
	}
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled), 0
}
