package rtx

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// A refusal by a proxy names it and says what to do, and shows neither credentials nor the key.
func TestProxyRefuses(t *testing.T) {
	for status, want := range map[int]string{
		407: " wants a user and a password (HTTP 407): give them in HTTPS_PROXY, HTTP_PROXY or the proxy of WithHTTPClient, as http://user:password@host:port",
		403: " refuses to connect to ws://service.invalid (HTTP 403): ask who runs it, or name the host in NO_PROXY",
		502: " can't reach ws://service.invalid (HTTP 502): check WithURL and the network",
	} {
		proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		defer proxy.Close()
		via, err := url.Parse(proxy.URL)
		if err != nil {
			t.Fatal(err)
		}
		via.User = url.UserPassword("user", "pr0xy-passw0rd")
		_, err = Dial(t.Context(), "the-key", WithURL("ws://service.invalid"),
			WithHTTPClient(&http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(via)}}))
		var told *ProxyError
		var failed *DialError
		if !errors.As(err, &failed) || failed.Step != StepDial || failed.Status != 0 || !failed.Retryable ||
			!errors.As(err, &told) || told.Proxy != via.Host || told.Status != status {
			t.Errorf("%d: %#v", status, err)
		}
		if got := err.Error(); got != "rtx: the proxy "+via.Host+want {
			t.Errorf("%d: %s, want the end %s", status, got, want)
		}
		if text := told.Error(); !strings.HasPrefix(text, "rtx: proxy "+via.Host+": HTTP status ") {
			t.Errorf("%d: %s", status, text)
		}
	}
	none := &ProxyError{Err: context.DeadlineExceeded}
	if !errors.Is(none, context.DeadlineExceeded) || none.Error() != "rtx: proxy: context deadline exceeded" {
		t.Errorf("%v", none)
	}
}
