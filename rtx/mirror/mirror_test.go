package mirror

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// bubble runs a test with a server and a connected client, where time is not real.
func bubble(t *testing.T, test func(t *testing.T, srv *rtxtest.Server, client *rtx.Client), opts ...rtxtest.Option) {
	synctest.Test(t, func(t *testing.T) {
		srv := rtxtest.NewPipeServer(t, opts...)
		client, err := rtx.Dial(t.Context(), srv.Key(), rtx.WithURL(srv.URL()), rtx.WithHTTPClient(srv.HTTPClient()))
		if err != nil {
			t.Fatal(err)
		}
		test(t, srv, client)
		_ = client.Close()
		srv.Close()
		time.Sleep(time.Minute) // for close timers to run out
	})
}

// numbers has what a mirror of numbers loads, and what was asked for.
type numbers struct {
	mu     sync.Mutex
	values map[string]int
	err    error
	takes  time.Duration
	asked  [][]string
	causes []error // why the contexts of calls ended
}

func (n *numbers) load(ctx context.Context) (map[string]int, error) { return n.part(ctx, nil) }

func (n *numbers) part(ctx context.Context, channels []string) (map[string]int, error) {
	n.mu.Lock()
	n.asked = append(n.asked, channels)
	values, takes := maps.Clone(n.values), n.takes
	n.mu.Unlock()
	select {
	case <-time.After(takes):
	case <-ctx.Done():
		n.mu.Lock()
		defer n.mu.Unlock()
		n.causes = append(n.causes, context.Cause(ctx))
		return nil, ctx.Err()
	}
	if channels != nil {
		maps.DeleteFunc(values, func(k string, _ int) bool { return !slices.Contains(channels, k[:1]) })
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return values, n.err
}

// with changes or looks at what there is.
func (n *numbers) with(f func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	f()
}

func set(s *State[string, int], e map[string]int) {
	for k, v := range e {
		s.Set(k, v)
	}
}

func (n *numbers) open(t *testing.T, src rtx.Source, opts ...Option) *Mirror[string, int] {
	return Open(t.Context(), src, "set", n.load, set, opts...)
}

func wantFresh(t *testing.T, m *Mirror[string, int], want map[string]int) {
	t.Helper()
	synctest.Wait()
	if since, why := m.Stale(); why != nil {
		t.Errorf("stale since %v: %v", since, why)
	}
	if got := maps.Collect(m.All()); !maps.Equal(got, want) || m.Len() != len(want) {
		t.Errorf("the mirror has %v, want %v", got, want)
	}
}

// A restored session has sent what was missed: there is no reason to load.
func TestRestoredSessionLoadsNothing(t *testing.T) {
	bubble(t, func(t *testing.T, srv *rtxtest.Server, client *rtx.Client) {
		n := &numbers{values: map[string]int{"a": 1}}
		m := n.open(t, client.Channel("x"))
		wantFresh(t, m, map[string]int{"a": 1})
		srv.Publish("x", "set", map[string]int{"a": 1}) // the session can be restored from here
		for i := range 3 {
			synctest.Wait()
			srv.DropConnections()
			synctest.Wait()
			if _, why := m.Stale(); why == nil {
				t.Error("fresh without a connection")
			}
			srv.Publish("x", "set", map[string]int{"b": i})
			time.Sleep(time.Minute)
			wantFresh(t, m, map[string]int{"a": 1, "b": i})
		}
		if s := m.Stats(); s.Loads != 1 || s.Gaps != 0 || client.Stats().Connects != 4 {
			t.Errorf("%+v", s)
		}
	}, rtxtest.WithRecovery(time.Hour))
}

// An outage is one gap on each of 200 channels, and one load.
func TestOutageIsOneLoad(t *testing.T) {
	bubble(t, func(t *testing.T, srv *rtxtest.Server, client *rtx.Client) {
		group := rtx.NewGroup()
		for i := range 200 {
			if err := group.Add(client.Channel(fmt.Sprint("c", i))); err != nil {
				t.Fatal(err)
			}
		}
		n := &numbers{values: map[string]int{"a": 1}, takes: time.Second}
		m := n.open(t, group)
		for range 3 {
			if err := m.Fresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			srv.DropConnections()
			time.Sleep(time.Minute)
		}
		if s := m.Stats(); s.Loads != 4 || s.Failed != 0 || s.Gaps != 600 {
			t.Errorf("%+v", s)
		}
		// A channel that comes later has a part that is not loaded yet.
		n.values["b"] = 2
		if err := group.Add(client.Channel("later")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		wantFresh(t, m, map[string]int{"a": 1, "b": 2})
	})
}

// After a gap of one channel its part alone is loaded, and no key of another may come.
func TestPartsAlone(t *testing.T) {
	bubble(t, func(t *testing.T, srv *rtxtest.Server, client *rtx.Client) {
		n := &numbers{values: map[string]int{"a1": 1, "b1": 1}}
		load := n.part
		m := n.open(t, rtx.NewGroup(client.Channel("a"), client.Channel("b")),
			WithParts(func(k string) string { return k[:1] }, func(ctx context.Context, channels []string) (map[string]int, error) { return load(ctx, channels) }))
		wantFresh(t, m, n.values)
		time.Sleep(time.Minute)
		n.values = map[string]int{"a2": 2, "b2": 2}
		srv.Publish("b", "set", "no map")
		wantFresh(t, m, map[string]int{"a1": 1, "b2": 2})
		time.Sleep(time.Minute)
		load = func(context.Context, []string) (map[string]int, error) { return n.values, nil }
		srv.Publish("b", "set", "no map")
		synctest.Wait()
		if _, why := m.Stale(); !errors.Is(why, errForeign) {
			t.Errorf("stale because of %v", why)
		}
		load = n.part
		m.Reload()
		time.Sleep(time.Minute)
		wantFresh(t, m, n.values)
		if got := fmt.Sprint(n.asked[:2]); got != "[[] [b]]" {
			t.Errorf("asked for %v", got)
		}
	})
}

// A gap ends the load that runs, and its result is dropped; the events that came meanwhile count.
func TestGapDropsTheLoadThatRuns(t *testing.T) {
	bubble(t, func(t *testing.T, srv *rtxtest.Server, client *rtx.Client) {
		n := &numbers{values: map[string]int{"a": 1}, takes: 10 * time.Second}
		m := n.open(t, client.Channel("x"))
		time.Sleep(5 * time.Second)
		srv.Publish("x", "set", "no map")
		time.Sleep(5 * time.Second)
		n.values["a"], n.values["b"] = 2, 2
		srv.Publish("x", "set", map[string]int{"b": 3})
		if c, ok := m.Pending(); ok || m.Len() != 0 {
			t.Errorf("%+v before anything was loaded", c)
		}
		time.Sleep(6 * time.Second)
		wantFresh(t, m, map[string]int{"a": 1, "b": 3})
		if len(n.causes) != 1 || n.causes[0] != context.Canceled {
			t.Errorf("loads ended by %v", n.causes)
		}
		if s := m.Stats(); s.Loads != 1 || s.Failed != 1 {
			t.Errorf("%+v", s)
		}
	})
}

// So is the result of one that does not heed its context.
func TestResultsOfOldLoadsAreDropped(t *testing.T) {
	bubble(t, func(t *testing.T, srv *rtxtest.Server, client *rtx.Client) {
		loads := 0
		m := Open(t.Context(), client.Channel("x"), "set", func(context.Context) (map[string]int, error) {
			loads++
			values := map[string]int{"a": loads}
			time.Sleep(10 * time.Second)
			return values, nil
		}, set)
		if err := m.Fresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		m.Reload()
		time.Sleep(5 * time.Second)
		srv.Publish("x", "set", map[string]int{"a": 100})
		srv.Publish("x", "set", "no map")
		time.Sleep(10 * time.Second)
		if v, _ := m.Get("a"); v != 100 {
			t.Errorf("a is %d after an old load", v)
		}
		time.Sleep(10 * time.Second)
		wantFresh(t, m, map[string]int{"a": 3})
		if s := m.Stats(); s.Loads != 2 || s.Failed != 1 {
			t.Errorf("%+v", s)
		}
	})
}

// A load that fails is repeated for ever, further and further apart, and the mirror says why.
func TestLoadFailsForEver(t *testing.T) {
	bubble(t, func(t *testing.T, srv *rtxtest.Server, client *rtx.Client) {
		n := &numbers{err: errLoad, values: map[string]int{"a": 1}}
		m := n.open(t, client.Channel("x"))
		opened := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
		defer cancel()
		err := m.Fresh(ctx)
		if wait, ok := errors.AsType[*rtx.WaitError](err); !ok || !errors.Is(err, errLoad) || !errors.Is(wait.Last, errLoad) {
			t.Errorf("Fresh: %v", err)
		}
		loads := 0
		n.with(func() { loads, n.err = len(n.asked), nil })
		if loads < 24*60*2 || loads > 24*60*8 { // every 15 s in the mean
			t.Errorf("%d loads in a day", loads)
		}
		if since, why := m.Stale(); !since.Equal(opened) || !errors.Is(why, errLoad) {
			t.Errorf("stale since %v: %v", since, why)
		}
		if err := m.Fresh(t.Context()); err != nil {
			t.Error(err)
		}
		wantFresh(t, m, n.values)
	})
}

func TestLimitsOfALoad(t *testing.T) {
	bubble(t, func(t *testing.T, srv *rtxtest.Server, client *rtx.Client) {
		n := &numbers{values: map[string]int{"a": 1}, takes: time.Hour}
		m := n.open(t, client.Channel("x"), WithLoadTimeout(time.Minute), WithMaxEvents(3))
		time.Sleep(time.Minute + time.Millisecond)
		if _, why := m.Stale(); !errors.Is(why, ErrLoadTimeout) {
			t.Errorf("stale because of %v", why)
		}
		n.with(func() { n.takes = 10 * time.Second })
		time.Sleep(time.Second)
		for i := range 4 {
			srv.Publish("x", "set", map[string]int{"a": i})
		}
		synctest.Wait()
		if _, why := m.Stale(); !errors.Is(why, ErrBehind) {
			t.Errorf("stale because of %v", why)
		}
		if err := m.Fresh(t.Context()); err != nil || m.Stats().Failed != 2 {
			t.Errorf("%v, %+v", err, m.Stats())
		}
	})
}

// A mirror is stale as soon as the connection is lost, long before the gap.
func TestStaleWhileThereIsNoConnection(t *testing.T) {
	bubble(t, func(t *testing.T, srv *rtxtest.Server, client *rtx.Client) {
		n := &numbers{values: map[string]int{"a": 1}}
		m := n.open(t, client.Channel("x"))
		wantFresh(t, m, n.values)
		c, ok := m.Pending()
		if !ok || !c.Fresh || len(c.Added) != 1 {
			t.Errorf("first change %+v %v", c, ok)
		}
		time.Sleep(time.Minute)
		lost := time.Now()
		srv.Stop()
		synctest.Wait()
		if since, why := m.Stale(); why == nil || since.After(lost) {
			t.Errorf("stale since %v: %v; lost at %v", since, why, lost)
		}
		<-m.Wake
		if c, ok := m.Pending(); !ok || c.Fresh || len(c.Added)+len(c.Updated)+len(c.Removed) != 0 {
			t.Errorf("change %+v %v", c, ok)
		}
		n.values["b"] = 2
		srv.Resume()
		if err := m.Fresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		<-m.Wake
		if c, ok := m.Pending(); !ok || !c.Fresh || !maps.Equal(c.Added, map[string]int{"b": 2}) {
			t.Errorf("change %+v %v", c, ok)
		}
	})
}

// However it ends: what there is stays readable, and nobody waits for ever.
func TestEnds(t *testing.T) {
	cause := errors.New("enough")
	for name, c := range map[string]struct {
		end  func(client *rtx.Client, cancel context.CancelCauseFunc, m *Mirror[string, int])
		want error
	}{
		"Close":       {func(_ *rtx.Client, _ context.CancelCauseFunc, m *Mirror[string, int]) { m.Close(); m.Close() }, nil},
		"context":     {func(_ *rtx.Client, cancel context.CancelCauseFunc, _ *Mirror[string, int]) { cancel(cause) }, cause},
		"client":      {func(c *rtx.Client, _ context.CancelCauseFunc, _ *Mirror[string, int]) { _ = c.Close() }, rtx.ErrClosed},
		"unsubscribe": {func(c *rtx.Client, _ context.CancelCauseFunc, _ *Mirror[string, int]) { _ = c.ForceUnsubscribe("x") }, rtx.ErrUnsubscribed},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, srv *rtxtest.Server, client *rtx.Client) {
				n := &numbers{values: map[string]int{"a": 1}}
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				m := Open(ctx, client.Channel("x"), "set", n.load, set)
				wantFresh(t, m, n.values)
				n.takes = time.Hour // the end comes in the middle of a load
				srv.Publish("x", "set", "no map")
				time.Sleep(time.Second)
				waited := make(chan error, 1)
				go func() { waited <- m.Fresh(context.Background()) }()
				synctest.Wait()
				c.end(client, cancel, m)
				fold := map[string]int{}
				for change := range m.Changes() {
					change.Apply(fold)
				}
				if !maps.Equal(fold, n.values) || m.Len() != 1 {
					t.Errorf("folded %v", fold)
				}
				if err := m.Err(); !errors.Is(err, c.want) || c.want == nil && err != nil {
					t.Errorf("Err %v, want %v", err, c.want)
				}
				want := c.want
				if want == nil {
					want = ErrClosed
				}
				if err := <-waited; !errors.Is(err, want) {
					t.Errorf("Fresh %v, want %v", err, want)
				}
				if since, why := m.Stale(); since.IsZero() || !errors.Is(why, want) {
					t.Errorf("stale since %v: %v", since, why)
				}
				if v, ok := m.Get("a"); !ok || v != 1 {
					t.Errorf("a is %v %v", v, ok)
				}
			})
		})
	}
}

