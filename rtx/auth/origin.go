package auth

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// preflightAge is how long a browser may cache the answer to a preflight, in seconds.
const preflightAge = "600"

// maxAskedHeaders bounds the list of headers of a preflight that is repeated in the answer, in
// bytes.
const maxAskedHeaders = 1024

// WithAllowedOrigins allows web pages of other origins to use a [Handler], such as
// "https://app.example.com" or "http://localhost:5173". This is CORS: before a page posts to
// another origin, the browser sends an OPTIONS request, the preflight. It asks whether the page may
// do so, and with which headers. Later it shows the page the answer to its post only if the answer
// names the origin of the page. For these origins Handler answers a preflight with 204, allows all
// headers that the page wants to send (up to 1 KiB of names) and cookies, and names the origin in
// every answer.
//
// List only origins that you trust with the sessions of your users: a page of such an origin can
// get whatever allow grants to the user who has opened it. For this reason "*" is invalid, and so
// is "null", which is the origin of sandboxed pages of any site. An origin is a scheme (http or
// https), a host and perhaps a port, and nothing else.
//
// Pages of the handler's own origin, and programs that are not browsers, need no permission. If
// WithAllowedOrigins is given several times, the origins add up. Default: no other origin.
func WithAllowedOrigins(origins ...string) HandlerOption {
	return handlerOption(func(h *handler) error {
		var faults []error
		for _, o := range origins {
			origin, err := parseOrigin(o)
			if err != nil {
				faults = append(faults, fmt.Errorf("WithAllowedOrigins: %q %w", o, err))
				continue
			}
			h.origins[origin] = true
		}
		return errors.Join(faults...)
	})
}

// parseOrigin returns an origin as browsers write it: in lower case, without the scheme's own port.
func parseOrigin(s string) (string, error) {
	if s == "*" || s == "null" {
		return "", errors.New("would let every page ask: list the origins")
	}
	u, err := url.Parse(strings.ToLower(s))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.Scheme+"://"+u.Host != strings.ToLower(s) {
		return "", errors.New("is no origin: scheme://host or scheme://host:port")
	}
	if u.Port() == map[string]string{"http": "80", "https": "443"}[u.Scheme] {
		u.Host = strings.TrimSuffix(u.Host, ":"+u.Port())
	}
	return u.Scheme + "://" + u.Host, nil
}

// cors sets the headers that let a page of an allowed origin read the answer.
func (h *handler) cors(w http.ResponseWriter, r *http.Request) {
	if len(h.origins) == 0 {
		return
	}
	w.Header().Add("Vary", "Origin")
	if origin := r.Header.Get("Origin"); h.origins[origin] {
		w.Header().Set("Access-Control-Allow-Origin", origin)
		w.Header().Set("Access-Control-Allow-Credentials", "true")
	}
}

// isPreflight reports whether the request is a preflight, with which a browser asks if a page may
// post.
func (h *handler) isPreflight(r *http.Request) bool {
	return len(h.origins) > 0 && asPreflight(r)
}

// asPreflight reports whether the request has the form of a preflight.
func asPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Origin") != "" && r.Header.Get("Access-Control-Request-Method") != ""
}

// preflight answers a preflight.
func (h *handler) preflight(w http.ResponseWriter, r *http.Request) *refusal {
	w.Header().Add("Vary", "Access-Control-Request-Headers")
	if !h.origins[r.Header.Get("Origin")] {
		return &refusal{http.StatusForbidden, "pages of this origin are not allowed"}
	}
	w.Header().Set("Access-Control-Allow-Methods", http.MethodPost)
	if asked := strings.Join(r.Header.Values("Access-Control-Request-Headers"), ","); asked != "" && len(asked) <= maxAskedHeaders {
		w.Header().Set("Access-Control-Allow-Headers", asked)
	}
	w.Header().Set("Access-Control-Max-Age", preflightAge)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// crossOrigin reports whether a browser sends the request for a page of another origin that is not
// allowed.
func (h *handler) crossOrigin(r *http.Request) bool {
	return !h.origins[r.Header.Get("Origin")] && new(http.CrossOriginProtection).Check(r) != nil
}
