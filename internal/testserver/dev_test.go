package testserver

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/realtimex/realtimex-go/rtx/auth"
)

func devRequest(t *testing.T, s *Server, method, path, body string) (int, map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := s.HTTPClient().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer map[string]any
	json.Unmarshal(b, &answer)
	return res.StatusCode, answer
}

func TestDevIsOffUnlessAskedFor(t *testing.T) {
	s := NewServer(t)
	if status, _ := devRequest(t, s, http.MethodGet, "/dev/stats", ""); status != http.StatusNotFound {
		t.Errorf("status %d", status)
	}
}

func TestDev(t *testing.T) {
	s := NewServer(t, WithDev())
	c := connect(t, s)
	c.subscribe(s, "orders")
	c.expectPrefix(succeeded)
	status, answer := devRequest(t, s, http.MethodPost, "/dev/trigger", `{"channel":"orders","event":"created","data":{"n":[1]}}`)
	if status != 200 || answer["subscribers"] != 1.0 {
		t.Errorf("trigger: %d %v", status, answer)
	}
	c.expect(`42["server-event",{"channel":"orders","event":"created","data":{"n":[1]}}]`)

	status, answer = devRequest(t, s, http.MethodPost, "/dev/auth", `{"socket_id":"s1","channel_name":"presence-a"}`)
	grant := auth.Grant{}
	grant.Auth, _ = answer["auth"].(string)
	grant.ChannelData, _ = answer["channel_data"].(string)
	if status != 200 || !s.Signer().Verify("s1", "presence-a", grant) || !strings.Contains(grant.ChannelData, `"user_id":"s1"`) {
		t.Errorf("auth: %d %s", status, grant.ChannelData)
	}

	if status, answer = devRequest(t, s, http.MethodGet, "/dev/stats", ""); status != 200 || answer["connections"] != 1.0 || answer["published"] != 1.0 {
		t.Errorf("stats: %d %v", status, answer)
	}
	status, answer = devRequest(t, s, http.MethodPost, "/dev/disconnect", `{"socket_id":"`+c.socketID+`","how":"disconnect"}`)
	if status != 200 || answer["disconnected"] != 1.0 {
		t.Errorf("disconnect: %d %v", status, answer)
	}
	c.expect("41")
	connect(t, s)
	if status, answer = devRequest(t, s, http.MethodPost, "/dev/disconnect", ""); status != 200 || answer["disconnected"] != 1.0 {
		t.Errorf("disconnect all: %d %v", status, answer)
	}
	for path, body := range map[string]string{
		"/dev/trigger":    `{"channel":"orders"}`,
		"/dev/auth":       `{"socket_id":"","channel_name":"private-a"}`,
		"/dev/disconnect": `{"how":"politely"}`,
	} {
		for _, b := range []string{body, "not json", `[]`} {
			if status, answer = devRequest(t, s, http.MethodPost, path, b); status != http.StatusBadRequest || answer["error"] == nil {
				t.Errorf("%s %s: %d %v", path, b, status, answer)
			}
		}
		if status, _ = devRequest(t, s, http.MethodGet, path, ""); status != http.StatusMethodNotAllowed {
			t.Errorf("GET %s: %d", path, status)
		}
	}
}
