package interop_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/interop/nodetest"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
)

// A recorded backend is auth.Handler, and what it was posted.
type recorded struct {
	*httptest.Server
	mu    sync.Mutex
	posts []posted
}

type posted struct{ contentType, body string }

func recordedBackend(t *testing.T, signer *auth.Signer, opts ...auth.HandlerOption) *recorded {
	t.Helper()
	handler := auth.Handler(signer, func(r *http.Request, asked auth.Request) (auth.Decision, error) {
		return auth.Decision{Allow: !strings.HasSuffix(asked.Channel, "-secret"), Member: auth.Member{ID: "ann"}}, nil
	}, opts...)
	b := new(recorded)
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		b.mu.Lock()
		b.posts = append(b.posts, posted{r.Header.Get("Content-Type"), string(body)})
		b.mu.Unlock()
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(b.Close)
	return b
}

// take returns what was posted since the last call.
func (b *recorded) take() []posted {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer func() { b.posts = nil }()
	return b.posts
}

// The batching add-on for pusher-js, as npm delivers it, is answered by auth.Handler: one request,
// and each channel has its own outcome.
func TestBatchingAddOn(t *testing.T) {
	nodetest.Skip(t)
	signer, err := auth.NewSigner("app-key", "app-secret")
	if err != nil {
		t.Fatal(err)
	}
	const id = "abc.DEF-123_9"
	web := recordedBackend(t, signer)
	addOn := nodetest.RunScript(t, "batch.mjs", nil, "--auth-endpoint", web.URL, "--delay", "20")
	outcomes := func(channels ...string) map[string]string {
		t.Helper()
		addOn.Send("authorize", fields{"socket_id": id, "channels": channels})
		got := make(map[string]string)
		for range channels {
			line := addOn.Next()
			var o struct {
				Channel, Auth, Message string
				ChannelData            string `json:"channel_data"`
				Status                 int
			}
			if err := line.Decode(&o); err != nil {
				t.Fatal(err)
			}
			switch {
			case line.Event == "granted" && signer.Verify(id, o.Channel, auth.Grant{Auth: o.Auth, ChannelData: o.ChannelData}):
				got[o.Channel] = "good " + o.ChannelData
			case line.Event == "refused" && o.Status != 0:
				got[o.Channel] = fmt.Sprint(o.Status)
			default:
				got[o.Channel] = line.String()
			}
		}
		return got
	}
	want := map[string]string{
		"private-a": "good ", "private-žluťoučký kůň & co": "good ", "presence-b": `good {"user_id":"ann"}`,
		"private-secret": "403", "public": "400", "private-a:presence-b": "400",
	}
	names := []string{"private-a", "private-žluťoučký kůň & co", "presence-b", "private-secret", "public", "private-a:presence-b"}
	if got := outcomes(names...); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	posts := web.take()
	if len(posts) != 1 {
		t.Fatalf("%d requests", len(posts))
	}
	t.Logf("the add-on posts %s: %s", posts[0].contentType, posts[0].body)

	t.Run("an Endpoint posts the same", func(t *testing.T) {
		rs := make([]auth.Request, len(names))
		for i, name := range names {
			rs[i] = auth.Request{SocketID: id, Channel: name}
		}
		ours := auth.Endpoint(web.URL, auth.WithBatch(0, 10), auth.WithForm()).(auth.BatchAuthorizer)
		ours.AuthorizeBatch(t.Context(), rs)
		own := web.take()
		if len(own) != 1 || own[0].contentType != posts[0].contentType {
			t.Fatalf("got %v", own)
		}
		a, err := url.ParseQuery(posts[0].body)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := url.ParseQuery(own[0].body); err != nil || !reflect.DeepEqual(a, b) {
			t.Errorf("the add-on posts %v, we post %v: %v", a, b, err)
		}
	})

	var hundred []string
	for i := range 100 {
		hundred = append(hundred, fmt.Sprintf("private-%d", i))
	}
	for name, outcome := range outcomes(hundred...) {
		if outcome != "good " {
			t.Errorf("%s: %s", name, outcome)
		}
	}
	if n := len(web.take()); n != 1 {
		t.Errorf("%d requests for 100 channels", n)
	}
	for name, outcome := range outcomes(append(hundred, "private-100")...) { // past the limit: 413, which refuses all
		if !strings.Contains(outcome, "the whole request was refused") {
			t.Errorf("%s: %s", name, outcome)
		}
	}
}

// The official SDK, whose requests go through the add-on, is authorised by auth.Handler on the real
// server, and so is this library's client in batches: few requests for many channels.
func TestManyChannelsOfSDKAndClient(t *testing.T) {
	srv := startServer(t)
	signer, err := auth.NewSigner(srv.Key(), srv.Secret())
	if err != nil {
		t.Fatal(err)
	}
	const channels = 40
	names := []string{"presence-a"}
	for i := range channels - 1 {
		names = append(names, fmt.Sprintf("private-%d", i))
	}
	t.Run("the SDK", func(t *testing.T) {
		web := recordedBackend(t, signer)
		sdk := startSDK(t, srv.URL(), srv.Key(), web.URL, "--auth-delay", "200")
		sdk.Expect("connected")
		for _, name := range names {
			sdk.Send("subscribe", fields{"channel": name})
		}
		for range names {
			sdk.Expect("succeeded")
		}
		if n := len(web.take()); n > channels/4 {
			t.Errorf("%d requests for %d channels", n, channels)
		} else {
			t.Logf("%d requests for %d channels", n, channels)
		}
	})
	srv.Restart()
	for name, opts := range map[string][]auth.EndpointOption{"JSON": nil, "a form": {auth.WithForm()}} {
		t.Run("the client, with "+name, func(t *testing.T) {
			srv.Restart()
			web := recordedBackend(t, signer)
			proxy := nodetest.StartProxy(t, srv.Addr())
			c := dial(t, proxy.URL(), srv.Key(), quick(), rtx.WithAuth(auth.Endpoint(web.URL, append(opts, auth.WithBatch(50*time.Millisecond, 20))...)))
			group := rtx.NewGroup()
			for _, name := range names {
				if err := group.Add(c.Channel(name)); err != nil {
					t.Fatal(err)
				}
			}
			_ = readyOn[numbered](t, group, "n")
			if n := len(web.take()); n != channels/20 {
				t.Errorf("%d requests for %d channels", n, channels)
			}
			old := c.SocketID()
			proxy.Cut()
			st := srv.WaitFor("all channels again", func(st nodetest.Stats) bool {
				live := st.Live()
				return len(live) == 1 && live[0].SocketID != old && len(live[0].Subscribed) == channels
			})
			if err := st.SubscribedOnce(names...); err != nil {
				t.Error(err)
			}
			if n := len(web.take()); n != channels/20 {
				t.Errorf("%d requests for %d channels after the cut", n, channels)
			}
		})
	}
}
