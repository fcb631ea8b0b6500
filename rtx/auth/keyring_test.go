package auth_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/realtimex/realtimex-go/rtx/auth"
)

// A Signer signs with its own key and secret, and verifies those before too; no others.
func TestRotation(t *testing.T) {
	sign := func(key, secret string) map[string]auth.Grant {
		s := signer(t, key, secret)
		p, err := s.Private("sock-1", "private-a")
		if err != nil {
			t.Fatal(err)
		}
		q, err := s.Presence("sock-1", "presence-a", `{"user_id":"7"}`)
		if err != nil {
			t.Fatal(err)
		}
		return map[string]auth.Grant{"private-a": p, "presence-a": q}
	}
	pairs := map[string]map[string]auth.Grant{
		"one": sign("key-1", "one"), "two": sign("key-1", "two"), "three": sign("key-1", "three"), "other": sign("key-2", "two"),
	}
	check := func(when string, s *auth.Signer, signs string, verifies ...string) {
		t.Helper()
		for name, grants := range pairs {
			for channel, g := range grants {
				if got, want := s.Verify("sock-1", channel, g), strings.Contains(strings.Join(verifies, " "), name); got != want {
					t.Errorf("%s: of %s, %s is verified: %v, want %v", when, name, channel, got, want)
				}
				if s.Verify("sock-2", channel, g) {
					t.Errorf("%s: of %s, %s is verified for another connection", when, name, channel)
				}
			}
		}
		if g, err := s.Private("sock-1", "private-a"); err != nil || g != pairs[signs]["private-a"] {
			t.Errorf("%s: it does not sign as %s: %v", when, signs, err)
		}
		if g, err := s.Presence("sock-1", "presence-a", `{"user_id":"7"}`); err != nil || g != pairs[signs]["presence-a"] {
			t.Errorf("%s: it does not sign as %s: %v", when, signs, err)
		}
	}
	s := signer(t, "key-1", "one")
	check("at first", s, "one", "one")
	rotate := func(key, secret string) {
		if err := s.Rotate(key, secret); err != nil {
			t.Fatal(err)
		}
	}
	rotate("key-1", "two")
	check("once", s, "two", "one", "two")
	rotate("key-1", "three")
	check("twice", s, "three", "two", "three")
	rotate("key-1", "three")
	check("the same again", s, "three", "three")
	rotate("key-2", "two")
	check("another key", s, "other", "three", "other")
	if s.Key() != "key-2" {
		t.Errorf("the key is %s", s.Key())
	}
	for name, pair := range map[string][2]string{"an empty key": {"", "x"}, "a key with a colon": {"a:b", "x"}, "an empty secret": {"key-1", ""}} {
		if err := s.Rotate(pair[0], pair[1]); !isInput(err) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := auth.NewSigner("key-1", "one", auth.WithPrevious(pair[0], pair[1])); !isInput(err) || !strings.Contains(err.Error(), "WithPrevious") {
			t.Errorf("%s, WithPrevious: %v", name, err)
		}
	}
	check("after bad ones", s, "other", "three", "other")
	made, err := auth.NewSigner("key-1", "two", nil, auth.WithPrevious("key-1", "three"), auth.WithPrevious("key-1", "one"), auth.WithInvisibleNames())
	if err != nil {
		t.Fatal(err)
	}
	check("WithPrevious", made, "two", "two", "one")
	for name, s := range map[string]*auth.Signer{"zero": {}, "nil": nil} {
		if err := s.Rotate("key-1", "one"); !isInput(err) {
			t.Errorf("%s: %v", name, err)
		}
		if s.Verify("sock-1", "private-a", pairs["one"]["private-a"]) || s.Key() != "" {
			t.Errorf("%s: it has a secret", name)
		}
	}
}

func isInput(err error) bool {
	_, ok := errors.AsType[*auth.InputError](err)
	return ok
}

// A Handler and an Authorizer sign with what their Signer has, while it is rotated: every grant is
// of one pair as a whole.
func TestRotationWhileSigning(t *testing.T) {
	s := signer(t, "key-0", "secret-0")
	h := auth.Handler(s, allowAll)
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		wg.Go(func() {
			own := s.Authorizer(auth.Member{})
			for {
				select {
				case <-stop:
					return
				default:
				}
				g, err := own.Authorize(t.Context(), auth.Request{SocketID: "sock-1", Channel: "private-a"})
				if err != nil {
					t.Error(err)
				}
				_, answer, _ := ask(t, h, "POST", jsonType, goodBody)
				for _, signed := range []string{g.Auth, answer["auth"]} {
					key, _, _ := strings.Cut(signed, ":")
					if !signer(t, key, "secret"+strings.TrimPrefix(key, "key")).Verify("sock-1", "private-a", auth.Grant{Auth: signed}) {
						t.Error("a signature of two pairs")
					}
				}
			}
		})
	}
	for i := range 200 {
		if err := s.Rotate(fmt.Sprintf("key-%d", i), fmt.Sprintf("secret-%d", i)); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	wg.Wait()
}

// Neither secret is in the log.
func TestRotatedSecretsAreNotLogged(t *testing.T) {
	s, err := auth.NewSigner("key-1", "new-secret-1", auth.WithPrevious("key-1", "old-secret-1"))
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	h := auth.Handler(s, func(*http.Request, auth.Request) (auth.Decision, error) {
		return auth.Decision{}, errors.New("new-secret-1 or old-secret-1")
	}, auth.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	ask(t, h, "POST", jsonType, goodBody)
	if text := log.String() + fmt.Sprintf("%v %+v %#v", s, *s, struct{ s auth.Signer }{*s}); strings.Contains(text, "secret-1") {
		t.Errorf("it shows %s", text)
	}
}