// By their versions, events that what was loaded has already are left out, so they need not be such
// that can be repeated.
func TestVersions(t *testing.T) {
	type sum struct{ N, Version int }
	type add struct{ N, Version int }
	bubble(t, func(t *testing.T, srv *rtxtest.Server, client *rtx.Client) {
		truth := sum{5, 1}
		m := Open(t.Context(), client.Channel("x"), "add",
			func(context.Context) (map[string]sum, error) {
				time.Sleep(time.Second)
				truth.N, truth.Version = truth.N+3, 2
				srv.Publish("x", "add", add{3, 2}) // it is in what is loaded, and comes during the load
				synctest.Wait()
				return map[string]sum{"s": truth}, nil
			},
			func(s *State[string, sum], a add) { v, _ := s.Get("s"); s.Set("s", sum{v.N + a.N, a.Version}) },
			WithVersion(func(a add) (string, int) { return "s", a.Version }, func(s sum) int { return s.Version }))
		if err := m.Fresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		srv.Publish("x", "add", add{1, 3})
		synctest.Wait()
		if v, _ := m.Get("s"); v != (sum{9, 3}) || m.Stats().LeftOut != 1 || m.Stats().Applied != 1 {
			t.Errorf("%v, %+v", v, m.Stats())
		}
	})
}

