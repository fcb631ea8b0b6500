package auth_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/rtx/auth"
)

const (
	apiKey = "app-key-0123456789"
	sum    = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	signed = "key-1:" + sum
)

func private() auth.Request {
	return auth.Request{SocketID: "sock-1", Channel: "private-a", Key: auth.NewSecret(apiKey)}
}

func presence() auth.Request {
	r := private()
	r.Channel, r.UserData = "presence-a", []byte(`{"user_id":"7"}`)
	return r
}

// backend serves f on the loopback until the test ends.
func backend(t *testing.T, f http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	return s
}

// answering is a backend that always gives the same answer.
func answering(t *testing.T, status int, body string) *httptest.Server {
	return backend(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

// endpoint is an auth.Endpoint whose idle connections are closed when the test ends.
func endpoint(t testing.TB, url string, opts ...auth.EndpointOption) auth.Authorizer {
	t.Helper()
	a := auth.Endpoint(url, opts...)
	t.Cleanup(a.(interface{ CloseIdleConnections() }).CloseIdleConnections)
	if err := a.(interface{ Validate() error }).Validate(); err != nil {
		t.Fatal(err)
	}
	return a
}

func TestEndpointRequest(t *testing.T) {
	withUserData := private()
	withUserData.UserData = []byte(`{"user_id":"7"}`)
	anonymous := presence()
	anonymous.UserData = nil
	spaced := presence()
	spaced.UserData = []byte(`{ "user_id": 7, "n": 1.50 }`)
	halved := presence()
	halved.UserData = []byte(`{"user_id":"7","name":"\ud83d"}`)
	keyless := private()
	keyless.Key = auth.Secret{}
	for _, c := range []struct {
		name   string
		r      auth.Request
		opts   []auth.EndpointOption
		body   string
		bearer string
	}{
		{"private", private(), nil, `{"socket_id":"sock-1","channel_name":"private-a"}`, "Bearer " + apiKey},
		{"user data is for presence only", withUserData, nil, `{"socket_id":"sock-1","channel_name":"private-a"}`, "Bearer " + apiKey},
		{"presence", presence(), nil, `{"socket_id":"sock-1","channel_name":"presence-a","user_data":{"user_id":"7"}}`, "Bearer " + apiKey},
		{"user data keeps its numbers", spaced, nil, `{"socket_id":"sock-1","channel_name":"presence-a","user_data":{"user_id":7,"n":1.50}}`, "Bearer " + apiKey},
		{"half a surrogate pair in the user data", halved, nil, `{"socket_id":"sock-1","channel_name":"presence-a","user_data":{"user_id":"7","name":"` + "\ufffd" + `"}}`, "Bearer " + apiKey},
		{"presence without user data", anonymous, nil, `{"socket_id":"sock-1","channel_name":"presence-a"}`, "Bearer " + apiKey},
		{"no key", keyless, nil, `{"socket_id":"sock-1","channel_name":"private-a"}`, ""},
		{
			"a token replaces the key", private(),
			[]auth.EndpointOption{auth.WithToken(func(context.Context, bool) (string, error) { return "tok", nil })},
			`{"socket_id":"sock-1","channel_name":"private-a"}`, "Bearer tok",
		},
		{
			"a header replaces the key", private(),
			[]auth.EndpointOption{auth.WithHeader(http.Header{"Authorization": {"Basic abc"}})},
			`{"socket_id":"sock-1","channel_name":"private-a"}`, "Basic abc",
		},
		{
			"fields", private(),
			[]auth.EndpointOption{auth.WithField("tenant", 3), auth.WithField("app", "x"), auth.WithField("tenant", 4)},
			`{"socket_id":"sock-1","channel_name":"private-a","app":"x","tenant":4}`, "Bearer " + apiKey,
		},
		{
			"fields, as encoding/json has them", private(),
			[]auth.EndpointOption{auth.WithField("none", []string(nil)), auth.WithField("for", time.Second)},
			`{"socket_id":"sock-1","channel_name":"private-a","for":1000000000,"none":null}`, "Bearer " + apiKey,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := backend(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				if got := string(body); got != c.body {
					t.Errorf("body is %s, want %s", got, c.body)
				}
				if got := r.Header.Get("Authorization"); got != c.bearer {
					t.Errorf("Authorization is %q, want %q", got, c.bearer)
				}
				if r.Method != "POST" || r.URL.Path != "/auth" || r.Header.Get("Content-Type") != "application/json" {
					t.Errorf("%s %s %s, want POST /auth application/json", r.Method, r.URL, r.Header.Get("Content-Type"))
				}
				_, _ = io.WriteString(w, `{"auth":"`+signed+`","channel_data":"{}"}`)
			})
			if _, err := endpoint(t, s.URL+"/auth", c.opts...).Authorize(t.Context(), c.r); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestEndpointHeader(t *testing.T) {
	s := backend(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Values("X-Tenant"); len(got) != 2 || got[0] != "a" || got[1] != "b" {
			t.Errorf("X-Tenant is %q, want a and b", got)
		}
		if got := r.Header.Get("Accept"); got != "application/vnd.mine+json" {
			t.Errorf("Accept is %q", got)
		}
		_, _ = io.WriteString(w, `{"auth":"`+signed+`"}`)
	})
	h := http.Header{"X-Tenant": {"a"}, "Accept": {"application/vnd.mine+json"}}
	a := endpoint(t, s.URL, auth.WithHeader(h), auth.WithHeader(http.Header{"X-Tenant": {"b"}}))
	h.Set("X-Tenant", "changed later")
	if _, err := a.Authorize(t.Context(), private()); err != nil {
		t.Error(err)
	}
}

func TestEndpointGrant(t *testing.T) {
	for _, c := range []struct {
		name string
		r    auth.Request
		body string
		want auth.Grant
	}{
		{"private", private(), `{"auth":"` + signed + `"}`, auth.Grant{Auth: signed}},
		{"more fields", private(), `{"ok":true,"auth":"` + signed + `","x":[{}]}`, auth.Grant{Auth: signed}},
		{"channel data on a private channel is not ours", private(), `{"auth":"` + signed + `","channel_data":{}}`, auth.Grant{Auth: signed}},
		{"a field of the backend's own, twice", private(), `{"x":1,"auth":"` + signed + `","x":{"auth":"y","auth":"z"}}`, auth.Grant{Auth: signed}},
		{"channel data twice on a private channel", private(), `{"channel_data":1,"auth":"` + signed + `","channel_data":2}`, auth.Grant{Auth: signed}},
		{"half a surrogate pair in a field of the backend's own", private(), `{"\ud83d":"\udc00","auth":"` + signed + `"}`, auth.Grant{Auth: signed}},
		{"bytes that are not UTF-8 in one", private(), `{"x":"` + "\xff" + `","auth":"` + signed + `"}`, auth.Grant{Auth: signed}},
		{"a byte order mark", private(), "\ufeff" + `{"auth":"` + signed + `"}`, auth.Grant{Auth: signed}},
		{"half a surrogate pair, escaped in the channel data", presence(), `{"auth":"` + signed + `","channel_data":"{\"user_id\":\"\\ud83d\"}"}`, auth.Grant{Auth: signed, ChannelData: `{"user_id":"\ud83d"}`}},
		{"half a surrogate pair, as the channel data", presence(), `{"auth":"` + signed + `","channel_data":"{\"user_id\":\"\ud83d\"}"}`, auth.Grant{Auth: signed, ChannelData: "{\"user_id\":\"\ufffd\"}"}},
		{"bytes that are not UTF-8 in the channel data", presence(), `{"auth":"` + signed + `","channel_data":"{\"user_id\":\"` + "\xff" + `\"}"}`, auth.Grant{Auth: signed, ChannelData: "{\"user_id\":\"\ufffd\"}"}},
		{"a field twice in the channel data", presence(), `{"auth":"` + signed + `","channel_data":"{\"x\":1,\"x\":2}"}`, auth.Grant{Auth: signed, ChannelData: `{"x":1,"x":2}`}},
		{"presence", presence(), `{"auth":"` + signed + `","channel_data":"{\"user_id\": \"1\"}"}`, auth.Grant{Auth: signed, ChannelData: `{"user_id": "1"}`}},
		{"presence, none", presence(), `{"auth":"` + signed + `"}`, auth.Grant{Auth: signed}},
		{"presence, null", presence(), `{"auth":"` + signed + `","channel_data":null}`, auth.Grant{Auth: signed}},
		{"presence, empty", presence(), `{"auth":"` + signed + `","channel_data":""}`, auth.Grant{Auth: signed}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, status := range []int{200, 201} {
				got, err := endpoint(t, answering(t, status, c.body).URL).Authorize(t.Context(), c.r)
				if err != nil || got != c.want {
					t.Errorf("%d: %q %q %v, want %q %q", status, got.Auth, got.ChannelData, err, c.want.Auth, c.want.ChannelData)
				}
			}
		})
	}
}

func TestEndpointMalformedAnswer(t *testing.T) {
	anonymous := presence()
	anonymous.UserData = nil
	good := `"auth":"` + signed + `"`
	for _, c := range []struct {
		name   string
		r      auth.Request
		body   string
		field  string
		reason string
	}{
		{"empty", private(), ``, "", "not JSON"},
		{"a page", private(), `<html>welcome</html>`, "", "not JSON"},
		{"cut short", private(), `{"auth":"` + signed, "", "not JSON"},
		{"auth twice", private(), `{` + good + `,` + good + `}`, "auth", "twice"},
		{"auth twice, spelt otherwise", private(), `{` + good + `,"\u0061uth":"` + signed + `"}`, "auth", "twice"},
		{"channel data twice", presence(), `{` + good + `,"channel_data":"{}","channel_data":"[]"}`, "channel_data", "twice"},
		{"half a surrogate pair in auth", private(), `{"auth":"\ud83d:` + sum + `"}`, "auth", "not visible ASCII"},
		{"two byte order marks", private(), "\ufeff\ufeff{" + good + "}", "", "not JSON"},
		{"a list", private(), `["` + signed + `"]`, "", "not a JSON object"},
		{"bare", private(), `"` + signed + `"`, "", "not a JSON object"},
		{"too long", private(), `{` + good + `,"x":"` + strings.Repeat("x", 64<<10) + `"}`, "", "longer than 65536 bytes"},
		{"no auth", private(), `{"error":"nope"}`, "auth", "missing"},
		{"null auth", private(), `{"auth":null}`, "auth", "missing"},
		{"empty auth", private(), `{"auth":""}`, "auth", "missing"},
		{"another case", private(), `{"Auth":"` + signed + `"}`, "auth", "missing"},
		{"auth is an object", private(), `{"auth":{"auth":"x"}}`, "auth", "not a string"},
		{"auth has no colon", private(), `{"auth":"` + sum + `"}`, "auth", "no colon"},
		{"auth has no key", private(), `{"auth":":` + sum + `"}`, "auth", "the key is empty"},
		{"auth has a strange key", private(), `{"auth":"k\n:` + sum + `"}`, "auth", "the key is not visible ASCII"},
		{"auth is short", private(), `{"auth":"key-1:abc"}`, "auth", "3 characters, not 64"},
		{"auth is long", private(), `{"auth":"` + signed + `0"}`, "auth", "65 characters, not 64"},
		{"auth is no hex", private(), `{"auth":"key-1:` + strings.Repeat("g", 64) + `"}`, "auth", "not hexadecimal"},
		{"no channel data, no user data", anonymous, `{` + good + `}`, "channel_data", "missing"},
		{"channel data is an object", presence(), `{` + good + `,"channel_data":{"user_id":"1"}}`, "channel_data", "not a string"},
		{"channel data is no JSON", presence(), `{` + good + `,"channel_data":"user 1"}`, "channel_data", "not JSON text"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, err := endpoint(t, answering(t, 200, c.body).URL).Authorize(t.Context(), c.r)
			bad, ok := errors.AsType[*auth.AnswerError](err)
			if !ok {
				t.Fatalf("%v %v, want an AnswerError", g, err)
			}
			if bad.Field != c.field || !strings.Contains(bad.Reason, c.reason) || bad.Channel != c.r.Channel || bad.Status != 200 || bad.OnServer {
				t.Errorf("got %+v, want field %q, reason %q", *bad, c.field, c.reason)
			}
			if !strings.Contains(err.Error(), c.reason) || strings.Contains(err.Error(), sum) {
				t.Errorf("error %q, want the reason %q and not the signature", err, c.reason)
			}
		})
	}
}

func TestEndpointStatus(t *testing.T) {
	const body = "s3cret words"
	for _, status := range []int{400, 401, 402, 403, 404, 405, 409, 413, 415, 418, 422, 451} {
		_, err := endpoint(t, answering(t, status, body).URL).Authorize(t.Context(), private())
		denied, ok := errors.AsType[*auth.DeniedError](err)
		if !ok || denied.Status != status || denied.Channel != "private-a" || denied.OnServer {
			t.Errorf("%d: %v, want a DeniedError with the status and the channel", status, err)
		} else if strings.Contains(err.Error(), body) {
			t.Errorf("%d: %v echoes the answer", status, err)
		}
	}
	for _, status := range []int{408, 429, 500, 502, 503, 504, 599} {
		_, err := endpoint(t, answering(t, status, body).URL).Authorize(t.Context(), private())
		retry, ok := errors.AsType[*auth.RetryError](err)
		if !ok || retry.Status != status || retry.Channel != "private-a" || retry.After != 0 {
			t.Errorf("%d: %v, want a RetryError with the status and the channel", status, err)
		} else if strings.Contains(err.Error(), body) {
			t.Errorf("%d: %v echoes the answer", status, err)
		}
	}
	for _, status := range []int{204, 304, 600} {
		_, err := endpoint(t, answering(t, status, "").URL).Authorize(t.Context(), private())
		if bad, ok := errors.AsType[*auth.AnswerError](err); !ok || bad.Status != status {
			t.Errorf("%d: %v, want an AnswerError with the status", status, err)
		}
	}
}

func TestEndpointRetryAfter(t *testing.T) {
	const day = "Mon, 02 Jan 2006 "
	for _, c := range []struct {
		value, date string
		want        time.Duration
	}{
		{"7", "", 7 * time.Second},
		{" 7 ", "", 7 * time.Second},
		{"0", "", 0},
		{"-7", "", 0},
		{"1.5", "", 0},
		{"soon", "", 0},
		{"600", "", 10 * time.Minute},
		{"601", "", 10 * time.Minute},
		{"99999999999999999999", "", 10 * time.Minute},
		{day + "15:04:35 GMT", day + "15:04:05 GMT", 30 * time.Second},
		{day + "15:04:05 GMT", day + "15:04:35 GMT", 0},
		{day + "23:04:05 GMT", day + "15:04:35 GMT", 10 * time.Minute},
	} {
		for _, status := range []int{429, 503} {
			s := backend(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", c.value)
				if c.date != "" {
					w.Header().Set("Date", c.date)
				}
				w.WriteHeader(status)
			})
			_, err := endpoint(t, s.URL).Authorize(t.Context(), private())
			if retry, ok := errors.AsType[*auth.RetryError](err); !ok || retry.After != c.want {
				t.Errorf("%d with Retry-After %q at %q: %+v, want %v", status, c.value, c.date, retry, c.want)
			}
		}
	}
}

