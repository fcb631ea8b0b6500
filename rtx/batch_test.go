package rtx_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/race"
	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
)

// A backend is the user's own, on auth.Handler, in the memory of a bubble. Each request takes it
// some time.
type backend struct {
	http.Handler
	takes time.Duration

	mu       sync.Mutex
	requests int
	running  int
	most     int      // how many ran at a time
	bodies   []string // of the requests
}

func newBackend(s *testserver.Server, takes time.Duration, allow func(channel string) (auth.Decision, error), opts ...auth.HandlerOption) *backend {
	return &backend{takes: takes, Handler: auth.Handler(s.Signer(), func(_ *http.Request, asked auth.Request) (auth.Decision, error) {
		if allow == nil {
			return auth.Decision{Allow: true, Member: auth.Member{ID: "7"}}, nil
		}
		return allow(asked.Channel)
	}, opts...)}
}

func (b *backend) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	b.requests++
	b.running++
	b.most = max(b.most, b.running)
	b.bodies = append(b.bodies, string(body))
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		b.running--
		b.mu.Unlock()
	}()
	select {
	case <-time.After(b.takes):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	served := httptest.NewRequestWithContext(r.Context(), r.Method, r.URL.String(), bytes.NewReader(body))
	served.Header = r.Header.Clone()
	w := httptest.NewRecorder()
	b.ServeHTTP(w, served)
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

// asked returns how many requests there were since the last call, and how many ran at a time.
func (b *backend) asked() (requests, most int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	requests, most = b.requests, b.most
	b.requests, b.most, b.bodies = 0, 0, nil
	return requests, most
}

func (b *backend) endpoint(opts ...auth.EndpointOption) auth.Authorizer {
	return auth.Endpoint("https://backend.example/auth", append(opts, auth.WithHTTPClient(&http.Client{Transport: b}))...)
}

// waits returns how long each channel waited for its subscribe after that moment, sorted.
func waits(t *testing.T, s *testserver.Server, since time.Time) (all []time.Duration) {
	t.Helper()
	for _, r := range s.Received() {
		if r.Kind == testserver.KindSubscribe && !r.At.Before(since) {
			if !r.ValidAuth {
				t.Fatalf("a signature was wrong: %+v", r)
			}
			all = append(all, r.At.Sub(since))
		}
	}
	slices.Sort(all)
	return all
}

// After a cut, 10,000 private channels come back with 10,000/max requests; the cap on requests
// holds; and no channel waits for anything but the requests before its own and, in a batch that is
// not full, the window.
func TestBatchesAfterAReconnection(t *testing.T) {
	const takes, window = 100 * time.Millisecond, 50 * time.Millisecond
	most := race.Fewer(625, 100) // of a batch
	channels := 16 * most
	waves := func(requests int) time.Duration { return time.Duration((requests+15)/16) * takes }
	for _, c := range []struct {
		name              string
		channels          int
		opts              []auth.EndpointOption
		requests, atATime int
		longest           time.Duration
	}{
		{"single", channels, nil, channels, 16, waves(channels)},
		{"100 at once", channels, []auth.EndpointOption{auth.WithBatch(window, 100)}, channels / 100, 16, waves(channels / 100)},
		{"no more batches than the cap", channels, []auth.EndpointOption{auth.WithBatch(window, most)}, 16, 16, takes},
		{"a batch that is not full", 1599, []auth.EndpointOption{auth.WithBatch(window, 100)}, 16, 16, window + takes},
		{"another cap", 1000, []auth.EndpointOption{auth.WithBatch(window, 100), auth.WithConcurrency(3)}, 10, 3, 4 * takes},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *testserver.Server) {
				b := newBackend(s, takes, nil, auth.WithMaxBatch(1000))
				client := connect(t, s, rtx.WithAuth(b.endpoint(c.opts...)))
				group := rtx.NewGroup()
				for i := range c.channels {
					if err := group.Add(client.Channel(fmt.Sprintf("private-%d", i))); err != nil {
						t.Fatal(err)
					}
				}
				stream := opened[numbered](t, group, "n")
				b.asked()
				states := client.States(t.Context())
				s.DropAll(testserver.Reset)
				await(t, states, rtx.StateReconnecting)
				back := await(t, states, rtx.StateConnected)
				if err := stream.Ready(t.Context()); err != nil {
					t.Fatal(err)
				}
				if n, most := b.asked(); n != c.requests || most != c.atATime {
					t.Errorf("%d requests, %d at a time; want %d, %d", n, most, c.requests, c.atATime)
				}
				all := waits(t, s, back.At)
				if len(all) != c.channels || all[len(all)-1] != c.longest {
					t.Errorf("%d channels waited, up to %v; want %d, up to %v", len(all), all[len(all)-1], c.channels, c.longest)
				}
				t.Logf("%d channels: %d requests, the last is asked for %v after the connection", c.channels, c.requests, c.longest)
			})
		})
	}
}

