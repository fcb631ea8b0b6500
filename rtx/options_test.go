package rtx_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtx/presence"
)

// What can't be used is refused by New, by the option's name, and not found out by Connect.
func TestBadOptionsAreRefusedByName(t *testing.T) {
	for _, c := range []struct {
		about, option string
		opts          []rtx.Option
	}{
		{"a back-off below a millisecond", "WithBackoff", []rtx.Option{rtx.WithBackoff(500*time.Microsecond, 2*time.Millisecond)}},
		{"a back-off with its limit below", "WithBackoff", []rtx.Option{rtx.WithBackoff(time.Second, time.Millisecond)}},
		{"a huge read limit", "WithReadLimit", []rtx.Option{rtx.WithReadLimit(1 << 62)}},
		{"a negative read limit", "WithReadLimit", []rtx.Option{rtx.WithReadLimit(-1)}},
		{"no write timeout", "WithWriteTimeout", []rtx.Option{rtx.WithWriteTimeout(0)}},
		{"no handshake timeout", "WithHandshakeTimeout", []rtx.Option{rtx.WithHandshakeTimeout(-1)}},
		{"a host of two lines", "WithHost", []rtx.Option{rtx.WithHost("a\nb")}},
		{"a host with a port", "WithHost", []rtx.Option{rtx.WithHost("a:443")}},
		{"a host with a path", "WithHost", []rtx.Option{rtx.WithHost("a/b")}},
		{"an open bracket", "WithHost", []rtx.Option{rtx.WithHost("[::1")}},
		{"port 99999", "WithPort", []rtx.Option{rtx.WithPort(99999)}},
		{"port 0", "WithPort", []rtx.Option{rtx.WithPort(0)}},
		{"a URL with port 99999", "WithURL", []rtx.Option{rtx.WithURL("ws://a:99999")}},
		{"a URL with a bad query", "WithURL", []rtx.Option{rtx.WithURL("ws://a?%zz")}},
		{"a URL with a user", "WithURL", []rtx.Option{rtx.WithURL("ws://u:p@a")}},
		{"a header with a bad name", "WithHeader", []rtx.Option{rtx.WithHeader(http.Header{"a b": {"c"}})}},
		{"a header with a bad value", "WithHeader", []rtx.Option{rtx.WithHeader(http.Header{"a": {"b\r\nc"}})}},
		{"two hosts", "WithHeader", []rtx.Option{rtx.WithHeader(http.Header{"host": {"a"}, "Host": {"b"}})}},
		{"a URL beside a host", "WithURL", []rtx.Option{rtx.WithURL("ws://a"), rtx.WithHost("b")}},
		{"a host beside a URL", "WithURL", []rtx.Option{rtx.WithHost("b"), rtx.WithURL("ws://a")}},
		{"a URL beside a port", "WithURL", []rtx.Option{rtx.WithURL("ws://a"), rtx.WithPort(1)}},
		{"a URL beside encryption", "WithURL", []rtx.Option{rtx.WithURL("ws://a"), rtx.WithEncryption(false)}},
	} {
		t.Run(c.about, func(t *testing.T) {
			client, err := rtx.New("key", c.opts...)
			var bad *rtx.OptionError
			if client != nil || !errors.As(err, &bad) || bad.Option != c.option {
				t.Fatalf("%T %v", err, err)
			}
			if strings.ContainsAny(err.Error(), "\r\n") {
				t.Errorf("lines in %q", err)
			}
		})
	}
}

// Each of these would be ignored in silence if it were not refused: the one that does it says so by
// the option's name, or the opener's, before there is any traffic.
func TestWhatWouldBeIgnoredIsRefused(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s, signing(s))
		user := func(id string) rtx.ChannelOption { return rtx.WithUserData(map[string]string{"user_id": id}) }
		held := c.Channel("presence-held", user("anna"))
		if _, err := held.Subscribe(t.Context()); err != nil {
			t.Fatal(err)
		}
		before := len(s.Received())
		anna, bert := c.Channel("presence-a", user("anna")), c.Channel("presence-a", user("bert"))
		for _, row := range []struct {
			about, option string
			open          func() error
		}{
			{"a URL beside a host", "WithURL", func() error { _, err := rtx.New("key", rtx.WithURL("ws://a"), rtx.WithHost("b")); return err }},
			{"a T that holds no JSON", "On", func() error { return rtx.On[func()](t.Context(), c.Channel("a"), "n").Err() }},
			{"the user data of a group", "WithUserData", func() error { return rtx.On[numbered](t.Context(), rtx.NewGroup(anna, bert), "n").Err() }},
			{"other user data added to a group", "WithUserData", func() error { return rtx.NewGroup(anna).Add(bert) }},
			{"other user data on a held channel", "WithUserData", func() error {
				return rtx.On[numbered](t.Context(), c.Channel("presence-held", user("bert")), "n").Err()
			}},
			{"other user data for a held channel", "WithUserData", func() error { return subscribe(t.Context(), c.Channel("presence-held", user("bert"))) }},
			{"user data where nobody sees it", "WithUserData", func() error { return subscribe(t.Context(), c.Channel("a", user("anna"))) }},
			{"user data that is no JSON", "WithUserData", func() error { return subscribe(t.Context(), c.Channel("presence-b", rtx.WithUserData(func() {}))) }},
		} {
			err := row.open()
			var bad *rtx.OptionError
			if !errors.As(err, &bad) || bad.Option != row.option || bad.Error() == "" {
				t.Errorf("%s: %T %v", row.about, err, err)
			}
		}
		synctest.Wait()
		if n := len(s.Received()) - before; n != 0 {
			t.Errorf("%d requests", n)
		}
	})
}

