package auth_test

import (
	"encoding/json"
	"errors"
	"io"
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

// Whatever is posted, the answer is JSON, and a grant is good for what was asked and for nothing
// else.
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
	f.Add("POST", "application/json", `{"socket_id":"s","channel_name":["private-a","presence-b","public","private-\ud800","private-a:b"]}`)
	f.Add("POST", "application/json", `{"socket_id":"s","channel_name":["private-a",null],"channel_name":[]}`)
	f.Add("POST", "application/x-www-form-urlencoded", "&socket_id=s&channel_name[0]=private-a&channel_name[1]=presence-b&user_data=%7B%7D")
	f.Add("POST", "application/x-www-form-urlencoded", "socket_id=s&channel_name[]=private-a&channel_name[]=private-%ff&channel_name[7]=")
	f.Add("POST", "application/x-www-form-urlencoded", "socket_id=s&channel_name[00]=private-a&channel_name=private-b")
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
		var answer map[string]json.RawMessage
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			t.Fatalf("%q is answered with %q", body, w.Body)
		}
		switch w.Code {
		case 200:
			asked, batch, ok := asOthersRead(mediaType, body)
			if !ok || method != "POST" {
				t.Fatalf("%s %q is granted", method, body)
			}
			if !batch {
				var g auth.Grant
				if err := json.Unmarshal(w.Body.Bytes(), &g); err != nil {
					t.Errorf("%q is answered with %q", body, w.Body)
				}
				goodFor(t, s, asked[0], g)
				return
			}
			if len(answer) > len(asked) {
				t.Errorf("%q is answered with %q", body, w.Body)
			}
			for _, r := range asked {
				var p part
				if err := json.Unmarshal(answer[r.Channel], &p); err != nil {
					t.Fatalf("%q is answered with %q: nothing for %q", body, w.Body, r.Channel)
				}
				if (p.Status == 200) != (p.Data != nil) || (p.Status == 400) != (p.Error != "") {
					t.Errorf("%q: %q is answered with %+v", body, r.Channel, p)
				}
				if p.Data != nil {
					goodFor(t, s, r, *p.Data)
				}
			}
		case 400, 405, 413, 415:
			if len(answer["error"]) == 0 || answer["auth"] != nil {
				t.Errorf("%d with %s", w.Code, w.Body)
			}
		default:
			t.Errorf("status %d", w.Code)
		}
	})
}

// goodFor checks that a grant is good for what was asked, and that this can't be read in two ways.
func goodFor(t *testing.T, s *auth.Signer, r auth.Request, g auth.Grant) {
	t.Helper()
	if !s.Verify(r.SocketID, r.Channel, g) || g.Check(r) != nil {
		t.Errorf("%v is granted with another grant", r)
	}
	if strings.Contains(r.SocketID+r.Channel, ":") || !utf8.ValidString(r.Channel) {
		t.Errorf("%v is ambiguous", r)
	}
}

// asOthersRead reads a request with other parsers than the handler has, which take the last of a
// name's values.
func asOthersRead(mediaType, body string) (asked []auth.Request, batch, ok bool) {
	body = strings.TrimPrefix(body, "\ufeff")
	if mediaType == "application/x-www-form-urlencoded" {
		form, err := url.ParseQuery(body)
		if err != nil || len(form["socket_id"]) != 1 {
			return nil, false, false
		}
		socketID := form.Get("socket_id")
		for field, names := range form {
			if strings.HasPrefix(field, "channel_name[") {
				for _, name := range names {
					asked = append(asked, auth.Request{SocketID: socketID, Channel: strings.ToValidUTF8(name, "\ufffd")})
				}
			}
		}
		if one := form["channel_name"]; len(asked) == 0 && len(one) == 1 {
			return []auth.Request{{SocketID: socketID, Channel: one[0]}}, false, true
		}
		return asked, true, len(asked) > 0 && !form.Has("channel_name")
	}
	var fields map[string]any
	if json.Unmarshal([]byte(body), &fields) != nil {
		return nil, false, false
	}
	socketID, _ := fields["socket_id"].(string)
	list, batch := fields["channel_name"].([]any)
	for _, name := range list {
		channel, ok := name.(string)
		if !ok {
			return nil, true, false
		}
		asked = append(asked, auth.Request{SocketID: socketID, Channel: channel})
	}
	if channel, ok := fields["channel_name"].(string); ok {
		asked = []auth.Request{{SocketID: socketID, Channel: channel}}
	}
	return asked, batch, len(asked) > 0
}

