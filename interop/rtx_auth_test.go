package interop_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/realtimex/realtimex-go/interop/nodetest"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// backend is the user's own backend, on auth.Handler, for a server with these credentials. Presence
// channels are joined as the user that the query names.
func backend(t *testing.T, key, secret string) string {
	t.Helper()
	signer, err := auth.NewSigner(key, secret)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(auth.Handler(signer, func(r *http.Request, ask auth.Request) (auth.Decision, error) {
		user := r.URL.Query().Get("user")
		return auth.Decision{
			Allow:  user != "mallory",
			Member: auth.Member{ID: user, Info: map[string]string{"name": user}},
		}, nil
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

func TestClientAuthorised(t *testing.T) {
	srv := startServer(t)
	signer, err := auth.NewSigner(srv.Key(), srv.Secret())
	if err != nil {
		t.Fatal(err)
	}
	ways := map[string]rtx.Option{
		"endpoint":         rtx.WithAuthEndpoint(srv.AuthEndpoint() + "?user_id=ann&name=ann"),
		"endpoint of ours": rtx.WithAuthEndpoint(backend(t, srv.Key(), srv.Secret()) + "?user=ann"),
		"a form to ours":   rtx.WithAuth(auth.Endpoint(backend(t, srv.Key(), srv.Secret())+"?user=ann", auth.WithForm())),
		"signer":           rtx.WithAuth(signer.Authorizer(auth.Member{ID: "ann"})),
		"callback": rtx.WithAuth(auth.Func(func(ctx context.Context, r auth.Request) (auth.Grant, error) {
			data := ""
			if r.Presence() {
				data = `{"user_id":"ann"}`
			}
			return auth.Grant{Auth: srv.Sign(r.SocketID, r.Channel, data), ChannelData: data}, nil
		})),
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			srv.Restart()
			proxy := nodetest.StartProxy(t, srv.Addr())
			c := dial(t, proxy.URL(), srv.Key(), way, quick())
			channels := []string{"private-a", "presence-a"}
			for _, ch := range channels {
				if _, err := c.Channel(ch).Subscribe(within(t)); err != nil {
					t.Fatal(err)
				}
			}
			for range 3 {
				old := c.SocketID()
				proxy.Cut()
				st := srv.WaitFor("both channels again", func(st nodetest.Stats) bool {
					live := st.Live()
					return len(live) == 1 && live[0].SocketID != old && len(live[0].Subscribed) == 2
				})
				if err := st.SubscribedOnce(channels...); err != nil {
					t.Error(err)
				}
				for _, ch := range channels {
					if _, err := c.Channel(ch).Subscribe(within(t)); err != nil {
						t.Fatal(err)
					}
				}
			}
			for _, conn := range srv.Stats().Sockets {
				for _, a := range conn.Auths {
					if !a.Valid || a.Stale {
						t.Errorf("signature %+v", a)
					}
				}
			}
		})
	}
}

func TestClientRefusedByBackendAndByServer(t *testing.T) {
	srv := startServer(t)
	c := dial(t, srv.URL(), srv.Key(), rtx.WithAuthEndpoint(backend(t, srv.Key(), srv.Secret())+"?user=mallory"))
	var denied *auth.DeniedError
	if _, err := c.Channel("private-a").Subscribe(within(t)); !errors.As(err, &denied) || denied.Status != 403 {
		t.Errorf("by the backend: %v", err)
	}
	wrong := dial(t, srv.URL(), srv.Key(), rtx.WithAuthEndpoint(backend(t, srv.Key(), "another-secret")+"?user=ann"))
	var refused *rtx.SubscribeError
	if _, err := wrong.Channel("private-a").Subscribe(within(t)); !errors.As(err, &refused) || refused.Message == "" {
		t.Errorf("by the server: %v", err)
	}
}

// A backend that says by 419 that the session has expired is asked again with a new token, on every
// channel.
func TestClientRenewsASessionThatExpired(t *testing.T) {
	srv := startServer(t)
	signer, err := auth.NewSigner(srv.Key(), srv.Secret())
	if err != nil {
		t.Fatal(err)
	}
	handler := auth.Handler(signer, func(*http.Request, auth.Request) (auth.Decision, error) {
		return auth.Decision{Allow: true, Member: auth.Member{ID: "ann"}}, nil
	})
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer new" {
			w.WriteHeader(419)
			return
		}
		handler.ServeHTTP(w, r)
	}))
	defer web.Close()
	var expired atomic.Int64
	token := auth.WithToken(func(_ context.Context, refused bool) (string, error) {
		if refused {
			expired.Add(1)
		}
		if expired.Load() > 0 {
			return "new", nil
		}
		return "old", nil
	})
	c := dial(t, srv.URL(), srv.Key(), rtx.WithAuth(auth.Endpoint(web.URL, token, auth.WithExpired(419))))
	for _, ch := range []string{"private-a", "presence-a"} {
		if _, err := c.Channel(ch).Subscribe(within(t)); err != nil {
			t.Errorf("%s: %v", ch, err)
		}
	}
	if n := expired.Load(); n != 1 {
		t.Errorf("a new token was asked for %d times, want once", n)
	}
}