// A value that is set to what it was is no change, by the user's own measure.
func TestEqualValuesAreNoChange(t *testing.T) {
	bubble(t, func(t *testing.T, srv *rtxtest.Server, client *rtx.Client) {
		n := &numbers{values: map[string]int{"a": 1}}
		m := n.open(t, client.Channel("x"), WithEqual(func(a, b int) bool { return a/10 == b/10 }))
		wantFresh(t, m, n.values)
		m.Pending()
		n.values = map[string]int{"a": 9}
		srv.Publish("x", "set", map[string]int{"a": 2})
		m.Reload()
		time.Sleep(time.Minute)
		if c, ok := m.Pending(); ok {
			t.Errorf("%+v", c)
		}
		srv.Publish("x", "set", map[string]int{"a": 20})
		synctest.Wait()
		if c, ok := m.Pending(); !ok || c.Updated["a"] != 20 {
			t.Errorf("%+v %v", c, ok)
		}
	})
}

// An open mirror has one goroutine, and the loads of many are at most one each.
func TestGoroutines(t *testing.T) {
	bubble(t, func(t *testing.T, srv *rtxtest.Server, client *rtx.Client) {
		for range 10 {
			new(numbers).open(t, client.Channel("x"))
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		got := 0
		for stack := range strings.SplitSeq(string(stacks), "\n\n") {
			// Where it was started, and not by a test.
			if _, at, ok := strings.Cut(stack, "created by github.com/realtimex/realtimex-go/rtx/mirror."); ok && !strings.Contains(at, "_test.go") {
				got++
			}
		}
		if got != 10 {
			t.Errorf("%d goroutines for 10 mirrors", got)
		}
	})
}

// A mirror of everything that a client has can be opened before there is a connection, and then
// loads once.
func TestOpenedBeforeConnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := rtxtest.NewPipeServer(t)
		client, err := rtx.New(srv.Key(), rtx.WithURL(srv.URL()), rtx.WithHTTPClient(srv.HTTPClient()))
		if err != nil {
			t.Fatal(err)
		}
		rtx.On[int](t.Context(), client.Channel("x"), "other") // which holds the channel
		n := &numbers{values: map[string]int{"a": 1}}
		for _, src := range []rtx.Source{client, client.Channel("x")} {
			n.with(func() { n.asked = nil })
			m := n.open(t, src)
			time.Sleep(time.Minute)
			if src == client && len(n.asked) != 0 {
				t.Errorf("%d loads without a connection", len(n.asked))
			}
			if err := client.Connect(t.Context()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			wantFresh(t, m, n.values)
			if len(n.asked) > 2 { // the channel's confirmation may be one more reason
				t.Errorf("%d loads", len(n.asked))
			}
		}
		_ = client.Close()
		srv.Close()
		time.Sleep(time.Minute)
	})
}

func TestKnownChannelsAreBounded(t *testing.T) {
	f := &follower[string, int, int]{m: new(Mirror[string, int]), states: new(rtx.States)}
	for i := range maxKnown + 10 {
		f.joined(fmt.Sprint(i))
	}
	if n := len(f.known); n > maxKnown {
		t.Errorf("%d channels are remembered", n)
	}
}
