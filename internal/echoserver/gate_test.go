package main

import (
	"net/http"
	"testing"
)

func TestPagesOfOtherOriginsAreRefused(t *testing.T) {
	s := newSuite(t)
	for name, value := range map[string]string{"Origin": "https://evil.example", "Host": "evil.example"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+enginePath+"?EIO=4&transport=polling", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set(name, value)
		if name == "Host" {
			req.Host = value
		}
		res, err := s.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusForbidden {
			t.Errorf("%s %s: %d", name, value, res.StatusCode)
		}
	}
}