func TestEndpointOnTheServerItself(t *testing.T) {
	const hint = "must be your own backend"
	for _, c := range []struct {
		status int
		body   string
	}{{200, `{"code":0,"message":"Transport unknown"}`}, {200, "<html>"}, {404, ""}, {405, ""}, {502, ""}, {302, ""}} {
		s := answering(t, c.status, c.body)
		r := private()
		r.Server = strings.TrimPrefix(s.URL, "http://")
		a := endpoint(t, s.URL+"/auth")
		if _, err := a.Authorize(t.Context(), r); err == nil || !strings.Contains(err.Error(), hint) {
			t.Errorf("%d %s: %v, want a hint that the endpoint is the RealtimeX server", c.status, c.body, err)
		}
		r.Server = "127.0.0.1:1"
		if _, err := a.Authorize(t.Context(), r); err == nil || strings.Contains(err.Error(), hint) {
			t.Errorf("%d %s: %v, want no hint: the port is another", c.status, c.body, err)
		}
	}

	for _, c := range []struct {
		url, server string
		want        bool
	}{
		{"https://ws.realtimex.net/auth", "ws.realtimex.net:443", true},
		{"https://WS.realtimex.net.:443/auth", "ws.realtimex.net", true},
		{"https://ws.realtimex.net:8443/auth", "ws.realtimex.net:443", false},
		{"https://my.example/auth", "ws.realtimex.net:443", false},
		{"http://[::1]:3000/auth", "[::1]:3000", true},
		{"http://127.0.0.1/auth", "127.0.0.1:80", true},
		{"https://ws.realtimex.net/auth", "", false},
	} {
		a := endpoint(t, c.url).(interface{ SameServer(string) bool })
		if got := a.SameServer(c.server); got != c.want {
			t.Errorf("SameServer of %s and %q is %v", c.url, c.server, got)
		}
	}
}

