package auth_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/rtx/auth"
)

func TestEndpointValidate(t *testing.T) {
	const good = "https://example.com/auth"
	token := auth.WithToken(func(context.Context, bool) (string, error) { return "", nil })
	for _, c := range []struct {
		name string
		url  string
		opts []auth.EndpointOption
		want string // part of the error; "" if there is none
	}{
		{"https", good, nil, ""},
		{"http on this machine", "http://127.0.0.1:80/auth", nil, ""},
		{"http on all of 127/8", "http://127.1.2.3/auth", nil, ""},
		{"http on this machine, v6", "http://[::1]/auth", nil, ""},
		{"http on localhost", "http://LocalHost.:3000/auth", nil, ""},
		{"http on a name below localhost", "http://api.localhost/auth", nil, ""},
		{"http, allowed", "http://example.com/auth", []auth.EndpointOption{auth.WithPlainHTTP()}, ""},
		{"http", "http://example.com/s3cret", nil, "WithPlainHTTP"},
		{"http on a name that looks local", "http://localhost.example.com/", nil, "WithPlainHTTP"},
		{"http on a private network", "http://10.0.0.1/", nil, "WithPlainHTTP"},
		{"no URL", "", nil, "https://"},
		{"no scheme", "example.com/auth", nil, "https://"},
		{"another scheme", "ws://example.com/auth", nil, "https://"},
		{"no host", "https:///auth", nil, "no host"},
		{"a bad port", "https://user:s3cret/auth", nil, "does not parse"},
		{"a password", "https://user:s3cret@example.com/auth", nil, "user or password"},
		{"nil option", good, []auth.EndpointOption{nil}, ""},
		{"nil client", good, []auth.EndpointOption{auth.WithHTTPClient(nil)}, "WithHTTPClient"},
		{"nil token", good, []auth.EndpointOption{auth.WithToken(nil)}, "WithToken"},
		{"no time", good, []auth.EndpointOption{auth.WithTimeout(0)}, "WithTimeout"},
		{"no slots", good, []auth.EndpointOption{auth.WithConcurrency(0)}, "WithConcurrency"},
		{"a field of the protocol's", good, []auth.EndpointOption{auth.WithField("socket_id", 1)}, "WithField"},
		{"a field without a name", good, []auth.EndpointOption{auth.WithField("", 1)}, "WithField"},
		{"a field that does not marshal", good, []auth.EndpointOption{auth.WithField("f", func() {})}, "WithField"},
		{"a header without a name", good, []auth.EndpointOption{auth.WithHeader(http.Header{"": {"x"}})}, "Header"},
		{"a header with a bad name", good, []auth.EndpointOption{auth.WithHeader(http.Header{"a b": {"x"}})}, "Header"},
		{"a header with a bad value", good, []auth.EndpointOption{auth.WithHeader(http.Header{"A": {"s3cret\r\nB: c"}})}, "Header"},
		{"a header of ours", good, []auth.EndpointOption{auth.WithHeader(http.Header{"Content-Type": {"x"}})}, "Content-Type"},
		{"a form", good, []auth.EndpointOption{auth.WithForm()}, ""},
		{"statuses of an expired token", good, []auth.EndpointOption{token, auth.WithExpired(403, 419), auth.WithExpired(401)}, ""},
		{"no statuses", good, []auth.EndpointOption{token, auth.WithExpired()}, "WithExpired"},
		{"a status that grants", good, []auth.EndpointOption{token, auth.WithExpired(403, 200)}, "WithExpired: 200"},
		{"a status of a server in trouble", good, []auth.EndpointOption{token, auth.WithExpired(500)}, "WithExpired: 500"},
		{"a status that says to wait", good, []auth.EndpointOption{token, auth.WithExpired(429)}, "WithExpired: 429"},
		{"a status that says too slow", good, []auth.EndpointOption{token, auth.WithExpired(408)}, "WithExpired: 408"},
		{"statuses and no token", good, []auth.EndpointOption{auth.WithExpired(403)}, "WithExpired needs a WithToken"},
		{"two bearers", good, []auth.EndpointOption{token, auth.WithHeader(http.Header{"Authorization": {"x"}})}, "WithToken"},
		{"several faults", "", []auth.EndpointOption{auth.WithTimeout(-time.Second), auth.WithConcurrency(-1)}, "WithConcurrency"},
	} {
		a := auth.Endpoint(c.url, c.opts...)
		err := a.(interface{ Validate() error }).Validate()
		switch {
		case (err == nil) != (c.want == ""):
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		case err == nil:
		case !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "s3cret"):
			t.Errorf("%s: %v, want %q in it and no secret", c.name, err, c.want)
		default:
			if _, again := a.Authorize(t.Context(), private()); again == nil || again.Error() != err.Error() {
				t.Errorf("%s: Authorize returns %v, want what Validate says", c.name, again)
			}
		}
	}
}

func TestEndpointConcurrencyDefault(t *testing.T) {
	for want, opts := range map[int][]auth.EndpointOption{16: nil, 3: {auth.WithConcurrency(3)}} {
		a := endpoint(t, "https://example.com", opts...)
		if got := a.(interface{ Concurrency() int }).Concurrency(); got != want {
			t.Errorf("the cap is %d, want %d", got, want)
		}
	}
}
