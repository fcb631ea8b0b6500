package transport

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"sync"
)

const (
	// maxCookies limits the cookies that are kept of a server. A balancer sets one or two, by which
	// it sends the requests of a session to the same node.
	maxCookies = 32

	// maxCookie limits the name and the value of a cookie together, in bytes (RFC 6265, section 6.1).
	maxCookie = 4 << 10
)

// stickyJar keeps the cookies of the one server that a Dialer connects to, for every path: more
// paths would be more cookies. Several goroutines may use it.
type stickyJar struct {
	mu    sync.Mutex
	names map[string]struct{} // of the cookies that were ever set
	inner http.CookieJar
}

func newStickyJar() *stickyJar {
	inner, _ := cookiejar.New(nil) // never fails
	return &stickyJar{names: make(map[string]struct{}), inner: inner}
}

// SetCookies keeps what fits.
func (j *stickyJar) SetCookies(u *url.URL, cookies []*http.Cookie) {
	j.mu.Lock()
	defer j.mu.Unlock()
	var kept []*http.Cookie
	for _, c := range cookies {
		_, known := j.names[c.Name]
		if len(c.Name)+len(c.Value) > maxCookie || !known && len(j.names) == maxCookies {
			continue
		}
		j.names[c.Name] = struct{}{}
		own := *c
		own.Domain, own.Path = "", "/"
		kept = append(kept, &own)
	}
	j.inner.SetCookies(u, kept)
}

// Cookies returns the cookies for a request.
func (j *stickyJar) Cookies(u *url.URL) []*http.Cookie { return j.inner.Cookies(u) }