func TestEndpointTLS(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"auth":"`+signed+`"}`)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)

	if _, err := endpoint(t, s.URL, auth.WithHTTPClient(s.Client())).Authorize(t.Context(), private()); err != nil {
		t.Errorf("with the server's own certificate pool: %v", err)
	}
	// The certificate may have been renewed by the next attempt.
	_, err := endpoint(t, s.URL).Authorize(t.Context(), private())
	if retry, ok := errors.AsType[*auth.RetryError](err); !ok || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a certificate of nobody's: %v %v, want a RetryError that says so", err, retry)
	}
}

func TestEndpointNetworkFailure(t *testing.T) {
	s := httptest.NewServer(nil)
	gone := s.URL
	s.Close()
	cut := backend(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, `{"auth":"`)
	})
	hijacked := func(answer string) string {
		return backend(t, func(w http.ResponseWriter, _ *http.Request) {
			c, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.WriteString(c, answer)
			_ = c.Close()
		}).URL
	}
	for name, url := range map[string]string{
		"nobody listens":   gone,
		"cut short":        cut.URL,
		"no answer at all": hijacked(""),
		"not HTTP":         hijacked("s3cret words\r\n\r\n"),
		"no header":        hijacked("HTTP/1.1 200 OK\r\ns3cret words\r\n\r\n"),
		"no length":        hijacked("HTTP/1.1 200 OK\r\nContent-Length: s3cret\r\n\r\n"),
		"a long header":    hijacked("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("s3cret", 20000) + "\r\n\r\n"),
	} {
		_, err := endpoint(t, url+"/path-s3cret?k=s3cret").Authorize(t.Context(), private())
		retry, ok := errors.AsType[*auth.RetryError](err)
		if !ok || retry.Status > 200 || retry.Unwrap() == nil {
			t.Errorf("%s: %v, want a RetryError with a reason and a cause", name, err)
		} else if strings.Contains(fmt.Sprintf("%v %+v", err, *retry), "s3cret") {
			t.Errorf("%s: %v shows the URL or the answer", name, err)
		}
	}
}

