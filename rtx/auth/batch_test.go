package auth_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx/auth"
)

// several are requests for channels of one connection.
func several(names ...string) []auth.Request {
	rs := make([]auth.Request, len(names))
	for i, name := range names {
		rs[i] = auth.Request{SocketID: "sock-1", Channel: name, Key: auth.NewSecret(apiKey)}
		if strings.HasPrefix(name, "presence-") {
			rs[i].UserData = []byte(`{"user_id":"7"}`)
		}
	}
	return rs
}

// batching is an endpoint with batches of up to most channels.
func batching(t testing.TB, most int, opts ...auth.EndpointOption) auth.BatchAuthorizer {
	t.Helper()
	return endpoint(t, fakeURL, append(opts, auth.WithBatch(50*time.Millisecond, most))...).(auth.BatchAuthorizer)
}

// A web is a network whose only host is a backend. It keeps what was asked.
type web struct {
	http.Handler
	mu     sync.Mutex
	bodies []string
}

func (w *web) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	w.bodies = append(w.bodies, string(body))
	w.mu.Unlock()
	served := httptest.NewRequestWithContext(r.Context(), r.Method, r.URL.String(), bytes.NewReader(body))
	served.Header = r.Header.Clone()
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, served)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	resp := rec.Result()
	resp.Request = r
	return resp, nil
}

// sizes are for how many channels each request was; 0 for one that is no batch.
func (w *web) sizes() (sizes []int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, body := range w.bodies {
		var asked struct {
			Channels []string `json:"channel_name"`
		}
		_ = json.Unmarshal([]byte(body), &asked)
		sizes = append(sizes, len(asked.Channels))
	}
	w.bodies = nil
	return sizes
}

func (w *web) option() auth.EndpointOption {
	return auth.WithHTTPClient(&http.Client{Transport: w})
}

// knowsNoBatches is a backend of before batches: in place of a channel it takes only a string.
func knowsNoBatches(s *auth.Signer, status int) http.Handler {
	one := auth.Handler(s, allowAll, auth.WithMaxBody(1<<20))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if bytes.Contains(body, []byte("[")) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, `{"auth":"`+signed+`"}`)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		one.ServeHTTP(w, r)
	})
}

func TestBatchRequest(t *testing.T) {
	three := several("private-a", "presence-b", "private-c")
	anonymous := several("private-a", "presence-b")
	anonymous[1].UserData = nil
	for _, c := range []struct {
		name string
		rs   []auth.Request
		opts []auth.EndpointOption
		body string
	}{
		{"JSON", three, nil, `{"socket_id":"sock-1","channel_name":["private-a","presence-b","private-c"],"user_data":{"user_id":"7"}}`},
		{"no user data", anonymous, nil, `{"socket_id":"sock-1","channel_name":["private-a","presence-b"]}`},
		{"with fields", anonymous, []auth.EndpointOption{auth.WithField("tenant", 4)}, `{"socket_id":"sock-1","channel_name":["private-a","presence-b"],"tenant":4}`},
		{"a form", three, []auth.EndpointOption{auth.WithForm(), auth.WithField("tenant", 4)}, url.Values{
			"socket_id": {"sock-1"}, "channel_name[0]": {"private-a"}, "channel_name[1]": {"presence-b"}, "channel_name[2]": {"private-c"},
			"user_data": {`{"user_id":"7"}`}, "tenant": {"4"},
		}.Encode()},
		{"one is no batch", several("private-a"), nil, `{"socket_id":"sock-1","channel_name":"private-a"}`},
	} {
		w := &web{Handler: auth.Handler(signer(t, "key-1", "secret"), allowAll)}
		for i, o := range batching(t, 10, append(c.opts, w.option())...).AuthorizeBatch(t.Context(), c.rs) {
			if o.Err != nil || !signer(t, "key-1", "secret").Verify("sock-1", c.rs[i].Channel, o.Grant) {
				t.Errorf("%s: %s: %v", c.name, c.rs[i].Channel, o.Err)
			}
		}
		if len(w.bodies) != 1 || w.bodies[0] != c.body {
			t.Errorf("%s: the requests are %q, want %q", c.name, w.bodies, c.body)
		}
	}
	if outs := batching(t, 10).AuthorizeBatch(t.Context(), nil); len(outs) != 0 {
		t.Errorf("no channels have %d outcomes", len(outs))
	}
}