// Channels that are opened one after the other share a request while the window lasts. The first of
// them waits as long as the window, and none waits longer.
func TestBatchWindow(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		b := newBackend(s, 10*time.Millisecond, nil)
		c := connect(t, s, rtx.WithAuth(b.endpoint(auth.WithBatch(50*time.Millisecond, 5))))
		open := func(name string) { _ = rtx.On[numbered](t.Context(), c.Channel(name), "n") }
		start := time.Now()
		for i, after := range []int{0, 30, 49, 51, 52, 53, 54, 55, 56} { // the last make a full batch, and one more
			time.Sleep(time.Until(start.Add(time.Duration(after) * time.Millisecond)))
			open(fmt.Sprintf("private-%d", i))
		}
		time.Sleep(time.Second)
		var got []string
		for _, d := range waits(t, s, start) {
			got = append(got, d.String())
		}
		if got, want := strings.Join(got, " "), "60ms 60ms 60ms 65ms 65ms 65ms 65ms 65ms 116ms"; got != want {
			t.Errorf("the channels were asked for after %s, want %s", got, want)
		}
		if n, _ := b.asked(); n != 3 {
			t.Errorf("%d requests", n)
		}
	})
}

// Each channel of a batch has its own outcome.
func TestBatchOutcomes(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		var up atomic.Bool
		b := newBackend(s, 0, func(channel string) (auth.Decision, error) {
			switch {
			case channel == "private-no":
				return auth.Decision{}, nil
			case channel == "private-down" && !up.Load():
				return auth.Decision{}, errors.New("no database")
			}
			return auth.Decision{Allow: true, Member: auth.Member{ID: "ann"}}, nil
		}, auth.WithLogger(slog.New(slog.DiscardHandler)))
		c := connect(t, s, rtx.WithAuth(b.endpoint(auth.WithBatch(0, 10))))
		names := []string{"private-a", "private-no", "private-down", "presence-a"}
		var wg sync.WaitGroup
		errs := make([]error, len(names))
		for i, name := range names {
			wg.Go(func() { errs[i] = subscribe(t.Context(), c.Channel(name)) })
		}
		time.Sleep(time.Minute)
		up.Store(true)
		wg.Wait()
		var denied *auth.DeniedError
		if errs[0] != nil || errs[2] != nil || errs[3] != nil || !errors.As(errs[1], &denied) || denied.Channel != "private-no" || denied.Status != 403 {
			t.Errorf("got %v", errs)
		}
		if got := fmt.Sprint(s.Members("presence-a")); got != "[ann]" {
			t.Errorf("members are %s", got)
		}
	})
}

