package auth

import (
	"net/http"
	"net/url"
	"strings"
)

// maxRedirects is how many redirects of one request are followed.
const maxRedirects = 3

// redirects returns a policy that follows a redirect only to the same host and port, or from http
// to https on that host, and only with the same method and body. The bearer token, the headers and
// the user data must not reach another host. The user's own policy is asked next. A redirect that
// is not followed is the answer.
func redirects(own func(*http.Request, []*http.Request) error) func(*http.Request, []*http.Request) error {
	return func(next *http.Request, via []*http.Request) error {
		last := via[len(via)-1]
		if next.Method != http.MethodPost || len(via) > maxRedirects || !sameHost(last.URL, next.URL) {
			return http.ErrUseLastResponse
		}
		if own != nil {
			return own(next, via)
		}
		return nil
	}
}

// redirectFault returns why the redirect in the answer was not followed.
func redirectFault(resp *http.Response) string {
	to, err := resp.Location()
	switch {
	case err != nil:
		return "missing or no URL"
	case resp.StatusCode != http.StatusTemporaryRedirect && resp.StatusCode != http.StatusPermanentRedirect:
		return "a redirect that does not keep the method"
	case !sameHost(resp.Request.URL, to):
		return "a redirect to another host, or away from https"
	}
	return "a redirect that was not followed"
}

func sameHost(from, to *url.URL) bool {
	if !strings.EqualFold(from.Hostname(), to.Hostname()) {
		return false
	}
	if from.Scheme == "http" && to.Scheme == "https" {
		return true
	}
	return from.Scheme == to.Scheme && portOf(from) == portOf(to)
}

func portOf(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	if u.Scheme == "http" {
		return "80"
	}
	return "443"
}