// What an answer says of one channel concerns no other. What it leaves out is asked for alone.
func TestBatchAnswer(t *testing.T) {
	good := `{"status":200,"data":{"auth":"` + signed + `"}}`
	parts := []struct {
		text  string
		check func(auth.Outcome) bool
	}{
		{good, granted},
		{`{"data":{"auth":"` + signed + `"}}`, granted},
		{`{"status":null,"data":{"auth":"` + signed + `","x":1},"x":1,"x":2}`, granted},
		{`{"status":201,"data":{"auth":"` + signed + `"}}`, granted},
		{``, func(o auth.Outcome) bool { return errors.Is(o.Err, auth.ErrAlone) }},
		{`{"status":403}`, denied(403)},
		{`{"status":404,"data":{"auth":"` + signed + `"}}`, denied(404)},
		{`{"status":401}`, denied(401)},
		{`{"status":500}`, retried(500)},
		{`{"status":429}`, retried(429)},
		{`{"status":408}`, retried(408)},
		{`{"status":302}`, malformed("status")},
		{`{"status":0}`, malformed("")},
		{`{"status":99}`, malformed("")},
		{`{"status":1000}`, malformed("")},
		{`{"status":-1}`, malformed("status")},
		{`{"status":"200","data":{"auth":"` + signed + `"}}`, malformed("status")},
		{`{"status":2e2,"data":{"auth":"` + signed + `"}}`, malformed("status")},
		{`{"status":200}`, malformed("data")},
		{`{"status":200,"data":null}`, malformed("data")},
		{`{"status":200,"data":"{\"auth\":\"` + signed + `\"}"}`, malformed("")},
		{`{"status":200,"data":{}}`, malformed("auth")},
		{`{"status":200,"data":{"auth":"` + sum + `"}}`, malformed("auth")},
		{`{"status":200,"data":{"auth":"` + signed + `","auth":"` + signed + `"}}`, malformed("auth")},
		{`{"status":200,"status":403,"data":{"auth":"` + signed + `"}}`, malformed("status")},
		{`null`, malformed("")}, {`"` + signed + `"`, malformed("")}, {`[]`, malformed("")},
		{good + `,"private-28":` + good, malformed("")}, // the channel twice
		{`{"status":200,"data":{"auth":"` + signed + `","x":"` + strings.Repeat("x", 64<<10) + `"}}`, malformed("")},
	}
	var names, texts []string
	for i, p := range parts {
		name := fmt.Sprintf("private-%d", i)
		if names = append(names, name); p.text != "" {
			texts = append(texts, `"`+name+`":`+p.text)
		}
	}
	answer := "\ufeff{\"x\":1,\"x\":2," + strings.Join(texts, ",") + "}"
	w := &web{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		_, _ = io.WriteString(w, answer)
	})}
	for i, o := range batching(t, 100, w.option()).AuthorizeBatch(t.Context(), several(names...)) {
		if !parts[i].check(o) {
			t.Errorf("%.100s: %+v", parts[i].text, o)
		}
		if o.Err != nil && !errors.Is(o.Err, auth.ErrAlone) && (!strings.Contains(o.Err.Error(), `"`+names[i]+`"`) || strings.Contains(o.Err.Error(), sum)) {
			t.Errorf("%.100s: the error is %v", parts[i].text, o.Err)
		}
	}
	if got := w.sizes(); !slices.Equal(got, []int{len(parts)}) {
		t.Errorf("requests for %v channels", got)
	}
}

func granted(o auth.Outcome) bool { return o.Err == nil && o.Grant == auth.Grant{Auth: signed} }

func denied(status int) func(auth.Outcome) bool {
	return func(o auth.Outcome) bool {
		e, ok := errors.AsType[*auth.DeniedError](o.Err)
		return ok && e.Status == status && o.Grant == auth.Grant{}
	}
}

func retried(status int) func(auth.Outcome) bool {
	return func(o auth.Outcome) bool {
		e, ok := errors.AsType[*auth.RetryError](o.Err)
		return ok && e.Status == status && e.After == 7*time.Second && o.Grant == auth.Grant{}
	}
}

func malformed(field string) func(auth.Outcome) bool {
	return func(o auth.Outcome) bool {
		e, ok := errors.AsType[*auth.AnswerError](o.Err)
		return ok && e.Field == field && e.Reason != "" && o.Grant == auth.Grant{}
	}
}

// A status of the whole answer that says the same of every channel is the outcome of all.
func TestBatchStatus(t *testing.T) {
	for _, status := range []int{401, 408, 429, 503, 504} {
		w := &web{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(status)
		})}
		check := retried(status)
		if status == 401 {
			check = denied(401)
		}
		rs := several("private-a", "private-b")
		for i, o := range batching(t, 10, w.option()).AuthorizeBatch(t.Context(), rs) {
			if !check(o) || !strings.Contains(o.Err.Error(), rs[i].Channel) {
				t.Errorf("%d: %s: %v", status, rs[i].Channel, o.Err)
			}
		}
		if got := w.sizes(); !slices.Equal(got, []int{2}) {
			t.Errorf("%d: requests for %v channels", status, got)
		}
	}
}

