package interop_test

import (
	"context"
	"errors"
	"fmt"
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

// backend is the user's own backend, on auth.Handler, for a server with these credentials. Presence channels are joined as
// the user that the query names.
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
				if err := c.Channel(ch).Subscribe(within(t)); err != nil {
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
					if err := c.Channel(ch).Subscribe(within(t)); err != nil {
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
	if err := c.Channel("private-a").Subscribe(within(t)); !errors.As(err, &denied) || denied.Status != 403 {
		t.Errorf("by the backend: %v", err)
	}
	wrong := dial(t, srv.URL(), srv.Key(), rtx.WithAuthEndpoint(backend(t, srv.Key(), "another-secret")+"?user=ann"))
	var refused *rtx.SubscribeError
	if err := wrong.Channel("private-a").Subscribe(within(t)); !errors.As(err, &refused) || refused.Message == "" {
		t.Errorf("by the server: %v", err)
	}
}

// A backend that answers only once the link has been cut: its answers are for a socket id that has ended, and never sent.
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
	group := rtx.Channels()
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
		srv := rtxtest.NewServer(t)
		sdk := startSDK(t, srv.URL(), srv.Key(), backend(t, srv.Key(), rtxtest.DefaultSecret)+"?user=ann")
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
