package auth_test

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/realtimex/realtimex-go/rtx/auth"
)

// Whatever a backend answers, the outcome is one grant of the right form or one typed error.
func FuzzEndpointAnswer(f *testing.F) {
	f.Add(200, `{"auth":"`+signed+`"}`, "", "", true)
	f.Add(200, `{"auth":"`+signed+`","channel_data":"{}"}`, "", "", true)
	f.Add(200, `{"auth":"a:b","channel_data":{}}`, "", "", false)
	f.Add(200, `{"auth":null,"auth":1}`, "", "", true)
	f.Add(429, ``, "120", "", false)
	f.Add(503, ``, "Mon, 02 Jan 2006 15:04:05 GMT", "", false)
	f.Add(307, ``, "", "//elsewhere.example/", false)
	f.Add(307, ``, "", "/auth", true)
	f.Add(401, `<html>`, "-1", ":", true)
	f.Add(419, ``, "", "", false)
	f.Add(200, "\ufeff"+`{"x":"\ud83d","x":1,"auth":"`+signed+`","channel_data":"{\"user_id\":\"\\ud83d\",\"user_id\":1}"}`, "", "", true)
	f.Fuzz(func(t *testing.T, status int, body, retryAfter, location string, onPresence bool) {
		network := over(func(r *http.Request) (*http.Response, error) {
			if r.URL.Host != "backend.example" || r.URL.Scheme != "https" {
				t.Errorf("the request went to %s", r.URL)
			}
			resp := reply(r, status, body)
			resp.Header.Set("Retry-After", retryAfter)
			resp.Header.Set("Location", location)
			return resp, nil
		})
		r := private()
		if onPresence {
			r = presence()
		}
		g, err := auth.Endpoint(fakeURL, network).Authorize(t.Context(), r)
		denied, isDenied := errors.AsType[*auth.DeniedError](err)
		retry, isRetry := errors.AsType[*auth.RetryError](err)
		wrong, isWrong := errors.AsType[*auth.AnswerError](err)
		switch {
		case err == nil:
			if status/100 != 2 || g.Check(r) != nil {
				t.Errorf("granted by %d %q", status, body)
			}
			return
		case g != auth.Grant{}:
			t.Error("a grant beside an error")
		case isDenied:
			if denied.Status/100 != 4 {
				t.Errorf("denied by %d", denied.Status)
			}
		case isRetry:
			if retry.After < 0 || retry.After > 10*time.Minute {
				t.Errorf("to be tried again after %v", retry.After)
			}
		case isWrong:
			if wrong.Reason == "" {
				t.Error("no reason")
			}
		default:
			t.Errorf("an error of no type: %v", err)
		}
		if len(body) > 12 && !strings.Contains("auth: channel is refused answer's HTTP", body) && strings.Contains(err.Error(), body) {
			t.Errorf("%v echoes the answer", err)
		}
	})
}

// Whatever is posted, the answer is JSON, and a grant is good for what was asked and for nothing else.
func FuzzHandlerRequest(f *testing.F) {
	f.Add("POST", "application/json", goodBody)
	f.Add("POST", "application/json", `{"socket_id":"s","channel_name":"presence-a","user_data":{"a":[1]}}`)
	f.Add("POST", "application/json", `{"socket_id":"s:private-b","channel_name":"private-a"}`)
	f.Add("POST", "application/json", `{"socket_id":"s","channel_name":"private-\ud800"}`)
	f.Add("POST", "application/json", "\ufeff"+`{"x":"\ud83d","x":1,"socket_id":"s","channel_name":"private-a"}`)
	f.Add("POST", "application/json", `{"socket_id":"s","channel_name":"private-a","channel\u005fname":"private-b"}`)
	f.Add("POST", "application/x-www-form-urlencoded", "socket_id=s&channel_name=presence-a&user_data=%7B%7D&x=1&x=2")
	f.Add("POST", "application/x-www-form-urlencoded; charset=utf-8", "\ufeffsocket_id=s&channel_name=private%2Da;x=1")
	f.Add("POST", "text/plain", goodBody)
	f.Add("GET", "", "")
	s, err := auth.NewSigner("key-1", "secret")
	if err != nil {
		f.Fatal(err)
	}
	h := auth.Handler(s, allowAll)
	f.Fuzz(func(t *testing.T, method, contentType, body string) {
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.Method = method
		r.Header.Set("Content-Type", contentType)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		mediaType, _, _ := mime.ParseMediaType(contentType)
		var answer map[string]string
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			t.Fatalf("%q is answered with %q", body, w.Body)
		}
		switch w.Code {
		case 200:
			asked, ok := asOthersRead(mediaType, body)
			if !ok {
				t.Fatalf("%q is granted", body)
			}
			g := auth.Grant{Auth: answer["auth"], ChannelData: answer["channel_data"]}
			if method != "POST" || !s.Verify(asked.SocketID, asked.Channel, g) || g.Check(asked) != nil {
				t.Errorf("%s %q is granted %v", method, body, answer)
			}
			if strings.Contains(asked.SocketID+asked.Channel, ":") || !utf8.ValidString(asked.Channel) {
				t.Errorf("%q is ambiguous", body)
			}
		case 400, 405, 413, 415:
			if answer["error"] == "" || answer["auth"] != "" {
				t.Errorf("%d with %v", w.Code, answer)
			}
		default:
			t.Errorf("status %d", w.Code)
		}
	})
}

// asOthersRead reads a request with other parsers than the handler has, which take the last of a name's values.
func asOthersRead(mediaType, body string) (r auth.Request, ok bool) {
	body = strings.TrimPrefix(body, "\ufeff")
	if mediaType == "application/x-www-form-urlencoded" {
		form, err := url.ParseQuery(body)
		if err != nil || len(form["socket_id"]) != 1 || len(form["channel_name"]) != 1 {
			return r, false
		}
		return auth.Request{SocketID: form.Get("socket_id"), Channel: form.Get("channel_name")}, true
	}
	var fields map[string]any
	if json.Unmarshal([]byte(body), &fields) != nil {
		return r, false
	}
	socketID, _ := fields["socket_id"].(string)
	channel, _ := fields["channel_name"].(string)
	return auth.Request{SocketID: socketID, Channel: channel}, true
}
