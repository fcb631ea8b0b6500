package rtx_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
)

// endpoint authorises by the server's own auth backend, over HTTP.
func endpoint(s *testserver.Server, opts ...auth.EndpointOption) rtx.Option {
	return rtx.WithAuth(auth.Endpoint(s.AuthEndpoint(), append(opts, auth.WithHTTPClient(s.HTTPClient()), auth.WithPlainHTTP())...))
}

func TestEndpoint(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s, endpoint(s), rtx.WithUserData(map[string]any{"user_id": "7", "user_info": map[string]string{"name": "Ada"}}))
		stream := opened[numbered](t, c.Channel("private-a"), "n")
		if _, err := c.Channel("presence-a").Subscribe(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Channel("presence-b", rtx.WithUserData(map[string]any{"user_id": "8"})).Subscribe(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(s.Members("presence-a"), s.Members("presence-b")); got != "[7] [8]" {
			t.Errorf("members are %s", got)
		}
		s.DropAll(testserver.Reset)
		time.Sleep(time.Minute)
		publish(s, "private-a", 1)
		if got := outline(stream); got != "reconnected 1" {
			t.Errorf("got %s", got)
		}
		for _, r := range s.ReceivedOn(testserver.KindSubscribe, "private-a") {
			if !r.ValidAuth {
				t.Errorf("a signature was wrong: %+v", r)
			}
		}
		for _, r := range s.Auth().Requests() {
			if !r.Bearer || (r.UserData != nil) != strings.HasPrefix(r.Channel, "presence-") {
				t.Errorf("request %+v", r)
			}
		}
	})
}

func TestCallbackWinsOverEndpoint(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		calls := 0
		c := connect(t, s, rtx.WithAuthEndpoint("https://backend.invalid/auth"),
			rtx.WithAuth(auth.Func(func(ctx context.Context, r auth.Request) (auth.Grant, error) {
				calls++
				return s.Signer().Private(r.SocketID, r.Channel)
			})))
		if _, err := c.Channel("private-a").Subscribe(t.Context()); err != nil {
			t.Fatal(err)
		}
		if calls != 1 {
			t.Errorf("%d calls", calls)
		}
	})
}

func TestUserDataIsTheChannelDataWhereTheAnswerHasNone(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s, rtx.WithUserData(map[string]any{"user_id": "9"}),
			rtx.WithAuth(auth.Func(func(ctx context.Context, r auth.Request) (auth.Grant, error) {
				g, err := s.Signer().Presence(r.SocketID, r.Channel, string(r.UserData))
				return auth.Grant{Auth: g.Auth}, err
			})))
		if _, err := c.Channel("presence-a").Subscribe(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(s.Members("presence-a")); got != "[9]" {
			t.Errorf("members are %s", got)
		}
	})
}

func TestAuthRefusals(t *testing.T) {
	refusals := map[string]struct {
		fault func(*testserver.Server)
		is    func(error) bool
	}{
		"403": {func(s *testserver.Server) { s.Auth().Deny("private-a") }, func(err error) bool {
			var denied *auth.DeniedError
			return errors.As(err, &denied) && denied.Status == 403
		}},
		"401": {func(s *testserver.Server) { s.Auth().FailNext(1<<20, 401) }, func(err error) bool {
			var denied *auth.DeniedError
			return errors.As(err, &denied) && denied.Status == 401
		}},
		"no answer at all": {func(s *testserver.Server) { s.Auth().MangleNext(1 << 20) }, func(err error) bool {
			var answer *auth.AnswerError
			return errors.As(err, &answer)
		}},
	}
	for name, r := range refusals {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *testserver.Server) {
				var log bytes.Buffer
				c := connect(t, s, endpoint(s), rtx.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
				r.fault(s)
				stream := rtx.On[numbered](t.Context(), c.Channel("private-a"), "n")
				for i, err := range []error{subscribe(t.Context(), c.Channel("private-a")), stream.Ready(t.Context()), stream.Err()} {
					var refused *rtx.SubscribeError
					if !errors.As(err, &refused) || refused.Channel != "private-a" || !r.is(err) {
						t.Errorf("%d: got %v", i, err)
					}
				}
				if !strings.Contains(log.String(), "private-a") {
					t.Errorf("the log says nothing: %s", log.String())
				}
				if n := len(s.ReceivedOn(testserver.KindSubscribe, "private-a")); n != 0 {
					t.Errorf("%d subscriptions were sent", n)
				}
				s.Auth().Allow("private-a")
				s.Auth().FailNext(0, 0)
				s.Auth().MangleNext(0)
				if _, err := c.Channel("private-a").Subscribe(t.Context()); err != nil {
					t.Errorf("the next Subscribe: %v", err)
				}
			})
		})
	}
}

func TestWrongSignatureIsRefusedByTheService(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s, rtx.WithAuth(auth.Func(func(ctx context.Context, r auth.Request) (auth.Grant, error) {
			return auth.Grant{Auth: "app-key:" + strings.Repeat("0", 64)}, nil
		})))
		_, err := c.Channel("private-a").Subscribe(t.Context())
		var refused *rtx.SubscribeError
		if !errors.As(err, &refused) || refused.Message == "" || refused.Err != nil {
			t.Errorf("got %#v", err)
		}
	})
}

