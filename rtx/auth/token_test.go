package auth_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx/auth"
)

// wallet holds a token, as a user's program does.
type wallet struct {
	mu       sync.Mutex
	token    string
	renewals int
	asked    []bool
}

func (w *wallet) get(_ context.Context, refused bool) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, refused)
	if refused {
		w.renewals++
		w.token = fmt.Sprintf("tok-%d", w.renewals)
	}
	return w.token, nil
}

func TestTokenIsRenewedOnce(t *testing.T) {
	for _, c := range []struct {
		name    string
		good    string // the token that the backend takes
		bearers string
		denied  bool
	}{
		{"good", "old", "old", false},
		{"expired", "tok-1", "old tok-1", false},
		{"refused for good", "none", "old tok-1", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := &wallet{token: "old"}
			var bearers []string
			network := over(func(r *http.Request) (*http.Response, error) {
				bearer := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
				bearers = append(bearers, bearer)
				if bearer != c.good {
					return reply(r, 401, ""), nil
				}
				return reply(r, 200, `{"auth":"`+signed+`"}`), nil
			})
			_, err := auth.Endpoint(fakeURL, network, auth.WithToken(w.get)).Authorize(t.Context(), private())
			denied, _ := errors.AsType[*auth.DeniedError](err)
			if (denied != nil) != c.denied || denied != nil && denied.Status != 401 || denied == nil && err != nil {
				t.Errorf("%v, want denied %v", err, c.denied)
			}
			if got := strings.Join(bearers, " "); got != c.bearers {
				t.Errorf("bearers %q, want %q", got, c.bearers)
			}
		})
	}
}

// A token that expires while many channels resubscribe is renewed once, not once for each.
func TestTokenRenewalIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		token, renewals := "old", 0
		get := func(_ context.Context, refused bool) (string, error) {
			if refused {
				time.Sleep(time.Second)
			}
			mu.Lock()
			defer mu.Unlock()
			if refused {
				renewals++
				token = fmt.Sprintf("tok-%d", renewals)
			}
			return token, nil
		}
		good := "tok-1"
		network := over(func(r *http.Request) (*http.Response, error) {
			time.Sleep(100 * time.Millisecond)
			mu.Lock()
			defer mu.Unlock()
			if r.Header.Get("Authorization") != "Bearer "+good {
				return reply(r, 401, ""), nil
			}
			return reply(r, 200, `{"auth":"`+signed+`"}`), nil
		})
		a := auth.Endpoint(fakeURL, network, auth.WithToken(get))
		burst := func() {
			var wg sync.WaitGroup
			for range 50 {
				wg.Go(func() {
					if _, err := a.Authorize(t.Context(), private()); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
		}
		burst()
		if renewals != 1 {
			t.Errorf("renewed %d times, want once", renewals)
		}
		// It expires again later: what was renewed before must not be mistaken for new.
		good = "tok-2"
		burst()
		if renewals != 2 {
			t.Errorf("renewed %d times in all, want twice", renewals)
		}
	})
}

// A token that is refused although it was just renewed by another request is not taken for new: get
// is asked again. The first request here asks for its token while none has been renewed, and gets
// it only once the second one has renewed it.
func TestTokenRefusedThoughJustRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		token, renewals, asked := "old", 0, 0
		get := func(_ context.Context, refused bool) (string, error) {
			mu.Lock()
			asked++
			first := asked == 1
			mu.Unlock()
			if first {
				time.Sleep(time.Second)
			}
			mu.Lock()
			defer mu.Unlock()
			if refused {
				renewals++
				token = fmt.Sprintf("tok-%d", renewals)
			}
			return token, nil
		}
		var bearers []string
		answers := []int{401, 200, 401, 200} // the renewed token is good once
		network := over(func(r *http.Request) (*http.Response, error) {
			mu.Lock()
			defer mu.Unlock()
			status := answers[min(len(bearers), len(answers)-1)]
			bearers = append(bearers, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
			return reply(r, status, `{"auth":"`+signed+`"}`), nil
		})
		a := auth.Endpoint(fakeURL, network, auth.WithToken(get))
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := a.Authorize(t.Context(), private()); err != nil {
				t.Errorf("the first: %v", err)
			}
		})
		synctest.Wait()
		wg.Go(func() {
			if _, err := a.Authorize(t.Context(), private()); err != nil {
				t.Errorf("the second: %v", err)
			}
		})
		wg.Wait()
		if got := strings.Join(bearers, " "); got != "old tok-1 tok-1 tok-2" || renewals != 2 {
			t.Errorf("bearers %q and %d renewals, want the refused one renewed again", got, renewals)
		}
	})
}

// A renewal that fails leaves the next request free to ask for one.
func TestTokenRenewalFails(t *testing.T) {
	fail := true
	get := func(_ context.Context, refused bool) (string, error) {
		switch {
		case !refused:
			return "old", nil
		case fail:
			return "", errors.New("logged out")
		}
		return "new", nil
	}
	network := over(func(r *http.Request) (*http.Response, error) {
		if r.Header.Get("Authorization") != "Bearer new" {
			return reply(r, 401, ""), nil
		}
		return reply(r, 200, `{"auth":"`+signed+`"}`), nil
	})
	a := auth.Endpoint(fakeURL, network, auth.WithToken(get))
	if _, err := a.Authorize(t.Context(), private()); err == nil || !strings.Contains(err.Error(), "logged out") {
		t.Errorf("%v, want the program's own error", err)
	}
	fail = false
	if _, err := a.Authorize(t.Context(), private()); err != nil {
		t.Error(err)
	}
}

func TestTokenError(t *testing.T) {
	own := errors.New("logged out")
	later := &auth.RetryError{After: time.Minute}
	for _, c := range []struct {
		name  string
		token string
		err   error
		retry bool
	}{
		{"an error", "", own, false},
		{"empty", "", nil, false},
		{"no header can carry it", "s3cret\r\nX: y", nil, false},
		{"to be tried again", "", fmt.Errorf("wrapped: %w", later), true},
		{"network trouble", "", &url.Error{Op: "Post", URL: "https://id.example/?refresh=s3cret", Err: &net.OpError{Op: "dial", Err: errors.New("refused")}}, true},
	} {
		network := over(func(*http.Request) (*http.Response, error) {
			t.Errorf("%s: the backend was asked", c.name)
			return nil, errors.New("no")
		})
		token := auth.WithToken(func(context.Context, bool) (string, error) { return c.token, c.err })
		_, err := auth.Endpoint(fakeURL, network, token).Authorize(t.Context(), private())
		_, retry := errors.AsType[*auth.RetryError](err)
		_, denied := errors.AsType[*auth.DeniedError](err)
		if retry != c.retry || denied == c.retry {
			t.Errorf("%s: %v, want retry %v", c.name, err, c.retry)
		}
		if c.err != nil && c.name != "network trouble" && !errors.Is(err, c.err) {
			t.Errorf("%s: %v does not wrap %v", c.name, err, c.err)
		}
		if strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v shows a secret", c.name, err)
		}
	}
}