// A backend that knows no batches is asked for each channel alone, and no channel is lost.
func TestBatchesThatTheBackendDoesNotKnow(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		const channels = 1000
		b := newBackend(s, time.Millisecond, nil)
		knows := b.Handler
		b.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if bytes.Contains(body, []byte("[")) {
				w.WriteHeader(500)
				return
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			knows.ServeHTTP(w, r)
		})
		c := connect(t, s, rtx.WithAuth(b.endpoint(auth.WithBatch(50*time.Millisecond, 50))))
		group := rtx.NewGroup()
		for i := range channels {
			if err := group.Add(c.Channel(fmt.Sprintf("private-%d", i))); err != nil {
				t.Fatal(err)
			}
		}
		stream := opened[numbered](t, group, "n")
		if n, most := b.asked(); n < channels || n > channels+16 || most > 16 {
			t.Errorf("%d requests, %d at a time", n, most)
		}
		again := func(want int) {
			t.Helper()
			s.DropAll(testserver.Reset)
			time.Sleep(10 * time.Second)
			if err := stream.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n, _ := b.asked(); n != want {
				t.Errorf("%d requests, want %d", n, want)
			}
		}
		again(channels) // remembered
		b.Handler = knows
		again(channels)
		time.Sleep(5 * time.Minute)
		s.DropAll(testserver.Reset) // batches that grow
		time.Sleep(10 * time.Second)
		if n, _ := b.asked(); n > channels/5 {
			t.Errorf("%d requests, once it knows batches", n)
		}
		again(channels / 50)
	})
}

// Channels with different user data are asked for separately, in the order in which they came; a
// private channel goes with any.
func TestBatchesOfSeveralUsers(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		b := newBackend(s, 0, nil)
		c := connect(t, s, rtx.WithAuth(b.endpoint(auth.WithBatch(50*time.Millisecond, 10))))
		user := func(id string) rtx.ChannelOption { return rtx.WithUserData(map[string]string{"user_id": id}) }
		group := rtx.NewGroup()
		for i, ch := range []*rtx.Channel{
			c.Channel("private-0"), c.Channel("presence-1", user("anna")), c.Channel("presence-2", user("bert")),
			c.Channel("private-3"), c.Channel("presence-4", user("anna")), c.Channel("presence-5", user("bert")), c.Channel("presence-6"),
		} {
			if err := group.Add(ch); err != nil {
				t.Fatal(i, err)
			}
		}
		opened[numbered](t, group, "n")
		b.mu.Lock()
		slices.Sort(b.bodies) // they are asked at the same time
		got := strings.Join(b.bodies, "\n")
		b.mu.Unlock()
		id := c.SocketID()
		want := `{"socket_id":"` + id + `","channel_name":"presence-6"}
{"socket_id":"` + id + `","channel_name":["presence-2","presence-5"],"user_data":{"user_id":"bert"}}
{"socket_id":"` + id + `","channel_name":["private-0","presence-1","private-3","presence-4"],"user_data":{"user_id":"anna"}}`
		if got != want {
			t.Errorf("the requests are\n%s\nwant\n%s", got, want)
		}
	})
}

// A wait for more channels ends with the connection, and with the client.
func TestBatchWaitEnds(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		b := newBackend(s, 0, nil)
		c := connect(t, s, rtx.WithAuth(b.endpoint(auth.WithBatch(10*time.Second, 10))))
		stream := rtx.On[numbered](t.Context(), c.Channel("private-a"), "n")
		time.Sleep(9 * time.Second)
		old := c.SocketID()
		s.DropAll(testserver.Reset)
		time.Sleep(9 * time.Second)
		if n, _ := b.asked(); n != 0 {
			t.Errorf("%d requests", n)
		}
		if err := stream.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n, _ := b.asked(); n != 1 || c.SocketID() == old {
			t.Errorf("%d requests", n)
		}
		_ = rtx.On[numbered](t.Context(), c.Channel("private-b"), "n")
		synctest.Wait()
		start := time.Now()
		if err := c.Close(); err != nil || time.Since(start) > time.Second {
			t.Errorf("Close took %v: %v", time.Since(start), err)
		}
	})
}

// bulk is an authorizer of the user's own that takes batches.
type bulk struct {
	auth.Authorizer
	window func() (time.Duration, int)
	batch  func(ctx context.Context, rs []auth.Request) []auth.Outcome
}

