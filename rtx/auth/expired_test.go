package auth_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/realtimex/realtimex-go/rtx/auth"
)

func TestExpired(t *testing.T) {
	expired := []auth.EndpointOption{auth.WithExpired(403), auth.WithExpired(419)}
	for _, c := range []struct {
		name    string
		opts    []auth.EndpointOption
		answers []int // then 200
		bearers string
		status  int // of the refusal; 0 if there is none
		reason  string
	}{
		{"401 by default", nil, []int{401}, "old tok-1", 0, ""},
		{"403 by default", nil, []int{403}, "old", 403, "forbidden"},
		{"419 by default", nil, []int{419}, "old", 419, "session expired"},
		{"401 stays", expired, []int{401}, "old tok-1", 0, ""},
		{"403", expired, []int{403}, "old tok-1", 0, ""},
		{"419", expired, []int{419}, "old tok-1", 0, ""},
		{"another one", expired, []int{404}, "old", 404, "not found"},
		{"403 twice", expired, []int{403, 403}, "old tok-1", 403, "forbidden, with a new token too"},
		{"one, then another", expired, []int{419, 403}, "old tok-1", 403, "forbidden, with a new token too"},
		{"one, then one that is none", expired, []int{419, 404}, "old tok-1", 404, "not found"},
		{"401 twice", nil, []int{401, 401}, "old tok-1", 401, "unauthorized, with a new token too"},
		{"one without words, twice", []auth.EndpointOption{auth.WithExpired(499)}, []int{499, 499}, "old tok-1", 499, "with a new token too"},
	} {
		w := &wallet{token: "old"}
		var bearers []string
		network := over(func(r *http.Request) (*http.Response, error) {
			n := len(bearers)
			bearers = append(bearers, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
			if n < len(c.answers) {
				return reply(r, c.answers[n], ""), nil
			}
			return reply(r, 200, `{"auth":"`+signed+`"}`), nil
		})
		_, err := endpoint(t, fakeURL, append(c.opts, network, auth.WithToken(w.get))...).Authorize(t.Context(), private())
		denied, _ := errors.AsType[*auth.DeniedError](err)
		if (err == nil) != (c.status == 0) || err != nil && (denied == nil || denied.Status != c.status || denied.Reason != c.reason) {
			t.Errorf("%s: %+v, want %d %q", c.name, err, c.status, c.reason)
		}
		if got := strings.Join(bearers, " "); got != c.bearers {
			t.Errorf("%s: bearers %q, want %q", c.name, got, c.bearers)
		}
	}
}

// The statuses that are not HTTP's own, but in use for what has expired, have words in the error.
func TestStatusInWords(t *testing.T) {
	for status, want := range map[int]string{
		401: "HTTP 401: unauthorized", 403: "HTTP 403: forbidden",
		419: "HTTP 419: session expired", 440: "HTTP 440: login timed out", 498: "HTTP 498: invalid token",
	} {
		_, err := endpoint(t, answering(t, status, "").URL).Authorize(t.Context(), private())
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%v, want it to end in %q", err, want)
		}
	}
}
