package testserver

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// answerTo makes a request to the server, for a WebSocket if upgrade is set.
func answerTo(t *testing.T, s *Server, query string, upgrade bool) (status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+"/socket.io/?EIO=4&api_key="+s.Key()+"&"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	if upgrade {
		req.Header = http.Header{
			"Connection": {"Upgrade"}, "Upgrade": {"websocket"},
			"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"AAAAAAAAAAAAAAAAAAAAAA=="},
		}
	}
	resp, err := s.HTTPClient().Transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return resp.StatusCode, ""
	}
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func upgrades(t *testing.T, open string) []string {
	t.Helper()
	var h struct{ Upgrades []string }
	if err := json.Unmarshal([]byte(strings.TrimPrefix(open, "0")), &h); err != nil {
		t.Fatalf("%q: %v", open, err)
	}
	return h.Upgrades
}

// A server with one transport refuses the other as the reference server does, and offers no upgrade.
func TestWithTransports(t *testing.T) {
	s := NewServer(t, WithTransports("polling"))
	if status, body := answerTo(t, s, "transport=websocket", true); status != http.StatusBadRequest || body != `{"code":0,"message":"Transport unknown"}` {
		t.Errorf("a WebSocket: %d %s", status, body)
	}
	if status, open := answerTo(t, s, "transport=polling", false); status != http.StatusOK || len(upgrades(t, open)) != 0 {
		t.Errorf("a poll: %d %s", status, open)
	}
	s = NewServer(t, WithTransports("websocket"))
	if status, body := answerTo(t, s, "transport=polling", false); status != http.StatusBadRequest || body != `{"code":0,"message":"Transport unknown"}` {
		t.Errorf("a poll: %d %s", status, body)
	}
}

// A server behind a proxy that drops the header offers an upgrade, and refuses it.
func TestBlockWebSockets(t *testing.T) {
	s := NewServer(t)
	s.BlockWebSockets(true)
	const refusal = `{"code":3,"message":"Bad request"}`
	if status, body := answerTo(t, s, "transport=websocket", true); status != http.StatusBadRequest || body != refusal {
		t.Errorf("a WebSocket: %d %s", status, body)
	}
	if status, open := answerTo(t, s, "transport=polling", false); status != http.StatusOK || len(upgrades(t, open)) != 1 {
		t.Errorf("a poll: %d %s", status, open)
	}
	s.BlockWebSockets(false)
	if status, body := answerTo(t, s, "transport=websocket", true); status != http.StatusSwitchingProtocols {
		t.Errorf("a WebSocket after that: %d %s", status, body)
	}
}
