package rtx_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtx/presence"
)

// A named authorizer signs with the server's own secret, and remembers what it was asked.
type namedAuthorizer struct {
	auth.Authorizer
	mu     sync.Mutex
	asked  []string
	users  []string
	limit  int
	takes  time.Duration
	closed int
	bad    error
	onHost bool
	now    int
	most   int
}

func newAuthorizer(s *testserver.Server) *namedAuthorizer {
	return &namedAuthorizer{Authorizer: s.Signer().Authorizer(auth.Member{}), limit: 16}
}

func (a *namedAuthorizer) Authorize(ctx context.Context, r auth.Request) (auth.Grant, error) {
	a.mu.Lock()
	a.asked, a.users = append(a.asked, r.Channel), append(a.users, string(r.UserData))
	a.now++
	a.most = max(a.most, a.now)
	a.mu.Unlock()
	time.Sleep(a.takes)
	a.mu.Lock()
	a.now--
	a.mu.Unlock()
	return a.Authorizer.Authorize(ctx, r)
}

func (a *namedAuthorizer) Concurrency() int       { return a.limit }
func (a *namedAuthorizer) Validate() error        { return a.bad }
func (a *namedAuthorizer) SameServer(string) bool { return a.onHost }
func (a *namedAuthorizer) CloseIdleConnections()  { a.mu.Lock(); defer a.mu.Unlock(); a.closed++ }

// what returns the channels that it was asked for since the last call.
func (a *namedAuthorizer) what() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	defer func() { a.asked, a.users = nil, nil }()
	return strings.Join(a.asked, " ")
}

// The authorizer of a channel is used for it in place of the client's, on every connection; other
// channels have the client's.
func TestAuthorizerOfAChannel(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		common, own := newAuthorizer(s), newAuthorizer(s)
		c := connect(t, s, rtx.WithAuth(common), rtx.WithAuthEndpoint("https://backend.invalid/auth"), rtx.WithUserData(map[string]string{"user_id": "common"}))
		opened[numbered](t, c.Channel("private-a"), "n")
		opened[numbered](t, c.Channel("private-b", rtx.WithAuth(own)), "n")
		opened[numbered](t, c.Channel("presence-c", nil, rtx.WithAuth(own), rtx.WithUserData(map[string]string{"user_id": "ann"})), "n")
		opened[numbered](t, c.Channel("presence-d", rtx.WithAuth(own)), "n")
		opened[numbered](t, c.Channel("private-b"), "n") // a handle without one
		for range 2 {
			own.mu.Lock()
			users := strings.Join(own.users, "")
			own.mu.Unlock()
			if got, of := common.what(), own.what(); got != "private-a" || of != "private-b presence-c presence-d" || users != `{"user_id":"ann"}{"user_id":"common"}` {
				t.Errorf("the client's was asked for %q, the channels' for %q as %s", got, of, users)
			}
			if got := fmt.Sprint(s.Members("presence-c"), s.Members("presence-d")); got != "[ann] [common]" {
				t.Errorf("members are %s", got)
			}
			s.DropAll(testserver.Reset)
			time.Sleep(time.Minute)
		}
	})
}

// A client needs no authorizer if the channel has one; a room works with it.
func TestAuthorizerOfAChannelAlone(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		if err := subscribe(t.Context(), c.Channel("private-a")); !errors.Is(err, rtx.ErrAuthRequired) {
			t.Errorf("without an authorizer: %v", err)
		}
		with := rtx.WithAuth(s.Signer().Authorizer(auth.Member{ID: "ann"}))
		room := presence.Watch[struct{}](t.Context(), c.Channel("presence-a", with))
		if err := room.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		if me, ok := room.Me(); !ok || me.ID != "ann" {
			t.Errorf("the member is %v", me)
		}
		if err := subscribe(t.Context(), c.Channel("presence-a")); err != nil { // the channel has one
			t.Errorf("a handle without one: %v", err)
		}
	})
}

