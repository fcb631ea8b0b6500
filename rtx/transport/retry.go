package transport

import (
	"crypto/tls"
	"errors"
	"net/http"
)

// verdict is what follows on a failed attempt or a lost session.
type verdict int

const (
	soon   verdict = iota // try again after the back-off's next delay
	slowly                // try again at the slowest pace
	never                 // trying again is of no use
)

// retryable decides. It does not decide whether Connect asked for retries at
// all: without that, any failure before the first success ends the attempt.
func retryable(err error, succeeded bool) verdict {
	var (
		refused   *ConnectError
		handshake *HandshakeError
		badCert   *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &refused):
		// The service knows the key and says no. A program that never got in has
		// the wrong key, and repeating it only loads the service. One that was in
		// before may see a key being rotated, or a node that has not heard of it:
		// for it to be gone for good would be worse than a request now and then.
		if succeeded {
			return slowly
		}
		return never

	case errors.As(err, &handshake):
		switch handshake.Status {
		case http.StatusUnauthorized, http.StatusForbidden:
			// As above: a gateway, or allowRequest of the server, says no.
			if succeeded {
				return slowly
			}
			return never
		case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusInternalServerError,
			http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			// A server or a proxy in trouble, as during a restart.
			return soon
		case 0, http.StatusSwitchingProtocols:
			// No answer, or one that broke off after the upgrade; see below.
		default:
			// 429 asks for it in so many words. The others answer for somebody else:
			// a wrong path, a login page in front of the network, a load balancer
			// without a route. They can heal, but seldom within a second.
			return slowly
		}
		if errors.Is(err, ErrRedirect) || errors.As(err, &badCert) {
			// A captive portal, or a clock that is not set yet, can look like this
			// and heal. So can an attack; no harm is done by looking again.
			return slowly
		}
		// No route, no name, refused, hanging, broken off: the network, or a
		// server that restarts.
		return soon

	case errors.Is(err, ErrServerDisconnect):
		// The server threw this client out. Socket.IO's own client would not come
		// back by itself; here the owner decides, by Close, and until then the
		// client comes back, with the back-off growing unless the session had been
		// stable.
		return soon
	}
	// Sessions end in many ways: dead link, close frame, bad frame, owner's
	// error. None says anything against the next one.
	return soon
}