// Whatever a backend answers to a batch, each channel has one grant of the right form or one typed
// error, and no more is asked than the batch, its halves, and one channel alone.
func FuzzBatchAnswer(f *testing.F) {
	const good = `{"status":200,"data":{"auth":"` + signed + `","channel_data":"{}"}}`
	f.Add(200, `{"private-a":`+good+`,"private-b":`+good+`,"presence-c":`+good+`,"private-d":{"status":403}}`, "")
	f.Add(200, `{"private-a":`+good+`,"private-a":`+good+`,"\u0070rivate-b":`+good+`}`, "")
	f.Add(200, `{"private-a":{"status":503},"private-b":{"status":2e2,"data":{}},"presence-c":{"data":null},"private-d":{"status":401}}`, "120")
	f.Add(200, "\ufeff"+`{"private-a":[],"private-b":null,"presence-c":{"status":"200"},"x":1,"x":2}`, "")
	f.Add(200, `{"auth":"`+signed+`"}`, "")
	f.Add(200, `{}`, "")
	f.Add(413, ``, "")
	f.Add(504, ``, "Mon, 02 Jan 2006 15:04:05 GMT")
	f.Add(401, `<html>`, "-1")
	f.Add(500, ``, "")
	f.Fuzz(func(t *testing.T, status int, body, retryAfter string) {
		alone, together := 0, 0
		network := over(func(r *http.Request) (*http.Response, error) {
			asked, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			if !strings.Contains(string(asked), "[") {
				alone++
				return reply(r, 200, `{"auth":"`+signed+`","channel_data":"{}"}`), nil
			}
			together++
			resp := reply(r, status, body)
			resp.Header.Set("Retry-After", retryAfter)
			return resp, nil
		})
		rs := several("private-a", "private-b", "presence-c", "private-d")
		a := auth.Endpoint(fakeURL, network, auth.WithBatch(0, 10)).(auth.BatchAuthorizer)
		outs := a.AuthorizeBatch(t.Context(), rs)
		if len(outs) != len(rs) || together+alone > 7 || status != 413 && together+alone > 2 {
			t.Errorf("%d outcomes by %d requests", len(outs), together+alone)
		}
		for i, o := range outs {
			retry, isRetry := errors.AsType[*auth.RetryError](o.Err)
			wrong, isWrong := errors.AsType[*auth.AnswerError](o.Err)
			_, isDenied := errors.AsType[*auth.DeniedError](o.Err)
			switch {
			case o.Err == nil:
				if o.Grant.Check(rs[i]) != nil || status/100 != 2 && alone == 0 {
					t.Errorf("%s is granted by %d %q", rs[i].Channel, status, body)
				}
				continue
			case o.Grant != auth.Grant{}:
				t.Error("a grant beside an error")
			case o.Err == auth.ErrAlone, isDenied:
			case isRetry && (retry.After < 0 || retry.After > 10*time.Minute):
				t.Errorf("to be tried again after %v", retry.After)
			case isWrong && wrong.Reason == "":
				t.Error("no reason")
			case !isRetry && !isWrong:
				t.Errorf("an error of no type: %v", o.Err)
			}
			if len(body) > 20 && !strings.Contains(words, body) && strings.Contains(o.Err.Error(), body) {
				t.Errorf("%v echoes the answer", o.Err)
			}
		}
		if _, most := a.Batch(); most < 1 || most > 10 {
			t.Errorf("%d at once from now on", most)
		}
	})
}

// words are in errors, whatever the answer.
const words = `auth: channel "private-a" is refused: HTTP 200: answer: appears twice not JSON auth: the channel must be asked for alone`