// What JSON.parse takes, from the backend or in the member, keeps nobody out.
func TestClientTakesAnOddAnswer(t *testing.T) {
	srv := startServer(t)
	for name, answer := range map[string]func(socketID string) string{
		"half a surrogate pair, escaped in the channel data": func(id string) string {
			return `{"auth":"` + srv.Sign(id, "presence-a", `{"user_id":"ann","user_info":{"name":"\ud83d"}}`) +
				`","channel_data":"{\"user_id\":\"ann\",\"user_info\":{\"name\":\"\\ud83d\"}}"}`
		},
		"half a surrogate pair, as the channel data": func(id string) string {
			return `{"auth":"` + srv.Sign(id, "presence-a", "{\"user_id\":\"ann\",\"user_info\":\"\ufffd\"}") +
				`","channel_data":"{\"user_id\":\"ann\",\"user_info\":\"\ud83d\"}"}`
		},
		"a byte order mark, and fields of its own twice": func(id string) string {
			return "\ufeff" + `{"x":"\ud83d","x":1,"auth":"` + srv.Sign(id, "presence-a", `{"user_id":"ann"}`) + `","channel_data":"{\"user_id\":\"ann\"}"}`
		},
	} {
		t.Run(name, func(t *testing.T) {
			web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				var asked struct {
					SocketID string `json:"socket_id"`
				}
				if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
					t.Error(err)
				}
				_, _ = io.WriteString(w, answer(asked.SocketID))
			}))
			defer web.Close()
			c := dial(t, srv.URL(), srv.Key(), rtx.WithAuthEndpoint(web.URL))
			if _, err := c.Channel("presence-a").Subscribe(within(t)); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("a name that is not UTF-8, from the handler", func(t *testing.T) {
		signer, err := auth.NewSigner(srv.Key(), srv.Secret())
		if err != nil {
			t.Fatal(err)
		}
		web := httptest.NewServer(auth.Handler(signer, func(*http.Request, auth.Request) (auth.Decision, error) {
			return auth.Decision{Allow: true, Member: auth.Member{ID: "ann", Info: map[string]string{"name": "a\xff"}}}, nil
		}))
		defer web.Close()
		c := dial(t, srv.URL(), srv.Key(), rtx.WithAuthEndpoint(web.URL))
		if _, err := c.Channel("presence-a").Subscribe(within(t)); err != nil {
			t.Error(err)
		}
	})
}

// A backend that answers only once the link has been cut: its answers are for a socket id that has
// ended, and never sent.
func TestClientSlowEndpointCrossesReconnects(t *testing.T) {
	srv := startServer(t)
	proxy := nodetest.StartProxy(t, srv.Addr())
	signer, err := auth.NewSigner(srv.Key(), srv.Secret())
	if err != nil {
		t.Fatal(err)
	}
	const channels = 20
	var asked atomic.Int64
	cut := make(chan struct{})
	handler := auth.Handler(signer, func(*http.Request, auth.Request) (auth.Decision, error) {
		return auth.Decision{Allow: true}, nil
	})
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == channels/2 {
			proxy.Cut()
			close(cut)
		}
		<-cut
		handler.ServeHTTP(w, r)
	}))
	defer slow.Close()
	c := dial(t, proxy.URL(), srv.Key(), quick(), rtx.WithAuthEndpoint(slow.URL))
	old := c.SocketID()
	group := rtx.NewGroup()
	var names []string
	for i := range channels {
		names = append(names, fmt.Sprintf("private-%d", i))
		if err := group.Add(c.Channel(names[i])); err != nil {
			t.Fatal(err)
		}
	}
	_ = readyOn[numbered](t, group, "n")
	st := srv.Stats()
	if err := st.SubscribedOnce(names...); err != nil {
		t.Error(err)
	}
	for _, conn := range st.Sockets {
		if conn.SocketID == old && len(conn.Auths) > 0 {
			t.Errorf("%d signatures were sent on the first link", len(conn.Auths))
		}
		for _, a := range conn.Auths {
			if !a.Valid || a.Stale {
				t.Errorf("signature %+v", a)
			}
		}
	}
}

// The official SDK, unmodified, is authorised by auth.Handler, on both servers.
func TestSDKAuthorisedByHandler(t *testing.T) {
	nodetest.Skip(t)
	t.Run("socket.io", func(t *testing.T) {
		srv := nodetest.StartServer(t)
		sdk := startSDK(t, srv.URL(), srv.Key(), backend(t, srv.Key(), srv.Secret())+"?user=ann")
		subscribeSDK(sdk)
		srv.WaitSubscribed("private-a", 1)
		srv.WaitSubscribed("presence-a", 1)
	})
	t.Run("rtxtest", func(t *testing.T) {
		srv := rtxtest.NewServer(t, rtxtest.WithSecret("secret"))
		sdk := startSDK(t, srv.URL(), srv.Key(), backend(t, srv.Key(), "secret")+"?user=ann")
		subscribeSDK(sdk)
		srv.WaitSubscribed("private-a")
		srv.WaitSubscribed("presence-a")
		if got := srv.Members("presence-a"); !slices.Equal(got, []string{"ann"}) {
			t.Errorf("members are %v", got)
		}
	})
}

func subscribeSDK(sdk *nodetest.Script) {
	sdk.Expect("connected")
	for _, channel := range []string{"private-a", "presence-a"} {
		sdk.Send("subscribe", fields{"channel": channel})
		sdk.Expect("succeeded")
	}
}