// A backend that knows no batches is found out by one channel, which is asked for alone. It is
// asked for each alone from then on, and after a time for a few at once again.
func TestBackendThatKnowsNoBatches(t *testing.T) {
	s := signer(t, "key-1", "secret")
	for _, status := range []int{200, 204, 400, 403, 404, 405, 422, 500, 501, 302} {
		synctest.Test(t, func(t *testing.T) {
			w := &web{Handler: knowsNoBatches(s, status)}
			a := batching(t, 10, w.option())
			outs := a.AuthorizeBatch(t.Context(), several("private-a", "private-b", "private-c"))
			if !s.Verify("sock-1", "private-a", outs[0].Grant) || outs[1].Err != auth.ErrAlone || outs[2].Err != auth.ErrAlone {
				t.Errorf("%d: %v", status, outs)
			}
			if got := w.sizes(); !slices.Equal(got, []int{3, 0}) {
				t.Errorf("%d: requests for %v channels, want 3 and one alone", status, got)
			}
			if window, most := a.Batch(); most != 1 || window != 50*time.Millisecond {
				t.Errorf("%d: %d at once", status, most)
			}
			time.Sleep(5*time.Minute - 1)
			if _, most := a.Batch(); most != 1 {
				t.Errorf("%d: %d at once before the time", status, most)
			}
			time.Sleep(time.Nanosecond)
			if _, most := a.Batch(); most != 2 {
				t.Errorf("%d: %d at once after 5 minutes", status, most)
			}
			a.AuthorizeBatch(t.Context(), several("private-a", "private-b"))
			if _, most := a.Batch(); most != 1 {
				t.Errorf("%d: %d at once, and it knows no batches still", status, most)
			}
			w.Handler = auth.Handler(s, allowAll) // a new version
			time.Sleep(5 * time.Minute)
			for _, want := range []int{2, 4, 8, 10, 10} {
				_, most := a.Batch()
				if most != want {
					t.Errorf("%d: %d at once, want %d", status, most, want)
				}
				a.AuthorizeBatch(t.Context(), several(slices.Repeat([]string{"private-a"}, most)...))
			}
		})
	}
}

// A backend that fails is not taken for one that knows no batches: it fails for one channel too.
func TestBackendThatFails(t *testing.T) {
	for name, h := range map[string]http.Handler{
		"500": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }),
		"a page, then 502": func() http.Handler {
			asked := 0
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if asked++; asked > 1 {
					w.WriteHeader(502)
				}
				_, _ = io.WriteString(w, "<html>")
			})
		}(),
	} {
		w := &web{Handler: h}
		a := batching(t, 10, w.option())
		rs := several("private-a", "private-b", "private-c")
		for i, o := range a.AuthorizeBatch(t.Context(), rs) {
			if retry, ok := errors.AsType[*auth.RetryError](o.Err); !ok || retry.Channel != rs[i].Channel {
				t.Errorf("%s: %s: %v", name, rs[i].Channel, o.Err)
			}
		}
		if got := w.sizes(); !slices.Equal(got, []int{3, 0}) {
			t.Errorf("%s: requests for %v channels", name, got)
		}
		if _, most := a.Batch(); most != 10 {
			t.Errorf("%s: %d at once from now on", name, most)
		}
	}
}

// If the channel that is asked for alone is refused, nothing is known of the others, nor of
// batches.
func TestRefusedTwice(t *testing.T) {
	w := &web{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) })}
	a := batching(t, 10, w.option())
	outs := a.AuthorizeBatch(t.Context(), several("private-a", "private-b"))
	if !denied(403)(outs[0]) || outs[1].Err != auth.ErrAlone {
		t.Errorf("%v", outs)
	}
	if _, most := a.Batch(); most != 10 {
		t.Errorf("%d at once from now on", most)
	}
}