func (b bulk) Batch() (time.Duration, int) { return b.window() }
func (b bulk) AuthorizeBatch(ctx context.Context, rs []auth.Request) []auth.Outcome {
	return b.batch(ctx, rs)
}

// What an authorizer of the user's own does wrong ends the channels that it was asked for, with an
// error that says so, and nothing else.
func TestBatchesOfABadAuthorizer(t *testing.T) {
	two := func() (time.Duration, int) { return time.Millisecond, 2 }
	outcomes := func(n int) func(context.Context, []auth.Request) []auth.Outcome {
		return func(context.Context, []auth.Request) []auth.Outcome { return make([]auth.Outcome, n) }
	}
	for name, c := range map[string]struct {
		window func() (time.Duration, int)
		batch  func(context.Context, []auth.Request) []auth.Outcome
		want   string // "" for success
	}{
		"a panic":                 {two, func(context.Context, []auth.Request) []auth.Outcome { panic("oh") }, "panic"},
		"too few outcomes":        {two, outcomes(1), "returned 1 outcomes for 2 channels"},
		"too many":                {two, outcomes(3), "returned 3 outcomes for 2 channels"},
		"none":                    {two, func(context.Context, []auth.Request) []auth.Outcome { return nil }, "returned 0 outcomes"},
		"outcomes that are empty": {two, outcomes(2), "auth: missing"},
		"a panic in Batch":        {func() (time.Duration, int) { panic("oh") }, nil, ""},
		"a negative size":         {func() (time.Duration, int) { return -1, -1 }, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *testserver.Server) {
				c1 := connect(t, s, rtx.WithAuth(&bulk{s.Signer().Authorizer(auth.Member{}), c.window, c.batch}))
				errs := make(chan error, 2)
				for i := range 2 {
					go func() { errs <- subscribe(t.Context(), c1.Channel(fmt.Sprint("private-", i))) }()
				}
				for range 2 {
					err := <-errs
					if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
						t.Errorf("got %v, want %q", err, c.want)
					}
				}
				if err := subscribe(t.Context(), c1.Channel("private-alone")); err != nil {
					t.Errorf("a channel alone: %v", err)
				}
			})
		})
	}
}

// ErrAlone brings a channel to Authorize, once, and only in the session that it was asked for.
func TestAskedAlone(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		var mu sync.Mutex
		single := make(map[string]int)
		own := s.Signer().Authorizer(auth.Member{})
		var old string
		c := connect(t, s, rtx.WithAuth(&bulk{
			auth.Func(func(ctx context.Context, r auth.Request) (auth.Grant, error) {
				mu.Lock()
				single[r.SocketID+" "+r.Channel]++
				mu.Unlock()
				return own.Authorize(ctx, r)
			}),
			func() (time.Duration, int) { return 0, 10 },
			func(ctx context.Context, rs []auth.Request) []auth.Outcome {
				if rs[0].SocketID == old {
					s.DropAll(testserver.Reset)
					time.Sleep(time.Minute) // and the context is not heeded
				}
				outs := make([]auth.Outcome, len(rs))
				for i := range outs {
					outs[i].Err = fmt.Errorf("no: %w", auth.ErrAlone)
				}
				return outs
			},
		}))
		old = c.SocketID()
		group := rtx.NewGroup()
		for i := range 20 {
			if err := group.Add(c.Channel(fmt.Sprint("private-", i))); err != nil {
				t.Fatal(err)
			}
		}
		stream := opened[numbered](t, group, "n")
		time.Sleep(2 * time.Minute)
		if err := stream.Err(); err != nil || len(single) != 20 {
			t.Errorf("%d channels were asked for alone: %v", len(single), err)
		}
		for what, n := range single {
			if n != 1 || strings.HasPrefix(what, old) {
				t.Errorf("%s was asked for %d times", what, n)
			}
		}
	})
}
