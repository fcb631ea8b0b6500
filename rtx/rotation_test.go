package rtx_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
)

// While clients subscribe, reconnect and leave without a pause, the secret is replaced: first the
// service learns the new one, then the backend, then the old one's time ends. No subscription is
// refused. In the wrong order many are.
func TestRotationUnderLoad(t *testing.T) {
	for _, c := range []struct {
		name         string
		first        string // who learns the new secret first
		opts         []auth.EndpointOption
		wantRefusals bool
	}{
		{"service first", "service", nil, false},
		{"service first, in batches", "service", []auth.EndpointOption{auth.WithBatch(20*time.Millisecond, 10)}, false},
		{"backend first", "backend", nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *testserver.Server) {
				ours, err := auth.NewSigner(s.Key(), "secret-1") // the backend's
				if err != nil {
					t.Fatal(err)
				}
				replace(t, s.Signer(), "secret-1")
				b := &backend{takes: 30 * time.Millisecond, Handler: auth.Handler(ours, func(*http.Request, auth.Request) (auth.Decision, error) {
					return auth.Decision{Allow: true, Member: auth.Member{ID: "7"}}, nil
				})}
				var joined, refused atomic.Int64
				stop := make(chan struct{})
				var load sync.WaitGroup
				for i := range 3 {
					client := connect(t, s, rtx.WithAuth(b.endpoint(c.opts...)))
					for j := range 8 {
						load.Go(func() {
							for n := 0; ; n++ {
								select {
								case <-stop:
									return
								default:
								}
								name := fmt.Sprintf("private-%d-%d", i, j)
								if n%2 == 1 {
									name = fmt.Sprintf("presence-%d-%d", i, j)
								}
								hold, err := client.Channel(name).Subscribe(context.Background())
								if err != nil {
									refused.Add(1)
									continue
								}
								joined.Add(1)
								time.Sleep(time.Duration(7+j) * time.Millisecond)
								hold.Release()
							}
						})
					}
				}
				for round := 2; round < 5; round++ {
					secret := fmt.Sprint("secret-", round)
					order := []*auth.Signer{s.Signer(), ours}
					if c.first == "backend" {
						order[0], order[1] = order[1], order[0]
					}
					for _, signer := range order {
						time.Sleep(300 * time.Millisecond)
						if err := signer.Rotate(s.Key(), secret); err != nil {
							t.Error(err)
						}
						if round%2 == 0 { // and all come again
							s.DropAll(testserver.Reset)
						}
					}
					time.Sleep(300 * time.Millisecond) // what was signed with the old one has arrived
					replace(t, s.Signer(), secret)
				}
				close(stop)
				load.Wait()
				if n := refused.Load(); n > 0 != c.wantRefusals || joined.Load() < 500 {
					t.Errorf("%d subscriptions, %d were refused", joined.Load(), n)
				}
				t.Logf("%d subscriptions, %d refused, in 3 rotations", joined.Load(), refused.Load())
			})
		})
	}
}

// replace gives a Signer a secret, and ends the time of the one before.
func replace(t *testing.T, s *auth.Signer, secret string) {
	t.Helper()
	for range 2 {
		if err := s.Rotate(s.Key(), secret); err != nil {
			t.Fatal(err)
		}
	}
}

// issuer is who gives out the bearer tokens: each is good for an hour, by the clock of the backend.
type issuer struct {
	skew   time.Duration // how far the program's clock is ahead of the backend's
	mu     sync.Mutex
	issued int
	until  map[string]time.Time // by the backend's clock
	cached string
	expiry time.Time // by the program's clock
}

// get is the WithToken function of a program that trusts its clock until it is refused.
func (i *issuer) get(_ context.Context, refused bool) (string, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if mine := time.Now().Add(i.skew); refused || i.cached == "" || !mine.Before(i.expiry) {
		i.issued++
		i.cached = fmt.Sprint("token-", i.issued)
		i.until[i.cached] = time.Now().Add(time.Hour)
		i.expiry = time.Now().Add(time.Hour) // what the token says, by the backend's clock
	}
	return i.cached, nil
}

func (i *issuer) count() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.issued
}

func (i *issuer) allow(r *http.Request, _ auth.Request) (auth.Decision, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	token := r.Header.Get("Authorization")[len("Bearer "):]
	if !time.Now().Before(i.until[token]) {
		return auth.Decision{}, auth.ErrUnauthenticated
	}
	return auth.Decision{Allow: true}, nil
}

// A token that expires while the client is connected is renewed at the next reconnection: once for
// all channels, whether the program's clock is right, ahead or behind, and no channel is refused.
func TestTokenExpiresWhileConnected(t *testing.T) {
	for name, skew := range map[string]time.Duration{"right": 0, "behind": -10 * time.Minute, "far behind": -24 * time.Hour, "ahead": 10 * time.Minute} {
		for kind, batch := range map[string][]auth.EndpointOption{"single": nil, "batches": {auth.WithBatch(0, 50)}} {
			t.Run(name+", "+kind, func(t *testing.T) {
				bubble(t, func(t *testing.T, s *testserver.Server) {
					tokens := &issuer{skew: skew, until: make(map[string]time.Time)}
					b := &backend{takes: 10 * time.Millisecond, Handler: auth.Handler(s.Signer(), tokens.allow)}
					c := connect(t, s, rtx.WithAuth(b.endpoint(append(batch, auth.WithToken(tokens.get))...)))
					group := rtx.NewGroup()
					for i := range 200 {
						if err := group.Add(c.Channel(fmt.Sprint("private-", i))); err != nil {
							t.Fatal(err)
						}
					}
					stream := opened[numbered](t, group, "n")
					for range 5 {
						before := tokens.count()
						time.Sleep(time.Hour + time.Minute) // connected, with a token that has expired
						synctest.Wait()
						if tokens.count() != before {
							t.Error("a token was asked for without need")
						}
						s.DropAll(testserver.Reset)
						time.Sleep(time.Minute)
						if err := stream.Readiness(); err != nil {
							t.Fatal(err)
						}
						if n := tokens.count() - before; n != 1 {
							t.Errorf("%d new tokens", n)
						}
					}
				})
			})
		}
	}
}

// A user whose session is over while they are connected keeps the channels until the connection
// ends; then the refusal ends them, with an error that says so.
func TestSessionEndsWhileConnected(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		var over atomic.Bool
		b := &backend{Handler: auth.Handler(s.Signer(), func(*http.Request, auth.Request) (auth.Decision, error) {
			if over.Load() {
				return auth.Decision{}, auth.ErrUnauthenticated
			}
			return auth.Decision{Allow: true}, nil
		})}
		c := connect(t, s, rtx.WithAuth(b.endpoint(auth.WithBatch(0, 50), auth.WithToken(func(context.Context, bool) (string, error) { return "token", nil }))))
		one, two := opened[numbered](t, c.Channel("private-a"), "n"), opened[numbered](t, c.Channel("private-b"), "n")
		over.Store(true)
		publish(s, "private-a", 1)
		if v := next(t, one); v.N != 1 {
			t.Errorf("got %v", v)
		}
		s.DropAll(testserver.Reset)
		time.Sleep(time.Minute)
		for _, stream := range []*rtx.Stream[numbered]{one, two} {
			var denied *auth.DeniedError
			if err := stream.Err(); !errors.As(err, &denied) || denied.Status != 401 || denied.Reason != "unauthorized, with a new token too" {
				t.Errorf("got %v", err)
			}
		}
	})
}
