package auth_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/realtimex/realtimex-go/rtx/auth"
)

func TestForm(t *testing.T) {
	fields := []auth.EndpointOption{
		auth.WithField("tenant", "a b&c"), auth.WithField("n", 3), auth.WithField("list", []string{"x"}), auth.WithField("none", nil), auth.WithField("empty", ""),
	}
	withUserData := private()
	withUserData.UserData = presence().UserData
	for _, c := range []struct {
		name string
		r    auth.Request
		opts []auth.EndpointOption
		want string
	}{
		{"private", private(), nil, "channel_name=private-a&socket_id=sock-1"},
		{"user data is for presence only", withUserData, nil, "channel_name=private-a&socket_id=sock-1"},
		{"presence", presence(), nil, "channel_name=presence-a&socket_id=sock-1&user_data=%7B%22user_id%22%3A%227%22%7D"},
		{"fields", private(), fields, "channel_name=private-a&empty=&list=%5B%22x%22%5D&n=3&none=null&socket_id=sock-1&tenant=a+b%26c"},
	} {
		s := backend(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if got := string(body); got != c.want {
				t.Errorf("%s: the body is %s, want %s", c.name, got, c.want)
			}
			if got := r.Header.Get("Content-Type"); r.Method != "POST" || got != "application/x-www-form-urlencoded" {
				t.Errorf("%s: %s of a %s", c.name, r.Method, got)
			}
			if got := r.Header.Get("Authorization"); got != "Bearer "+apiKey {
				t.Errorf("%s: Authorization is %q", c.name, got)
			}
			_, _ = io.WriteString(w, `{"auth":"`+signed+`","channel_data":"{}"}`)
		})
		if _, err := endpoint(t, s.URL, append(c.opts, auth.WithForm())...).Authorize(t.Context(), c.r); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	bad := presence()
	bad.UserData = []byte(`{"user_id":`)
	if _, err := endpoint(t, fakeURL, auth.WithForm()).Authorize(t.Context(), bad); err == nil {
		t.Error("user data that is no JSON is sent")
	}
}

// The two sides understand each other by forms, too, and allow sees the same request as by JSON.
func TestFormAsksHandler(t *testing.T) {
	s := signer(t, "key-1", "secret")
	web := backend(t, auth.Handler(s, func(r *http.Request, asked auth.Request) (auth.Decision, error) {
		if err := r.ParseForm(); err != nil || r.PostForm.Get("tenant") != "žlutý" {
			t.Errorf("the form reads as %v, %v", r.PostForm, err)
		}
		if asked.Presence() && string(asked.UserData) != `{"user_id":"7"}` {
			t.Errorf("the user data is %s", asked.UserData)
		}
		return allowAll(r, asked)
	}).ServeHTTP)
	a := endpoint(t, web.URL, auth.WithForm(), auth.WithField("tenant", "žlutý"))
	for _, r := range []auth.Request{private(), presence()} {
		g, err := a.Authorize(t.Context(), r)
		if err != nil || !s.Verify(r.SocketID, r.Channel, g) {
			t.Errorf("%v: %v", r, err)
		}
	}
}
