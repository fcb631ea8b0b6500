package auth

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// preflightAge is for how long a browser may remember the answer to a preflight, in seconds.
const preflightAge = "600"

// maxAskedHeaders bounds the list of headers of a preflight that is repeated in the answer, in bytes.
const maxAskedHeaders = 1024

// AllowOrigin lets web pages of these origins ask, such as "https://app.example.com" or "http://localhost:5173". A browser
// asks first, by an OPTIONS request (the preflight of CORS), whether a page may post to a handler of another origin, with which
// headers; and shows the page an answer only if that names the page's origin. For a page of an origin given here the answer
// to the first is 204, and the second does, for all headers that the page wants to send, and with the user's cookies.
//
// List only origins whose pages you would trust with your users' sessions: such a page can get whatever allow grants to
// the user who looks at it. So there is no "*", and no "null", which sandboxed pages of anybody's have. [Handler] panics for
// these, and for what is no origin: a scheme, http or https, a host and perhaps a port, and nothing else.
//
// Pages of the handler's own origin, and programs that are no browsers, need no permission. Default: no other origin.
func AllowOrigin(origins ...string) HandlerOption {
	return func(h *handler) {
		for _, o := range origins {
			origin, err := parseOrigin(o)
			if err != nil {
				h.faults = append(h.faults, fmt.Errorf("AllowOrigin: %q %w", o, err))
				continue
			}
			h.origins[origin] = true
		}
	}
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

// cors sets the headers that let a page of an allowed origin read the answer, whatever that will be.
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

// isPreflight tells whether the request is a browser's question whether a page may post.
func (h *handler) isPreflight(r *http.Request) bool {
	return len(h.origins) > 0 && r.Method == http.MethodOptions && r.Header.Get("Origin") != "" &&
		r.Header.Get("Access-Control-Request-Method") != ""
}

// preflight answers it.
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

// crossOrigin tells whether a browser sends the request for a page of another origin that is not allowed.
func (h *handler) crossOrigin(r *http.Request) bool {
	return !h.origins[r.Header.Get("Origin")] && new(http.CrossOriginProtection).Check(r) != nil
}