// A batch that is too large is halved until it is not, and so are the next ones.
func TestBatchIsHalved(t *testing.T) {
	s := signer(t, "key-1", "secret")
	names := make([]string, 100)
	for i := range names {
		names[i] = fmt.Sprintf("private-%d", i)
	}
	long := make([]string, 1000)
	for i := range long {
		long[i] = fmt.Sprintf("private-%0150d", i)
	}
	padded := auth.Handler(s, allowAll, auth.WithMaxBatch(1000), auth.WithMaxBody(1<<20))
	for _, c := range []struct {
		name  string
		names []string
		h     http.Handler
		sizes []int
		most  int
	}{
		{"by the number", names, auth.Handler(s, allowAll, auth.WithMaxBatch(30)), []int{100, 50, 25, 25, 50, 25, 25}, 25},
		{"by the request's length", names, auth.Handler(s, allowAll, auth.WithMaxBody(1000)), []int{100, 50, 50}, 50},
		{"before it is sent", long, auth.Handler(s, allowAll, auth.WithMaxBatch(1000)), []int{250, 250, 250, 250}, 1000},
		{"by the answer's length", long, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rec := httptest.NewRecorder()
			padded.ServeHTTP(rec, r)
			_, _ = w.Write(bytes.Replace(rec.Body.Bytes(), []byte("{"), []byte(`{"x":"`+strings.Repeat("x", 4<<20-50_000)+`",`), 1))
		}), []int{250, 125, 125, 250, 125, 125, 250, 125, 125, 250, 125, 125}, 125},
	} {
		w := &web{Handler: c.h}
		a := batching(t, 1000, w.option())
		for i, o := range a.AuthorizeBatch(t.Context(), several(c.names...)) {
			if o.Err != nil || !s.Verify("sock-1", c.names[i], o.Grant) {
				t.Fatalf("%s: %s: %v", c.name, c.names[i], o.Err)
			}
		}
		if got := w.sizes(); !slices.Equal(got, c.sizes) {
			t.Errorf("%s: requests for %v channels, want %v", c.name, got, c.sizes)
		}
		if _, most := a.Batch(); most != c.most {
			t.Errorf("%s: %d at once from now on, want %d", c.name, most, c.most)
		}
	}
}

// A batch that takes too long is tried again later, with half as many channels; and with more again
// once the backend has time.
func TestBatchThatTakesTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		perChannel := 110 * time.Millisecond
		w := &web{Handler: auth.Handler(signer(t, "key-1", "secret"), func(r *http.Request, _ auth.Request) (auth.Decision, error) {
			select {
			case <-time.After(perChannel):
			case <-r.Context().Done():
			}
			return auth.Decision{Allow: true}, nil
		})}
		a := batching(t, 100, w.option())
		ask := func() (failed int) {
			_, most := a.Batch()
			names := make([]string, most)
			for i := range names {
				names[i] = fmt.Sprintf("private-%d", i)
			}
			for i, o := range a.AuthorizeBatch(t.Context(), several(names...)) {
				retry, ok := errors.AsType[*auth.RetryError](o.Err)
				if o.Err != nil && (!ok || !retry.Timeout() || retry.Channel != names[i]) {
					t.Errorf("%s: %v", names[i], o.Err)
				}
				if o.Err != nil {
					failed++
				}
			}
			return failed
		}
		for _, want := range []struct{ most, failed int }{{100, 100}, {50, 50}, {25, 0}, {25, 0}} {
			if _, most := a.Batch(); most != want.most {
				t.Errorf("%d at once, want %d", most, want.most)
			}
			if failed := ask(); failed != want.failed {
				t.Errorf("%d failed, want %d", failed, want.failed)
			}
		}
		perChannel = 0
		time.Sleep(5 * time.Minute)
		for _, want := range []int{25, 50, 100} {
			if _, most := a.Batch(); most != want || ask() > 0 {
				t.Errorf("%d at once, want %d", most, want)
			}
		}
	})
}

// Channels of several connections, or with different user data, are no batch.
func TestMixedBatch(t *testing.T) {
	w := &web{Handler: auth.Handler(signer(t, "key-1", "secret"), allowAll)}
	a := batching(t, 10, w.option())
	other := several("private-a", "private-b")
	other[1].SocketID = "sock-2"
	users := several("presence-a", "presence-b")
	users[1].UserData = nil
	broken := several("private-a", "presence-b")
	broken[1].UserData = []byte("{")
	for name, rs := range map[string][]auth.Request{"socket ids": other, "user data": users, "broken user data": broken} {
		for _, o := range a.AuthorizeBatch(t.Context(), rs) {
			if o.Err != auth.ErrAlone {
				t.Errorf("%s: %v", name, o.Err)
			}
		}
	}
	if got := w.sizes(); got != nil {
		t.Errorf("requests for %v channels", got)
	}
}

