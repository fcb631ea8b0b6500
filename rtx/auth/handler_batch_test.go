package auth_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/realtimex/realtimex-go/rtx/auth"
)

// part is what the answer to a batch says of one channel.
type part struct {
	Status int
	Data   *auth.Grant
	Error  string
}

// askBatch posts a request for several channels, and returns the parts of a positive answer.
func askBatch(t testing.TB, h http.Handler, contentType, body string) (status int, parts map[string]part, text string) {
	t.Helper()
	r := httptest.NewRequest("POST", "/auth", strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code == 200 {
		if err := json.Unmarshal(w.Body.Bytes(), &parts); err != nil {
			t.Errorf("%q is answered with %q", body, w.Body)
		}
	}
	if got := w.Header().Get("Content-Type") + w.Header().Get("Cache-Control"); got != "application/jsonno-store" {
		t.Errorf("the headers are %v", w.Header())
	}
	return w.Code, parts, w.Body.String()
}

const (
	jsonType = "application/json"
	formType = "application/x-www-form-urlencoded"
)

// Each channel of a batch is decided by itself: what is wrong with one costs the others nothing.
func TestHandlerBatch(t *testing.T) {
	s := signer(t, "key-1", "secret")
	decided := make(map[string]int)
	h := auth.Handler(s, func(r *http.Request, asked auth.Request) (auth.Decision, error) {
		decided[asked.Channel]++
		body, err := io.ReadAll(r.Body)
		if err != nil || !strings.Contains(string(body), "sock-1") || r.ContentLength != int64(len(body)) {
			t.Errorf("for %s the body reads as %q, %v", asked.Channel, body, err)
		}
		if asked.SocketID != "sock-1" || string(asked.UserData) != `{"n":1}` {
			t.Errorf("asked for %v with %s", asked, asked.UserData)
		}
		switch asked.Channel {
		case "private-no":
			return auth.Decision{}, nil
		case "private-who":
			return auth.Decision{}, auth.ErrUnauthenticated
		case "private-down":
			return auth.Decision{}, errors.New("no database")
		case "private-panic":
			panic("s3cret")
		case "presence-nobody":
			return auth.Decision{Allow: true}, nil
		}
		return auth.Decision{Allow: true, Member: auth.Member{ID: "7"}}, nil
	}, auth.WithLogger(slog.New(slog.DiscardHandler)))
	want := map[string]int{
		"private-a": 200, "presence-a": 200, "private-no": 403, "private-who": 401, "private-down": 500, "private-panic": 403,
		"presence-nobody": 403, "public": 400, "": 400, "private-a:presence-b": 400, "private-\ufffd": 400, "__proto__": 400,
	}
	names := []string{
		"private-a", "private-a", "presence-a", "private-no", "private-who", "private-down", "private-panic",
		"presence-nobody", "public", "", "private-a:presence-b", "private-\xff", "__proto__",
	}
	list, form := make([]string, len(names)), url.Values{"socket_id": {"sock-1"}, "user_data": {`{"n":1}`}}
	for i, name := range names {
		list[i] = `"` + name + `"`
		form.Set(fmt.Sprintf("channel_name[%d]", i), name)
	}
	brackets := url.Values{"socket_id": {"sock-1"}, "user_data": {`{"n":1}`}, "channel_name[]": names}
	for contentType, bodies := range map[string][]string{
		jsonType: {`{"socket_id":"sock-1","user_data":{"n":1},"channel_name":[` + strings.Join(list, ",") + `]}`},
		formType: {form.Encode(), "&" + form.Encode(), brackets.Encode()},
	} {
		for _, body := range bodies {
			clear(decided)
			status, parts, text := askBatch(t, h, contentType, body)
			if n := decided["private-a"]; n != 1 {
				t.Errorf("%s: a name that is there twice is decided %d times", contentType, n)
			}
			if status != 200 || len(parts) != len(want) {
				t.Errorf("%s: %d with %d parts, want 200 with %d: %s", contentType, status, len(parts), len(want), text)
			}
			for name, status := range want {
				got, ok := parts[name]
				if !ok || got.Status != status || (got.Data != nil) != (status == 200) || (got.Error == "") != (status == 200) {
					t.Errorf("%s: %q is %+v, want %d", contentType, name, got, status)
				}
				if got.Data != nil && !s.Verify("sock-1", name, *got.Data) {
					t.Errorf("%s: the grant for %q is not good for it", contentType, name)
				}
			}
			if strings.Contains(text, "s3cret") || strings.Contains(text, "database") {
				t.Errorf("the answer tells: %s", text)
			}
		}
	}
}

// A batch of one channel is answered as a batch: who asks for one reads such an answer.
func TestHandlerBatchOfOne(t *testing.T) {
	h := auth.Handler(signer(t, "key-1", "secret"), allowAll, auth.WithMaxBatch(1))
	for contentType, body := range map[string]string{
		jsonType: `{"socket_id":"sock-1","channel_name":["private-a"]}`,
		formType: "&socket_id=sock-1&channel_name[0]=private-a",
	} {
		if _, parts, text := askBatch(t, h, contentType, body); parts["private-a"].Data == nil {
			t.Errorf("%s is answered with %s", body, text)
		}
	}
}

func TestHandlerRefusesBadBatches(t *testing.T) {
	h := auth.Handler(signer(t, "key-1", "secret"), func(*http.Request, auth.Request) (auth.Decision, error) {
		t.Error("allow was asked")
		return auth.Decision{}, nil
	}, auth.WithMaxBatch(2))
	for _, c := range []struct {
		name, contentType, body string
		status                  int
		why                     string
	}{
		{"no name", jsonType, `{"socket_id":"1","channel_name":[]}`, 400, "channel_name: missing"},
		{"null", jsonType, `{"socket_id":"1","channel_name":["private-a",null]}`, 400, "array of strings"},
		{"a number", jsonType, `{"socket_id":"1","channel_name":["private-a",1]}`, 400, "array of strings"},
		{"an array in it", jsonType, `{"socket_id":"1","channel_name":[["private-a"]]}`, 400, "array of strings"},
		{"an object", jsonType, `{"socket_id":"1","channel_name":{"0":"private-a"}}`, 400, "JSON object with"},
		{"no socket id", jsonType, `{"channel_name":["private-a"]}`, 400, "socket_id: missing"},
		{"too many", jsonType, `{"socket_id":"1","channel_name":["private-a","private-b","private-c"]}`, 413, "more than 2 channels"},
		{"two fields", jsonType, `{"socket_id":"1","channel_name":["private-a"],"channel_name":"private-a"}`, 400, "twice"},
		{"too many in a form", formType, "socket_id=1&channel_name[]=private-a&channel_name[]=private-b&channel_name[]=private-c", 413, "more than 2"},
		{"one name and a list", formType, "socket_id=1&channel_name=private-a&channel_name[0]=private-b", 400, "channel_name appears twice"},
		{"one number twice", formType, "socket_id=1&channel_name[0]=private-a&channel_name%5B0%5D=private-b", 400, "channel_name[0] appears twice"},
		{"no number", formType, "socket_id=1&channel_name[x]=private-a", 400, "numbers"},
		{"a number spelt otherwise", formType, "socket_id=1&channel_name[00]=private-a", 400, "numbers"},
		{"a large number", formType, "socket_id=1&channel_name[99999999999999999999]=private-a", 400, "numbers"},
		{"no bracket at the end", formType, "socket_id=1&channel_name[0=private-a", 400, "numbers"},
		{"more brackets", formType, "socket_id=1&channel_name[0][1]=private-a", 400, "numbers"},
	} {
		status, answer, _ := ask(t, h, "POST", c.contentType, c.body)
		if status != c.status || !strings.Contains(answer["error"], c.why) {
			t.Errorf("%s: %d %q, want %d with %q", c.name, status, answer["error"], c.status, c.why)
		}
	}
}

// If nobody is logged in, that is so for the whole request, as clients that renew a token expect.
func TestHandlerBatchOfNobody(t *testing.T) {
	var known string
	h := auth.Handler(signer(t, "key-1", "secret"), func(_ *http.Request, asked auth.Request) (auth.Decision, error) {
		if asked.Channel == known {
			return auth.Decision{}, nil
		}
		return auth.Decision{}, auth.ErrUnauthenticated
	})
	const body = `{"socket_id":"1","channel_name":["private-a","private-b"]}`
	if status, answer, header := ask(t, h, "POST", jsonType, body); status != 401 || answer["error"] == "" || header.Get("WWW-Authenticate") == "" {
		t.Errorf("%d %v", status, answer)
	}
	known = "private-b"
	if status, parts, _ := askBatch(t, h, jsonType, body); status != 200 || parts["private-a"].Status != 401 || parts["private-b"].Status != 403 {
		t.Errorf("%d %v", status, parts)
	}
}

// Once nobody waits for the answer, allow is not asked about the rest.
func TestHandlerBatchEndsWithTheRequest(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	asked := 0
	h := auth.Handler(signer(t, "key-1", "secret"), func(*http.Request, auth.Request) (auth.Decision, error) {
		asked++
		cancel()
		return auth.Decision{Allow: true}, nil
	})
	r := httptest.NewRequestWithContext(ctx, "POST", "/", strings.NewReader(`{"socket_id":"1","channel_name":["private-a","private-b"]}`))
	r.Header.Set("Content-Type", jsonType)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if asked != 1 || w.Code != 503 {
		t.Errorf("allow was asked %d times, and the answer is %d", asked, w.Code)
	}
}

// By default a request may have 100 channels.
func TestHandlerMaxBatchDefault(t *testing.T) {
	h := auth.Handler(signer(t, "key-1", "secret"), allowAll)
	for n, want := range map[int]int{100: 200, 101: 413} {
		names := make([]string, n)
		for i := range names {
			names[i] = fmt.Sprintf(`"private-%d"`, i)
		}
		if status, parts, _ := askBatch(t, h, jsonType, `{"socket_id":"1","channel_name":[`+strings.Join(names, ",")+`]}`); status != want || want == 200 && len(parts) != n {
			t.Errorf("%d channels: %d with %d parts", n, status, len(parts))
		}
	}
	defer func() {
		if p := fmt.Sprint(recover()); !strings.Contains(p, "WithMaxBatch: 0") {
			t.Errorf("panicked with %s", p)
		}
	}()
	auth.Handler(signer(t, "key-1", "secret"), allowAll, auth.WithMaxBatch(0))
}