func TestNilOptionsAreIgnored(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s, nil)
		if err := rtx.On[numbered](t.Context(), c.Channel("a", nil), "n", nil).Ready(t.Context()); err != nil {
			t.Error(err)
		}
		if err := presence.Watch[any](t.Context(), c.Channel("presence-a"), nil).Err(); !errors.Is(err, rtx.ErrAuthRequired) {
			t.Errorf("a room: %v", err)
		}
		signer, err := auth.NewSigner("key", "secret", nil)
		if err != nil {
			t.Fatal(err)
		}
		auth.Handler(signer, func(*http.Request, auth.Request) (auth.Decision, error) { return auth.Decision{}, nil }, nil)
		if _, err := rtx.New("key", nil, rtx.WithAuth(auth.Endpoint("https://a.example", nil))); err != nil {
			t.Errorf("an endpoint: %v", err)
		}
	}, nil)
}

// One address for an IPv6 host, however it is written, zone included.
func TestHostsThatAreTaken(t *testing.T) {
	for _, host := range []string{"a.example", "127.0.0.1", "::1", "[::1]", "fe80::1%eth0", "[fe80::1%eth0]"} {
		c, err := rtx.New("key", rtx.WithHost(host))
		if err != nil {
			t.Errorf("%s: %v", host, err)
			continue
		}
		_ = c.Close()
	}
}

// A channel has one user data at a time: whoever comes with another is told.
func TestOtherUserDataOnAHeldChannel(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s, signing(s))
		user := func(id string) rtx.ChannelOption { return rtx.WithUserData(map[string]string{"user_id": id}) }
		isUserData := func(err error) bool {
			var bad *rtx.OptionError
			return errors.As(err, &bad) && bad.Option == "WithUserData"
		}
		anna, bert := c.Channel("presence-a", user("anna")), c.Channel("presence-a", user("bert"))
		hold, err := anna.Subscribe(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := bert.Subscribe(t.Context()); !isUserData(err) {
			t.Errorf("a second handle: %v", err)
		}
		if err := rtx.On[numbered](t.Context(), bert, "n").Err(); !isUserData(err) {
			t.Errorf("a stream of a second handle: %v", err)
		}
		if err := presence.Watch[any](t.Context(), bert).Err(); !isUserData(err) {
			t.Errorf("a room of a second handle: %v", err)
		}
		other := []*rtx.Channel{c.Channel("presence-b", user("anna")), c.Channel("presence-b", user("bert"))}
		if err := new(rtx.Group).Add(other...); !isUserData(err) {
			t.Errorf("a group: %v", err)
		}
		if err := rtx.On[numbered](t.Context(), rtx.NewGroup(other...), "n").Err(); !isUserData(err) {
			t.Errorf("a stream of a group: %v", err)
		}
		group := rtx.NewGroup(other[0])
		if err := group.Add(other[1]); !isUserData(err) || group.Len() != 1 {
			t.Errorf("one more for a group: %v", err)
		}
		without, err := c.Channel("presence-a").Subscribe(t.Context())
		if err != nil {
			t.Errorf("a handle without: %v", err)
		}
		if _, err := c.Channel("a", user("anna")).Subscribe(t.Context()); !isUserData(err) {
			t.Errorf("a channel that is no presence channel: %v", err)
		}
		hold.Release()
		if err := subscribe(t.Context(), bert); !isUserData(err) {
			t.Errorf("while another hold is left: %v", err)
		}
		without.Release()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := bert.Subscribe(ctx); err != nil {
			t.Errorf("once it was released: %v", err)
		}
		if got := fmt.Sprint(s.Members("presence-a")); got != "[bert]" {
			t.Errorf("members are %s", got)
		}
	})
}

// Who comes next, within the leave grace or while the authorizer is at work for who was before, is
// the one that is seen.
func TestTheNextUserOfAChannel(t *testing.T) {
	user := func(id string) rtx.ChannelOption { return rtx.WithUserData(map[string]string{"user_id": id}) }
	t.Run("leave grace", func(t *testing.T) {
		bubble(t, func(t *testing.T, s *testserver.Server) {
			c := connect(t, s, signing(s), rtx.WithLeaveGrace(time.Hour), rtx.WithUserData(map[string]string{"user_id": "own"}))
			for _, who := range []struct {
				ch   *rtx.Channel
				want string
			}{
				{c.Channel("presence-a", user("anna")), "anna"}, {c.Channel("presence-a", user("bert")), "bert"},
				{c.Channel("presence-a", user("bert")), "bert"}, {c.Channel("presence-a"), "own"},
			} {
				stream := opened[numbered](t, who.ch, "n")
				if got := strings.Join(s.Members("presence-a"), " "); got != who.want {
					t.Errorf("members are %s, want %s", got, who.want)
				}
				publish(s, "presence-a", 1)
				if got := outline(stream); got != "1" {
					t.Errorf("%s got %s", who.want, got)
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
				return s.Signer().Presence(r.SocketID, r.Channel, string(r.UserData))
			})
			c := connect(t, s, rtx.WithAuth(slow))
			anna := rtx.On[numbered](t.Context(), c.Channel("presence-a", user("anna")), "n")
			time.Sleep(time.Second / 2)
			anna.Close()
			opened[numbered](t, c.Channel("presence-a", user("bert")), "n")
			if got := strings.Join(s.Members("presence-a"), " "); got != "bert" {
				t.Errorf("members are %s", got)
			}
		})
	})
}
