package testserver

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/realtimex/realtimex-go/internal/sioserver"
)

// WithHosts adds names by which clients reach the server, such as "dev.example", without a port.
// The names of the loopback (localhost, 127.0.0.1, ::1) and the address of WithAddr need none; a
// server that listens on all addresses of the machine takes any IP address. A request to another
// name is answered with 403, as it may come from a web page that had its own name resolved to this
// machine (DNS rebinding).
func WithHosts(names ...string) Option {
	return func(c *config) error {
		for _, n := range names {
			if err := c.gate.AllowHost(n); err != nil {
				return bad("WithHosts", err.Error())
			}
		}
		return nil
	}
}

// WithOrigins lets web pages of other origins use the server, such as "http://localhost:5173", or
// those of all origins by "*": they may poll, open WebSockets, and ask the HTTP face and the auth
// backend, and the answers have the CORS headers for them. By default pages of the server's own
// origin only may, so that a page that a developer happens to visit can neither publish nor sign
// here. Programs that are no browsers send no Origin and are not concerned.
func WithOrigins(origins ...string) Option {
	return func(c *config) error {
		for _, o := range origins {
			if err := c.gate.AllowOrigin(o); err != nil {
				return bad("WithOrigins", err.Error())
			}
		}
		return nil
	}
}

// WithDevToken is WithDev for those only who know the token: a request to /dev/ or to the auth
// backend has it as the bearer in its Authorization header or, as the bearer of an auth request may
// be something else, in its URL as ?token=…; without it is answered with 401. AuthEndpoint has the
// token in its URL. It is for a server whose secret is worth something. Default: no token.
func WithDevToken(token string) Option {
	return func(c *config) error {
		if token == "" {
			return bad("WithDevToken", "empty")
		}
		c.dev, c.devToken = true, token
		return nil
	}
}

func refuseSocketIO(w http.ResponseWriter, why string) { sioserver.Forbidden(why).Write(w) }

func refuseDev(w http.ResponseWriter, why string) { devError(w, http.StatusForbidden, errors.New(why)) }

// withToken asks for the token, if there is one.
func (s *Server) withToken(next http.Handler) http.Handler {
	if s.cfg.devToken == "" {
		return next
	}
	want := sha256.Sum256([]byte(s.cfg.devToken))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		bearer, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		for _, given := range []string{bearer, r.URL.Query().Get("token")} {
			got := sha256.Sum256([]byte(given))
			if subtle.ConstantTimeCompare(got[:], want[:]) == 1 {
				next.ServeHTTP(w, r)
				return
			}
		}
		w.Header().Set("WWW-Authenticate", "Bearer")
		devError(w, http.StatusUnauthorized, errors.New("the token is missing or wrong: Authorization: Bearer TOKEN, or ?token=TOKEN"))
	})
}

// tokenQuery is what a URL needs to have the token, or nothing.
func (s *Server) tokenQuery() string {
	if s.cfg.devToken == "" {
		return ""
	}
	return "?token=" + url.QueryEscape(s.cfg.devToken)
}
