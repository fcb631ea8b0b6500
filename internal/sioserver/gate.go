package sioserver

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// Gate decides which web pages may use a server on a developer's machine, through the browser that
// shows them. Programs that are no browsers pass: they send no Origin, and as Host a name of the
// machine.
//
// The Host must be a name of this machine or one that was allowed: the owner of a page can have the
// page's own name resolved to this machine (DNS rebinding), and to the browser the server is then
// of the page's origin. The Origin must be the server's own or one that was allowed: a page of any
// other can neither post, nor open a session, nor read an answer.
//
// The zero Gate takes the names of the loopback, and no other origin. A Gate is not changed once it
// is in use.
type Gate struct {
	hosts     []string // in small letters
	addresses bool     // whatever IP address a client names is this machine's
	origins   []string // as browsers write them
	anyOrigin bool
	foreign   http.CrossOriginProtection
}

// Listens tells the gate the address that the server listens on, which becomes a name of this
// machine. If it stands for all the addresses of the machine, as ":80" does, every IP address is
// one: an address can't be rebound.
func (g *Gate) Listens(addr string) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return
	}
	ip, err := netip.ParseAddr(host)
	if host == "" || (err == nil && ip.IsUnspecified()) {
		g.addresses = true
		return
	}
	g.hosts = append(g.hosts, strings.ToLower(host))
}

// AllowHost adds a name by which the server may be reached, without scheme, port and path.
func (g *Gate) AllowHost(name string) error {
	if name == "" || strings.ContainsAny(name, "/@* ") || hostOf(name) != strings.ToLower(strings.Trim(name, "[]")) {
		return fmt.Errorf("%q is no host name: want one without scheme, port and path", name)
	}
	g.hosts = append(g.hosts, hostOf(name))
	return nil
}

// AllowOrigin lets pages of an origin in, such as "https://app.example", or those of all origins by
// "*".
func (g *Gate) AllowOrigin(origin string) error {
	if origin == "*" {
		g.anyOrigin = true
		return nil
	}
	u, err := url.Parse(strings.ToLower(origin))
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || g.foreign.AddTrustedOrigin(u.String()) != nil {
		return fmt.Errorf(`%q is no origin: want one such as "https://app.example", or "*"`, origin)
	}
	g.origins = append(g.origins, u.String())
	return nil
}

// Wrap puts the gate before next. refuse answers what does not pass. To what passes and was sent by
// a page of another origin it adds the headers that let the page read the answer, and its
// preflights are answered.
func (g *Gate) Wrap(next http.Handler, refuse func(w http.ResponseWriter, why string)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !g.isName(r.Host) {
			refuse(w, "Host not allowed: it is no name of the machine that this server is on")
			return
		}
		if g.isForeign(r) {
			refuse(w, "Origin not allowed: a page of another origin has to be allowed by name")
			return
		}
		if g.crosses(r) {
			w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
			w.Header().Add("Vary", "Origin")
			if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
				answerPreflight(w, r)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// answerPreflight lets a page whose origin is allowed send what it asks for.
func answerPreflight(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Methods", "GET, POST")
	if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
		w.Header().Set("Access-Control-Allow-Headers", asked)
	}
	w.Header().Add("Vary", "Access-Control-Request-Headers")
	w.Header().Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
}

// isName reports whether a Host header names this machine. Without one, as in HTTP/1.0, there is no
// browser.
func (g *Gate) isName(host string) bool {
	name := hostOf(host)
	if name == "" || name == "localhost" || strings.HasSuffix(name, ".localhost") || slices.Contains(g.hosts, name) {
		return true
	}
	ip, err := netip.ParseAddr(name)
	return err == nil && (g.addresses || ip.IsLoopback())
}

// hostOf is the name in a Host header, in small letters, without its port, the brackets of IPv6 and
// the dot at its end.
func hostOf(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// isForeign reports whether a page of an origin that is not allowed has sent r. The standard
// library's protection takes a GET for harmless; here one opens a session or a WebSocket, so each
// request is judged as a POST would be.
func (g *Gate) isForeign(r *http.Request) bool {
	if g.anyOrigin {
		return false
	}
	asPost := *r
	asPost.Method = http.MethodPost
	return g.foreign.Check(&asPost) != nil
}

// crosses reports whether r, which is not foreign, was sent by a page of another origin.
func (g *Gate) crosses(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	return origin != "" && (g.anyOrigin || slices.Contains(g.origins, origin))
}
