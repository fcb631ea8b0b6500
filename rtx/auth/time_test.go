package auth_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx/auth"
)

// roundTrip is a network that lives in a synctest bubble: the sockets of a real one would stop its
// clock.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func reply(r *http.Request, status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: make(http.Header), Body: io.NopCloser(strings.NewReader(body)), Request: r,
	}
}

func over(f roundTrip) auth.EndpointOption { return auth.WithHTTPClient(&http.Client{Transport: f}) }

const fakeURL = "https://backend.example/auth"

func TestEndpointTimeout(t *testing.T) {
	for _, c := range []struct {
		name string
		opts []auth.EndpointOption
		want time.Duration
	}{{"default", nil, 5 * time.Second}, {"set", []auth.EndpointOption{auth.WithTimeout(time.Minute)}, time.Minute}} {
		synctest.Test(t, func(t *testing.T) {
			silent := over(func(r *http.Request) (*http.Response, error) {
				<-r.Context().Done()
				return nil, r.Context().Err()
			})
			start := time.Now()
			_, err := auth.Endpoint(fakeURL, append(c.opts, silent)...).Authorize(t.Context(), private())
			retry, ok := errors.AsType[*auth.RetryError](err)
			if !ok || !retry.Timeout() || time.Since(start) != c.want {
				t.Errorf("%s: %v after %v, want a RetryError for the time after %v", c.name, err, time.Since(start), c.want)
			}
		})
	}
}

func TestEndpointTimeoutBoundsTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		trickle := over(func(r *http.Request) (*http.Response, error) {
			resp := reply(r, 200, "")
			pr, pw := io.Pipe()
			context.AfterFunc(r.Context(), func() { _ = pw.CloseWithError(r.Context().Err()) })
			resp.Body = pr
			return resp, nil
		})
		_, err := auth.Endpoint(fakeURL, trickle).Authorize(t.Context(), private())
		if retry, ok := errors.AsType[*auth.RetryError](err); !ok || !retry.Timeout() || time.Since(start) != 5*time.Second {
			t.Errorf("%v after %v, want a RetryError for the time after 5s", err, time.Since(start))
		}
	})
}

func TestEndpointTimeoutBoundsTheToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		slow := auth.WithToken(func(ctx context.Context, _ bool) (string, error) {
			<-ctx.Done()
			return "", errors.New("some words of the program's own")
		})
		none := over(func(*http.Request) (*http.Response, error) { return nil, errors.New("was asked") })
		_, err := auth.Endpoint(fakeURL, slow, none).Authorize(t.Context(), private())
		if retry, ok := errors.AsType[*auth.RetryError](err); !ok || !retry.Timeout() || time.Since(start) != 5*time.Second {
			t.Errorf("%v after %v, want a RetryError for the time after 5s", err, time.Since(start))
		}
	})
}

// The caller's deadline is no verdict, though it looks like the endpoint's.
func TestEndpointCallersDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		silent := over(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		_, err := auth.Endpoint(fakeURL, silent).Authorize(ctx, private())
		if _, retry := errors.AsType[*auth.RetryError](err); retry || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, want the context's error", err)
		}
	})
}

func TestEndpointConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const callers, limit = 100, 16
		var now, most atomic.Int32
		start := time.Now()
		slow := over(func(r *http.Request) (*http.Response, error) {
			n := now.Add(1)
			defer now.Add(-1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			time.Sleep(time.Second)
			return reply(r, 200, `{"auth":"`+signed+`"}`), nil
		})
		a := auth.Endpoint(fakeURL, slow)
		var wg sync.WaitGroup
		for range callers {
			wg.Go(func() {
				if _, err := a.Authorize(t.Context(), private()); err != nil {
					t.Error(err) // the wait for a slot does not count as the endpoint's slowness
				}
			})
		}
		wg.Wait()
		if took := time.Since(start); most.Load() != limit || took != 7*time.Second {
			t.Errorf("%d at a time and %v in all, want %d and 7s", most.Load(), took, limit)
		}
	})
}

func TestEndpointWaitForASlotHeedsTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := over(func(r *http.Request) (*http.Response, error) {
			time.Sleep(3 * time.Second)
			return reply(r, 200, `{"auth":"`+signed+`"}`), nil
		})
		a := auth.Endpoint(fakeURL, slow, auth.WithConcurrency(1))
		var wg sync.WaitGroup
		defer wg.Wait()
		wg.Go(func() { _, _ = a.Authorize(t.Context(), private()) })
		synctest.Wait()
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := a.Authorize(ctx, private()); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("%v after %v, want the context's error after 1s", err, time.Since(start))
		}
	})
}

func TestEndpointRetryAfterDateByOurClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		busy := over(func(r *http.Request) (*http.Response, error) {
			resp := reply(r, 503, "")
			resp.Header.Set("Retry-After", time.Now().Add(40*time.Second).UTC().Format(http.TimeFormat))
			return resp, nil
		})
		_, err := auth.Endpoint(fakeURL, busy).Authorize(t.Context(), private())
		if retry, _ := errors.AsType[*auth.RetryError](err); retry == nil || retry.After != 40*time.Second {
			t.Errorf("%+v, want 40s", err)
		}
	})
}