func TestEndpointEndedContext(t *testing.T) {
	cause := errors.New("the reason")
	ctx, cancel := context.WithCancelCause(t.Context())
	s := backend(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // from here on the server sees the client leave
		cancel(cause)
		<-r.Context().Done()
	})
	_, err := endpoint(t, s.URL).Authorize(ctx, private())
	if !errors.Is(err, context.Canceled) || !errors.Is(err, cause) {
		t.Errorf("%v, want the context's error and its cause", err)
	}
	if _, ok := errors.AsType[*auth.RetryError](err); ok {
		t.Errorf("%v is a verdict, but the context ended", err)
	}
}

func TestEndpointBadUserData(t *testing.T) {
	s := backend(t, func(http.ResponseWriter, *http.Request) { t.Error("was asked") })
	r := presence()
	r.UserData = []byte(`{"user_id":`)
	if _, err := endpoint(t, s.URL).Authorize(t.Context(), r); err == nil || !strings.Contains(err.Error(), "user data") {
		t.Errorf("%v, want an error that names the user data", err)
	}
}

func TestFunc(t *testing.T) {
	want := errors.New("not you")
	f := auth.Func(func(_ context.Context, r auth.Request) (auth.Grant, error) {
		if r.Channel == "private-b" {
			return auth.Grant{}, want
		}
		return auth.Grant{Auth: signed}, nil
	})
	if g, err := f.Authorize(t.Context(), private()); err != nil || g.Auth != signed || f.Validate() != nil {
		t.Errorf("%v %v %v", g, err, f.Validate())
	}
	if _, err := f.Authorize(t.Context(), auth.Request{Channel: "private-b"}); !errors.Is(err, want) {
		t.Errorf("%v, want the function's own error", err)
	}
	f = nil
	if _, err := f.Authorize(t.Context(), private()); err == nil || f.Validate() == nil {
		t.Error("a nil Func is accepted")
	}
}