// A channel has one authorizer at a time.
func TestOtherAuthorizerWhileHeld(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		sign := auth.Func(func(_ context.Context, r auth.Request) (auth.Grant, error) {
			return s.Signer().Private(r.SocketID, r.Channel)
		})
		common := newAuthorizer(s)
		one := newAuthorizer(s)
		function := rtx.WithAuth(sign)
		c := connect(t, s, rtx.WithAuth(common))
		refused := func(err error) bool {
			var option *rtx.OptionError
			return errors.As(err, &option) && option.Option == "WithAuth"
		}
		for _, tt := range []struct {
			name          string
			first, second []rtx.ChannelOption
			ok            bool
		}{
			{"the same", opts(rtx.WithAuth(one)), opts(rtx.WithAuth(one)), true},
			{"none", opts(rtx.WithAuth(one)), nil, true},
			{"the client's", nil, opts(rtx.WithAuth(common)), true},
			{"another", opts(rtx.WithAuth(one)), opts(rtx.WithAuth(newAuthorizer(s))), false},
			{"one for the client's", nil, opts(rtx.WithAuth(one)), false},
			{"the client's for one", opts(rtx.WithAuth(one)), opts(rtx.WithAuth(common)), false},
			{"the same function", opts(function), opts(function), true},
			{"the same function once more", opts(rtx.WithAuth(sign)), opts(rtx.WithAuth(sign)), false},
			{"one that can't be compared", opts(rtx.WithAuth(uncomparable{sign, []int{1}})), opts(rtx.WithAuth(uncomparable{sign, []int{1}})), false},
		} {
			first, second := c.Channel("private-a", tt.first...), c.Channel("private-a", tt.second...)
			hold, err := first.Subscribe(t.Context())
			if err != nil {
				t.Fatal(tt.name, err)
			}
			holds := []*rtx.Hold{hold}
			for name, take := range map[string]func() error{
				"Subscribe": func() error {
					h, err := second.Subscribe(t.Context())
					holds = append(holds, h)
					return err
				},
				"On": func() error {
					s := rtx.On[numbered](t.Context(), second, "n")
					defer s.Close()
					return s.Ready(t.Context())
				},
				"a group": func() error { return rtx.NewGroup().Add(second) },
			} {
				if err := take(); (err == nil) != tt.ok || !tt.ok && !refused(err) {
					t.Errorf("%s, %s: %v", tt.name, name, err)
				}
			}
			for _, h := range holds {
				h.Release()
			}
			synctest.Wait()
			if err := rtx.NewGroup().Add(first, second); (err == nil) != tt.ok {
				t.Errorf("%s, both in a group: %v", tt.name, err)
			}
			if hold, err = second.Subscribe(t.Context()); err != nil {
				t.Errorf("%s, once it was released: %v", tt.name, err)
			}
			hold.Release()
			synctest.Wait()
		}
	})
}

func opts(o ...rtx.ChannelOption) []rtx.ChannelOption { return o }

// uncomparable is an authorizer of a type that == panics for.
type uncomparable struct {
	auth.Func
	_ []int
}