func TestAuthTroubleIsRetriedWhileTheChannelIsHeld(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s, endpoint(s))
		s.Auth().FailNext(4, 503)
		if _, err := c.Channel("private-a").Subscribe(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := len(s.Auth().Requests()); n != 5 {
			t.Errorf("%d requests", n)
		}
		s.Auth().HangNext(1) // past the endpoint's timeout of 5 s
		if _, err := c.Channel("private-b").Subscribe(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.Auth().FailNext(1<<20, 500)
		stream := rtx.On[numbered](t.Context(), c.Channel("private-c"), "n")
		time.Sleep(10 * time.Minute)
		stream.Close()
		synctest.Wait()
		n := len(s.Auth().Requests())
		time.Sleep(10 * time.Minute)
		if again := len(s.Auth().Requests()); again != n {
			t.Errorf("%d requests for a channel that nothing holds", again-n)
		}
	})
}

// A slow answer that crosses a reconnection is of the old socket id: it never reaches the wire.
func TestSlowAnswerCrossesAReconnection(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s, rtx.WithAuth(auth.Func(func(ctx context.Context, r auth.Request) (auth.Grant, error) {
			time.Sleep(10 * time.Second) // does not heed its context
			return s.Signer().Private(r.SocketID, r.Channel)
		})))
		for i := range 20 {
			_ = rtx.On[numbered](t.Context(), c.Channel(fmt.Sprintf("private-%d", i)), "n")
		}
		for range 5 {
			time.Sleep(3 * time.Second)
			s.DropAll(testserver.Reset)
		}
		time.Sleep(time.Minute)
		for i := range 20 {
			if c.Channel(fmt.Sprintf("private-%d", i)).State() != rtx.ChannelSubscribed {
				t.Errorf("channel %d is not subscribed", i)
			}
		}
		for _, r := range s.Received() {
			if r.Kind == testserver.KindSubscribe && !r.ValidAuth {
				t.Errorf("an old signature was sent: %+v", r)
			}
		}
	})
}

// Ten thousand channels resubscribing make at most the cap's requests at a time, never two for one
// channel and socket id, and none for a session that has ended.
func TestBroker(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		const channels = 10_000
		var mu sync.Mutex
		var most, now int
		asked := make(map[string]int)
		var current atomic.Pointer[string]
		c := connect(t, s, rtx.WithAuth(capped{auth.Func(func(ctx context.Context, r auth.Request) (auth.Grant, error) {
			mu.Lock()
			now++
			most = max(most, now)
			asked[r.SocketID+" "+r.Channel]++
			if id := current.Load(); id != nil && *id != r.SocketID && ctx.Err() == nil {
				t.Errorf("asked for socket id %s, which has ended", r.SocketID)
			}
			mu.Unlock()
			time.Sleep(time.Millisecond)
			mu.Lock()
			now--
			mu.Unlock()
			return s.Signer().Private(r.SocketID, r.Channel)
		}), 7}))
		group := rtx.NewGroup(c.Channel("private-0"))
		for i := range channels {
			if err := group.Add(c.Channel(fmt.Sprintf("private-%d", i))); err != nil {
				t.Fatal(err)
			}
		}
		stream := rtx.On[numbered](t.Context(), group, "n")
		time.Sleep(100 * time.Millisecond)
		s.DropAll(testserver.Reset) // in the middle of it
		if err := stream.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		if most != 7 {
			t.Errorf("%d requests at a time, want 7", most)
		}
		for what, n := range asked {
			if n != 1 {
				t.Errorf("%s was asked for %d times", what, n)
			}
		}
		if n := len(asked); n < channels || n > channels+1000 {
			t.Errorf("%d requests for %d channels", n, channels)
		}
		if n := s.Stats().Subscriptions; n < channels || n > channels+1000 {
			t.Errorf("%d subscriptions", n)
		}
	})
}

// capped is an authorizer with a limit of its own.
type capped struct {
	auth.Authorizer
	n int
}

func (c capped) Concurrency() int { return c.n }

func TestPanickingAuthorizerIsARefusal(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s, rtx.WithAuth(auth.Func(func(ctx context.Context, r auth.Request) (auth.Grant, error) {
			panic("oh")
		})))
		var panicked *rtx.PanicError
		if _, err := c.Channel("private-a").Subscribe(t.Context()); !errors.As(err, &panicked) {
			t.Errorf("got %v", err)
		}
	})
}

func TestEndpointOnTheServiceItselfIsWarnedOf(t *testing.T) {
	var log bytes.Buffer
	c, err := rtx.New("key", rtx.WithURL("https://ws.example.com"), rtx.WithAuthEndpoint("https://ws.example.com/auth"),
		rtx.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if !strings.Contains(log.String(), "own backend") {
		t.Errorf("the log says %q", log.String())
	}
}