func TestGrantCheck(t *testing.T) {
	anonymous := presence()
	anonymous.UserData = nil
	for _, c := range []struct {
		name  string
		g     auth.Grant
		r     auth.Request
		field string
	}{
		{"bare", auth.Grant{Auth: signed}, private(), ""},
		{"with the user data", auth.Grant{Auth: signed}, presence(), ""},
		{"with channel data", auth.Grant{Auth: signed, ChannelData: "{}"}, anonymous, ""},
		{"nothing", auth.Grant{}, private(), "auth"},
		{"no data", auth.Grant{Auth: signed}, anonymous, "channel_data"},
		{"half a surrogate pair", auth.Grant{Auth: signed, ChannelData: `{"user_id":"\ud83d"}`}, anonymous, ""},
		{"a number past 2^53 that the backend has signed", auth.Grant{Auth: signed, ChannelData: `{"user_id":9007199254740993}`}, anonymous, ""},
		{"data that is not UTF-8", auth.Grant{Auth: signed, ChannelData: "{\"user_id\":\"\xff\"}"}, anonymous, "channel_data"},
		{"bad data", auth.Grant{Auth: signed, ChannelData: "{"}, presence(), "channel_data"},
		{"endless data", auth.Grant{Auth: signed, ChannelData: `"` + strings.Repeat("a", 64<<10) + `"`}, presence(), "channel_data"},
	} {
		err := c.g.Check(c.r)
		if bad, _ := errors.AsType[*auth.AnswerError](err); (bad == nil) != (c.field == "") || bad != nil && bad.Field != c.field {
			t.Errorf("%s: %v, want field %q", c.name, err, c.field)
		}
	}
}
