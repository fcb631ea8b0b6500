package transport_test

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// The URL carries the API key, so a redirect on one host may lead to TLS and never away from it.
func TestRedirectAwayFromTLS(t *testing.T) {
	for _, tt := range []struct {
		scheme, host, to string
		followed         bool
	}{
		{"wss", "rtx.test", "http://rtx.test/", false},
		{"wss", "rtx.test", "http://rtx.test:443/", false},
		{"wss", "rtx.test:8443", "http://rtx.test:8443/", false},
		{"wss", "rtx.test", "https://rtx.test/", true},
		{"ws", "rtx.test", "https://rtx.test/", true},
	} {
		var asked []*url.URL
		client := &http.Client{Transport: roundTripFunc(func(r *http.Request) (*http.Response, error) {
			asked = append(asked, r.URL)
			status := http.StatusTemporaryRedirect
			if len(asked) > 1 {
				status = http.StatusServiceUnavailable
			}
			return &http.Response{
				StatusCode: status, Header: http.Header{"Location": {tt.to + "?" + r.URL.RawQuery}},
				Body: io.NopCloser(strings.NewReader("")), Request: r,
			}, nil
		})}
		d := mustDialer(t, transport.Config{URL: &url.URL{Scheme: tt.scheme, Host: tt.host}, APIKey: testKey, HTTPClient: client})
		_, err := d.Dial(t.Context(), transport.Resume{})
		if followed := len(asked) == 2; followed != tt.followed || errors.Is(err, transport.ErrRedirect) == tt.followed {
			t.Errorf("%s://%s to %s: %d requests, %v", tt.scheme, tt.host, tt.to, len(asked), err)
		}
	}
}