// Who holds the channel next, in the leave grace or while the authorizer is at work for who held it
// before, is let in by their own authorizer.
func TestTheNextAuthorizerOfAChannel(t *testing.T) {
	t.Run("leave grace", func(t *testing.T) {
		bubble(t, func(t *testing.T, s *testserver.Server) {
			c := connect(t, s, rtx.WithLeaveGrace(time.Hour))
			anna, bert := rtx.WithAuth(s.Signer().Authorizer(auth.Member{ID: "anna"})), rtx.WithAuth(s.Signer().Authorizer(auth.Member{ID: "bert"}))
			for _, who := range []struct {
				with rtx.ChannelOption
				want string
			}{{anna, "[anna]"}, {bert, "[bert]"}, {bert, "[bert]"}, {anna, "[anna]"}} {
				stream := opened[numbered](t, c.Channel("presence-a", who.with), "n")
				if got := fmt.Sprint(s.Members("presence-a")); got != who.want {
					t.Errorf("members are %s, want %s", got, who.want)
				}
				stream.Close()
			}
			if n := len(s.ReceivedOn(testserver.KindSubscribe, "presence-a")); n != 3 {
				t.Errorf("%d subscriptions, want 3", n)
			}
		})
	})
	t.Run("authorizer at work", func(t *testing.T) {
		bubble(t, func(t *testing.T, s *testserver.Server) {
			slow := auth.Func(func(ctx context.Context, r auth.Request) (auth.Grant, error) {
				time.Sleep(time.Second)
				return s.Signer().Presence(r.SocketID, r.Channel, `{"user_id":"anna"}`)
			})
			c := connect(t, s)
			anna := rtx.On[numbered](t.Context(), c.Channel("presence-a", rtx.WithAuth(slow)), "n")
			time.Sleep(time.Second / 2)
			anna.Close()
			opened[numbered](t, c.Channel("presence-a", rtx.WithAuth(s.Signer().Authorizer(auth.Member{ID: "bert"}))), "n")
			if got := fmt.Sprint(s.Members("presence-a")); got != "[bert]" {
				t.Errorf("members are %s", got)
			}
		})
	})
}

// Each authorizer has its own limit; one that stands still keeps no other from its channels.
func TestAuthorizersHaveTheirOwnLimits(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		stuck := auth.Func(func(ctx context.Context, _ auth.Request) (auth.Grant, error) {
			<-ctx.Done()
			return auth.Grant{}, ctx.Err()
		})
		c := connect(t, s, rtx.WithAuth(stuck))
		own := newAuthorizer(s)
		own.limit, own.takes = 3, time.Second
		for i := range 100 {
			_ = rtx.On[numbered](t.Context(), c.Channel(fmt.Sprint("private-stuck-", i)), "n")
		}
		start := time.Now()
		group := rtx.NewGroup()
		for i := range 9 {
			if err := group.Add(c.Channel(fmt.Sprint("private-", i), rtx.WithAuth(own))); err != nil { // one option each
				t.Fatal(err)
			}
		}
		opened[numbered](t, group, "n")
		if took := time.Since(start); took != 3*time.Second || own.most != 3 {
			t.Errorf("it took %v, %d at a time", took, own.most)
		}
	})
}

// The channels of one authorizer share its batches, whichever option gave it to them.
func TestAuthorizersShareBatches(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		b := newBackend(s, 0, nil)
		a := b.endpoint(auth.WithBatch(0, 100))
		c := connect(t, s, rtx.WithAuth(a))
		group := rtx.NewGroup()
		for i := range 100 {
			ch := c.Channel(fmt.Sprint("private-", i))
			if i%2 == 0 {
				ch = c.Channel(ch.Name(), rtx.WithAuth(a))
			}
			if err := group.Add(ch); err != nil {
				t.Fatal(err)
			}
		}
		opened[numbered](t, group, "n")
		if n, _ := b.asked(); n != 1 {
			t.Errorf("%d requests", n)
		}
	})
}

// A thousand calls of all authorizers together run at a time; the others follow.
func TestAuthorizersTogetherAreBounded(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		const channels = 3000
		var mu sync.Mutex
		now, most, let := 0, 0, make(chan struct{})
		c := connect(t, s)
		group := rtx.NewGroup()
		for i := range channels {
			own := rtx.WithAuth(auth.Func(func(ctx context.Context, r auth.Request) (auth.Grant, error) {
				mu.Lock()
				now++
				most = max(most, now)
				mu.Unlock()
				<-let
				mu.Lock()
				now--
				mu.Unlock()
				return s.Signer().Private(r.SocketID, r.Channel)
			}))
			if err := group.Add(c.Channel(fmt.Sprint("private-", i), own)); err != nil {
				t.Fatal(err)
			}
		}
		stream := rtx.On[numbered](t.Context(), group, "n")
		synctest.Wait()
		close(let)
		if err := stream.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		if most != 1024 {
			t.Errorf("%d calls at a time", most)
		}
		if got := rtx.TablesOf(c)["authorizers"]; got != channels {
			t.Errorf("%d authorizers are known", got)
		}
		stream.Close()
		synctest.Wait()
		if got := rtx.TablesOf(c)["authorizers"]; got != 0 {
			t.Errorf("%d authorizers are left", got)
		}
	})
}

