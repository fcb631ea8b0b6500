package advice

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"
)

// Connection says why there is no connection, and what to do. It returns "" of a fault that it
// knows nothing of.
func (n Names) Connection(f Fault) string {
	for _, known := range []func(Fault) string{n.refusal, n.answer, n.proxy, n.way, n.end} {
		if text := known(f); text != "" {
			return text
		}
	}
	switch {
	case f.Before && f.Cause != nil:
		return fmt.Sprintf("the connection to %s broke: %s", n.Service, Bare(f.Cause))
	case f.Step == "":
		return ""
	case f.Cause == nil:
		return and(fmt.Sprintf("can't connect to %s: it did not end the handshake", n.Service), check(n.URL, ""))
	}
	return and(fmt.Sprintf("can't connect to %s: %s", n.Service, Bare(f.Cause)), check(n.URL, ""))
}

// wrongKey is about a service that does not know the key.
func (n Names) wrongKey() string {
	if n.Key == "" || n.URL == "" {
		return "the service refused the API key"
	}
	return and("the service refused the API key", check(n.Key, ", and that "+n.URL+" is the service it is for"))
}

// refusal is about a service that refuses CONNECT. The families of codes are those of PROTOCOL.md,
// section 2.
func (n Names) refusal(f Fault) string {
	if !f.Refused {
		return ""
	}
	if f.Code == 4001 || strings.Contains(strings.ToLower(f.Message), "key") {
		return n.wrongKey()
	}
	text := fmt.Sprintf("%s refused the connection: %q", n.Service, clean(f.Message))
	if f.Code != 0 {
		text += fmt.Sprintf(" (code %d)", f.Code)
	}
	switch f.Code / 100 {
	case 41:
		return and(text, "try again later")
	case 42:
		return and(text, "try again")
	}
	return text
}

// answer is about the HTTP answer to the handshake.
func (n Names) answer(f Fault) string {
	switch {
	case f.Redirect:
		todo := ""
		if n.URL != "" {
			todo = "give that one as " + n.URL
		}
		return and(n.Service+" redirects to another host, which is not followed", todo)
	case f.Status == 0:
		return ""
	case (f.Status == http.StatusUnauthorized || f.Status == http.StatusForbidden) && aboutKey(f):
		return n.wrongKey()
	case f.Status == http.StatusTooManyRequests:
		return and(n.Service+" is asked too often (HTTP 429)", "try again later")
	case f.Status == http.StatusNetworkAuthenticationRequired:
		return and("the network wants a login (HTTP 511)", "open a web page in a browser, and log in there")
	case f.Status >= 500:
		return and(fmt.Sprintf("%s is not in service now (HTTP %d)", n.Service, f.Status), "try again later")
	case f.Message != "":
		return and(fmt.Sprintf("%s refused the handshake (HTTP %d): %q", n.Service, f.Status, clean(f.Message)), check(n.URL, ""))
	case f.Status == http.StatusSwitchingProtocols:
		return n.noServer("what answers there makes no WebSocket", "")
	case f.Status == http.StatusNotFound && n.Path != "" && strings.TrimSuffix(n.Path, "/") != "/socket.io":
		return n.noServer("HTTP 404", fmt.Sprintf(", and its path %q: the usual one is /socket.io/", clean(n.Path)))
	case f.Status == http.StatusBadRequest && plain(n.Service):
		return n.noServer("HTTP 400", "; if it speaks TLS, "+n.scheme("wss://"))
	}
	return n.noServer(fmt.Sprintf("HTTP %d", f.Status), "")
}

// aboutKey reports whether a 401 or 403 concerns the key. It does unless it says of something else
// that it is not allowed, as rtx serve says of a Host or an Origin.
func aboutKey(f Fault) bool {
	said := strings.ToLower(f.Message)
	return strings.Contains(said, "key") || !strings.Contains(said, "not allowed")
}

// noServer is about somebody else's server.
func (n Names) noServer(sign, rest string) string {
	return and(fmt.Sprintf("%s is no RealtimeX server (%s)", n.Service, sign), check(n.URL, rest))
}

func plain(service string) bool {
	return strings.HasPrefix(service, "ws:") || strings.HasPrefix(service, "http:")
}

// scheme is what to do about the wrong one: ws:// or wss:// is wanted.
func (n Names) scheme(want string) string {
	given := map[string]string{"ws://": "wss://", "wss://": "ws://"}[want]
	if n.URL == "" {
		return "give " + want + " in place of " + given
	}
	return fmt.Sprintf("give %s with %s in place of %s", n.URL, want, given)
}

// way is about the network on the way to the service.
func (n Names) way(f Fault) string {
	var (
		dns    *net.DNSError
		record tls.RecordHeaderError
		cert   *tls.CertificateVerificationError
		host   x509.HostnameError
	)
	switch err := f.Err; {
	case err == nil:
		return ""
	case errors.As(err, &dns) && dns.IsNotFound:
		return and(fmt.Sprintf("there is no host %q", clean(dns.Name)), check(n.URL, ""))
	case errors.As(err, &dns):
		return and(fmt.Sprintf("the host %q could not be looked up", clean(dns.Name)), check("the network", ""))
	case errors.Is(err, syscall.ECONNREFUSED):
		return and("nothing listens at "+n.Service, check(n.URL, ", and that the server is up"))
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return and("there is no way to "+n.Service, check(n.URL, " and the network"))
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return and(n.Service+" does not speak TLS", n.scheme("ws://"))
	case strings.Contains(err.Error(), `malformed HTTP response "\x15\x03`): // a TLS alert
		return and(n.Service+" speaks TLS", n.scheme("wss://"))
	case errors.As(err, &host), errors.As(err, &cert):
		return and(n.Service+" shows a certificate that can't be trusted", check("the host in "+n.URL, ""))
	}
	return ""
}

// end is about a connection, or a handshake, that was under way.
func (n Names) end(f Fault) string {
	switch {
	case f.Close != 0:
		text := fmt.Sprintf("%s closed the connection: code %d", n.Service, f.Close)
		if f.Reason != "" {
			text += fmt.Sprintf(" %q", clean(f.Reason))
		}
		return text
	case f.Left && f.Before:
		return n.Service + " ended the connection"
	case f.Left:
		return and(n.Service+" ended the connection at once", check(n.Key, ""))
	case f.Foreign && !f.Before && f.Step != "":
		return n.noServer("what it sends is not the protocol", "")
	case f.Silence > 0:
		return fmt.Sprintf("nothing came from %s for %v", n.Service, f.Silence.Round(time.Millisecond))
	case timedOut(f.Err):
		return and(n.Service+" did not answer in time", check(n.URL, " and the network"))
	}
	return ""
}

func timedOut(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return errors.Is(err, context.DeadlineExceeded) || ok && e.Timeout()
}
