package auth_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/realtimex/realtimex-go/rtx/auth"
)

func TestEndpointRedirect(t *testing.T) {
	elsewhere := backend(t, func(http.ResponseWriter, *http.Request) { t.Error("the request went to another host") })
	var location string
	status := http.StatusTemporaryRedirect
	s := backend(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/new" {
			w.Header().Set("Location", location)
			w.WriteHeader(status)
			return
		}
		if body, _ := io.ReadAll(r.Body); r.Method != "POST" || !strings.Contains(string(body), "sock-1") || r.Header.Get("Authorization") != "Bearer "+apiKey {
			t.Errorf("the followed request is %s with %q", r.Method, body)
		}
		_, _ = io.WriteString(w, `{"auth":"`+signed+`"}`)
	})
	for _, c := range []struct {
		name, to string
		status   int
		fault    string // "" if it is followed
	}{
		{"same host", "/new", 307, ""},
		{"same host, for good", s.URL + "/new", 308, ""},
		{"another port", elsewhere.URL + "/s3cret", 307, "another host"},
		{"another name", strings.Replace(s.URL, "127.0.0.1", "localhost", 1) + "/new", 307, "another host"},
		{"as a GET", "/new", 303, "does not keep the method"},
		{"as a GET, old style", "/new", 302, "does not keep the method"},
		{"in circles", "/old", 307, "not followed"},
		{"nowhere", "", 308, "missing"},
	} {
		location, status = c.to, c.status
		_, err := endpoint(t, s.URL).Authorize(t.Context(), private())
		if c.fault == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		bad, ok := errors.AsType[*auth.AnswerError](err)
		if !ok || bad.Field != "Location" || bad.Status != c.status || !strings.Contains(bad.Reason, c.fault) {
			t.Errorf("%s: %v, want an AnswerError on Location: %q", c.name, err, c.fault)
		}
	}
}

func TestEndpointRedirectAwayFromTLS(t *testing.T) {
	var asked []string
	client := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		asked = append(asked, r.URL.String())
		if r.URL.Path == "/new" {
			return reply(r, 200, `{"auth":"`+signed+`"}`), nil
		}
		resp := reply(r, 307, "")
		resp.Header.Set("Location", map[string]string{"https": "http", "http": "https"}[r.URL.Scheme]+"://example.com/new")
		return resp, nil
	})}
	_, err := endpoint(t, "https://example.com/", auth.WithHTTPClient(client), auth.WithPlainHTTP()).Authorize(t.Context(), private())
	if bad, _ := errors.AsType[*auth.AnswerError](err); bad == nil || bad.Field != "Location" || len(asked) != 1 {
		t.Errorf("%v after %q, want it refused", err, asked)
	}
	if _, err = endpoint(t, "http://example.com/", auth.WithHTTPClient(client), auth.WithPlainHTTP()).Authorize(t.Context(), private()); err != nil {
		t.Errorf("towards https: %v", err)
	}
}

// The scheme counts, not the port alone: a host whose https is on port 8443 may speak http there as
// well.
func TestEndpointRedirectAwayFromTLSOnOnePort(t *testing.T) {
	for from, to := range map[string]string{
		"https://example.com:8443/": "http://example.com:8443/new",
		"https://example.com/":      "http://example.com:443/new",
		"https://EXAMPLE.com/":      "http://example.com/new",
	} {
		asked := 0
		network := over(func(r *http.Request) (*http.Response, error) {
			asked++
			resp := reply(r, 307, "")
			resp.Header.Set("Location", to)
			return resp, nil
		})
		_, err := endpoint(t, from, network, auth.WithPlainHTTP()).Authorize(t.Context(), private())
		bad, _ := errors.AsType[*auth.AnswerError](err)
		if bad == nil || bad.Field != "Location" || !strings.Contains(bad.Reason, "away from https") || asked != 1 {
			t.Errorf("%s to %s: %v after %d requests, want it refused after 1", from, to, err, asked)
		}
	}
}

func TestEndpointKeepsTheClientsRedirectPolicy(t *testing.T) {
	s := backend(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "/new")
		w.WriteHeader(307)
	})
	asked := 0
	client := &http.Client{Transport: &http.Transport{}, CheckRedirect: func(*http.Request, []*http.Request) error {
		asked++
		return errors.New("never")
	}}
	t.Cleanup(client.CloseIdleConnections)
	_, err := endpoint(t, s.URL, auth.WithHTTPClient(client)).Authorize(t.Context(), private())
	if bad, _ := errors.AsType[*auth.AnswerError](err); bad == nil || bad.Field != "Location" || bad.Status != 307 || asked != 1 {
		t.Errorf("%v, and the policy was asked %d times; want a refusal after 1", err, asked)
	}
	if err := client.CheckRedirect(nil, nil); err == nil || err.Error() != "never" {
		t.Error("the client's own policy was changed")
	}
}