// A token that has expired, for the whole request or as allow says for some of the channels, is
// renewed once, and only those that it was not good for are asked for again.
func TestBatchRenewsTheToken(t *testing.T) {
	s := signer(t, "key-1", "secret")
	for name, c := range map[string]struct {
		expired func(r *http.Request, channel string) bool
		sizes   []int
		renewed int
		check   func(channel string, o auth.Outcome) bool
	}{
		"for all": {
			func(r *http.Request, _ string) bool { return r.Header.Get("Authorization") != "Bearer token-1" },
			[]int{3, 3}, 1, func(channel string, o auth.Outcome) bool { return s.Verify("sock-1", channel, o.Grant) },
		},
		"for two": {
			func(r *http.Request, channel string) bool {
				return channel != "private-b" && r.Header.Get("Authorization") != "Bearer token-1"
			},
			[]int{3, 2}, 1, func(channel string, o auth.Outcome) bool { return s.Verify("sock-1", channel, o.Grant) },
		},
		"for two, the new one too": {
			func(_ *http.Request, channel string) bool { return channel != "private-b" },
			[]int{3, 2}, 1, func(channel string, o auth.Outcome) bool {
				return channel == "private-b" && o.Err == nil ||
					channel != "private-b" && denied(401)(o) && strings.Contains(o.Err.Error(), "with a new token too")
			},
		},
		"for one, the new one too": {
			func(_ *http.Request, channel string) bool { return channel == "private-b" },
			[]int{3, 1}, 1, func(channel string, o auth.Outcome) bool {
				return channel != "private-b" && o.Err == nil || channel == "private-b" && denied(401)(o)
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := &web{Handler: auth.Handler(s, func(r *http.Request, asked auth.Request) (auth.Decision, error) {
				if c.expired(r, asked.Channel) {
					return auth.Decision{}, auth.ErrUnauthenticated
				}
				return auth.Decision{Allow: true}, nil
			})}
			renewed := 0
			token := auth.WithToken(func(_ context.Context, refused bool) (string, error) {
				if refused {
					renewed++
				}
				return fmt.Sprintf("token-%d", renewed), nil
			})
			rs := several("private-a", "private-b", "private-c")
			for i, o := range batching(t, 10, w.option(), token).AuthorizeBatch(t.Context(), rs) {
				if !c.check(rs[i].Channel, o) {
					t.Errorf("%s: %v", rs[i].Channel, o.Err)
				}
			}
			if got := w.sizes(); !slices.Equal(got, c.sizes) || renewed != c.renewed {
				t.Errorf("requests for %v channels, want %v; %d renewals", got, c.sizes, renewed)
			}
		})
	}
}

// A batch is one request of WithConcurrency, and gives its place up with its context.
func TestBatchConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hangs := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		a := batching(t, 10, (&web{Handler: hangs}).option(), auth.WithConcurrency(1))
		go a.AuthorizeBatch(t.Context(), several("private-a", "private-b"))
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		for _, o := range a.AuthorizeBatch(ctx, several("private-a", "private-b")) {
			if !errors.Is(o.Err, context.DeadlineExceeded) || time.Since(start) != time.Second {
				t.Errorf("%v after %v", o.Err, time.Since(start))
			}
		}
		time.Sleep(time.Minute)
	})
}

func TestWithBatchOption(t *testing.T) {
	for _, c := range []struct {
		window time.Duration
		most   int
		ok     bool
	}{
		{0, 2, true}, {10 * time.Second, 1000, true},
		{-1, 2, false}, {10*time.Second + 1, 2, false}, {0, 1, false}, {0, 0, false}, {0, 1001, false},
	} {
		a := auth.Endpoint(fakeURL, auth.WithBatch(c.window, c.most)).(auth.BatchAuthorizer)
		err := a.(interface{ Validate() error }).Validate()
		if (err == nil) != c.ok || err != nil && !strings.Contains(err.Error(), "WithBatch") {
			t.Errorf("%v, %d: %v", c.window, c.most, err)
		}
		if window, most := a.Batch(); c.ok && (window != c.window || most != c.most) {
			t.Errorf("%v, %d: Batch returns %v, %d", c.window, c.most, window, most)
		}
		if !c.ok {
			for _, o := range a.AuthorizeBatch(t.Context(), several("private-a", "private-b")) {
				if o.Err != err {
					t.Errorf("%v, %d: %v", c.window, c.most, o.Err)
				}
			}
		}
	}
	if _, most := auth.Endpoint(fakeURL).(auth.BatchAuthorizer).Batch(); most != 1 {
		t.Errorf("without WithBatch %d are asked for at once", most)
	}
	err := auth.Endpoint(fakeURL, auth.WithField("channel_name[0]", 1)).(interface{ Validate() error }).Validate()
	if err == nil || !strings.Contains(err.Error(), "protocol's own") {
		t.Errorf("a field of the protocol: %v", err)
	}
}