// An authorizer of a channel that nothing holds any more is let go of: its idle connections are
// closed, and so are those of the others at the client's end.
func TestAuthorizerIsLetGo(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		common, one, two := newAuthorizer(s), newAuthorizer(s), newAuthorizer(s)
		c := connect(t, s, rtx.WithAuth(common))
		opened[numbered](t, c.Channel("private-c"), "n").Close()
		a := opened[numbered](t, c.Channel("private-a", rtx.WithAuth(one)), "n")
		b := opened[numbered](t, c.Channel("private-b", rtx.WithAuth(one)), "n")
		opened[numbered](t, c.Channel("private-d", rtx.WithAuth(two)), "n")
		closed := func(when string, want ...int) {
			t.Helper()
			synctest.Wait()
			if got := []int{common.closed, one.closed, two.closed}; fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s: closed %v times, want %v", when, got, want)
			}
		}
		a.Close()
		closed("one of two", 0, 0, 0)
		b.Close()
		closed("both", 0, 1, 0)
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		closed("the client", 1, 1, 1)
	})
}

// A bad authorizer of a channel is an error where the channel is used.
func TestBadAuthorizerOfAChannel(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		var log bytes.Buffer
		c := connect(t, s, signing(s), rtx.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		bad := newAuthorizer(s)
		bad.bad = errors.New("it has no address")
		for name, ch := range map[string]*rtx.Channel{
			"nil":            c.Channel("private-a", rtx.WithAuth(nil)),
			"a nil function": c.Channel("private-a", rtx.WithAuth(auth.Func(nil))),
			"an invalid one": c.Channel("private-a", rtx.WithAuth(bad)),
			"a bad URL":      c.Channel("private-a", rtx.WithAuth(auth.Endpoint("x"))),
			"public":         c.Channel("a", rtx.WithAuth(newAuthorizer(s))),
		} {
			var option *rtx.OptionError
			if err := subscribe(t.Context(), ch); !errors.As(err, &option) || option.Option != "WithAuth" {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := rtx.New("key", rtx.WithAuth(bad)); err == nil || !strings.Contains(err.Error(), "no address") {
			t.Errorf("for the client: %v", err)
		}
		log.Reset()
		same := newAuthorizer(s)
		same.onHost = true
		for range 3 {
			c.Channel("private-a", rtx.WithAuth(same))
		}
		if n := strings.Count(log.String(), "own backend"); n != 1 {
			t.Errorf("%d warnings: %s", n, log.String())
		}
		var none *rtx.Client
		if err := subscribe(t.Context(), none.Channel("private-a", rtx.WithAuth(same))); err == nil {
			t.Error("a nil client")
		}
	})
}

// Ever new authorizers that stand still leave nothing behind once nothing holds their channels.
func TestEverNewAuthorizers(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		for i := range 5000 {
			stuck := auth.Func(func(ctx context.Context, _ auth.Request) (auth.Grant, error) {
				<-ctx.Done()
				return auth.Grant{}, ctx.Err()
			})
			stream := rtx.On[numbered](t.Context(), c.Channel(fmt.Sprint("private-", i), rtx.WithAuth(stuck)), "n")
			synctest.Wait()
			stream.Close()
		}
		if got := rtx.TablesOf(c); got["authorizers"] > 1024+200 || got["channels"] > 1024+200 {
			t.Errorf("the tables have %v", got)
		}
		s.DropAll(testserver.Reset)
		time.Sleep(time.Minute)
		if got := rtx.TablesOf(c)["authorizers"]; got != 0 {
			t.Errorf("%d authorizers are left", got)
		}
	})
}
