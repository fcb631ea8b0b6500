package mirror

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// Random schedules on real parts, in a bubble: a truth that changes, a server that publishes the
// changes and fails, loads that are slow, fail and are late, and readers that fold the changes.
// Whenever the mirror says that it is fresh, it must have the truth, and so must every fold.

var (
	seedFlag  = flag.Uint64("seed", 0, "run this schedule only")
	schedules = flag.Uint64("schedules", 150, "how many schedules to run")
)

// A row is a value of the truth. Its channel is the part of the key before the slash.
type row struct {
	N       int
	Version int
}

// An event tells a change. By Add it can only be applied once.
type event struct {
	Key     string
	N       int
	Add     bool
	Gone    bool
	Version int
}

// A world is one schedule.
type world struct {
	*rand.Rand
	srv    *rtxtest.Server
	client *rtx.Client
	group  *rtx.Group
	m      *Mirror[string, row]
	fold   map[string]row
	folded bool // the last change was fresh
	stop   bool // the server is stopped
	refuse map[string]bool
	log    []string

	versions bool // by WithVersion; events are additions
	byParts  bool
	slow     bool // apply takes time, so that the stream overflows
	channels []string

	mu       sync.Mutex
	truth    map[string]row
	changed  map[string]time.Time // when a key last changed
	poisoned map[string]bool      // keys with an event since settle that apply panics at
	version  int
	calm     bool       // loads neither fail nor are slow
	dice     *rand.Rand // of the loads
	running  int        // loads
}

func (w *world) note(format string, args ...any) {
	w.log = append(w.log, fmt.Sprintf("%v  ", time.Since(origin))+fmt.Sprintf(format, args...))
}

func (w *world) upTo(d time.Duration) time.Duration { return time.Duration(w.Int64N(int64(d))) }

var origin = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{
		Rand: rand.New(rand.NewPCG(seed, 2)), dice: rand.New(rand.NewPCG(seed, 3)),
		truth: make(map[string]row), changed: make(map[string]time.Time), fold: make(map[string]row), refuse: make(map[string]bool),
		poisoned: make(map[string]bool),
		channels: []string{"a", "b", "c"},
	}
	var opts []rtxtest.Option
	if w.IntN(2) == 0 {
		opts = append(opts, rtxtest.WithRecovery(2*time.Minute))
	}
	w.srv = rtxtest.NewPipeServer(t, opts...)
	client, err := rtx.New(w.srv.Key(), rtx.WithURL(w.srv.URL()), rtx.WithHTTPClient(w.srv.HTTPClient()), rtx.WithConnectRetry())
	if err != nil {
		t.Fatal(err)
	}
	w.client = client
	w.versions, w.byParts, w.slow = w.IntN(2) == 0, w.IntN(2) == 0, w.IntN(4) == 0
	for range w.IntN(8) {
		w.change(false)
	}
	var src rtx.Source
	switch w.IntN(3) {
	case 0:
		w.channels = w.channels[:1]
		src = client.Channel("a")
	case 1:
		w.group = rtx.NewGroup(client.Channel("a"), client.Channel("b"), client.Channel("c"))
		src = w.group
	default:
		src = client
		for _, ch := range w.channels {
			if _, err := client.Channel(ch).Subscribe(canceled()); err == nil {
				t.Fatal("subscribed without a connection")
			}
			rtx.On[int](t.Context(), client.Channel(ch), "other")
		}
	}
	buffer := 256
	if w.slow {
		buffer = 2
	}
	options := []Option{nil, WithStream(rtx.WithBuffer(buffer)), WithLoadTimeout(5 * time.Second), WithMaxEvents(4)}
	if w.versions {
		options = append(options, WithVersion(func(e event) (string, int) { return e.Key, e.Version }, func(r row) int { return r.Version }))
	}
	if w.byParts {
		options = append(options, WithParts(channelOf, w.load))
	}
	w.m = Open(t.Context(), src, "changed", func(ctx context.Context) (map[string]row, error) { return w.load(ctx, nil) }, w.apply, options...)
	return w
}

func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func channelOf(key string) string {
	channel, _, _ := strings.Cut(key, "/")
	return channel
}

var errLoad = errors.New("the database is away")

// load reads the truth, at some time of the call.
func (w *world) load(ctx context.Context, channels []string) (map[string]row, error) {
	w.mu.Lock()
	w.running++
	if w.running > 1 {
		panic("two loads at a time")
	}
	before, after, fail, deaf := time.Duration(0), time.Duration(0), w.dice.IntN(3) == 0, w.dice.IntN(4) == 0
	for _, d := range []*time.Duration{&before, &after} {
		if w.dice.IntN(3) > 0 {
			*d = time.Duration(w.dice.Int64N(int64(4 * time.Second)))
		}
	}
	if w.calm {
		before, after, fail = 0, 0, false
	}
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		w.running--
		w.mu.Unlock()
	}()
	wait := func(d time.Duration) {
		if deaf {
			ctx = context.Background()
		}
		select {
		case <-time.After(d):
		case <-ctx.Done():
		}
	}
	wait(before)
	w.mu.Lock()
	values := maps.Clone(w.truth)
	w.mu.Unlock()
	wait(after)
	if channels != nil {
		maps.DeleteFunc(values, func(k string, _ row) bool { return !strings.Contains(strings.Join(channels, ""), channelOf(k)) })
	}
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case fail && deaf:
		panic(errLoad)
	case fail:
		return nil, errLoad
	}
	return values, nil
}

func (w *world) apply(s *State[string, row], e event) {
	if w.slow && !w.isCalm() {
		time.Sleep(300 * time.Millisecond)
	}
	if e.N == 13 && e.Add {
		s.Delete(e.Key)
		panic("13")
	}
	r, _ := s.Get(e.Key)
	switch {
	case e.Gone:
		s.Delete(e.Key)
	case e.Add:
		s.Set(e.Key, row{r.N + e.N, e.Version})
	default:
		s.Set(e.Key, row{e.N, e.Version})
	}
}

func (w *world) isCalm() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calm
}

// change changes the truth, and publishes that.
func (w *world) change(publish bool) {
	w.mu.Lock()
	w.version++
	e := event{Key: fmt.Sprintf("%s/%d", w.channels[w.IntN(len(w.channels))], w.IntN(4)), N: w.IntN(20), Add: w.versions, Version: w.version}
	was, has := w.truth[e.Key]
	switch {
	case has && !w.versions && w.IntN(3) == 0:
		e.Gone = true
		delete(w.truth, e.Key)
	case e.Add:
		w.truth[e.Key] = row{was.N + e.N, e.Version}
	default:
		w.truth[e.Key] = row{e.N, e.Version}
	}
	w.changed[e.Key] = time.Now()
	if w.poisoned[e.Key] = w.poisoned[e.Key] || e.Add && e.N == 13; w.poisoned[e.Key] {
		delete(w.changed, e.Key) // apply panics: lost when it comes, which may be later
	}
	w.mu.Unlock()
	if publish {
		w.note("publish %+v", e)
		w.srv.Publish(channelOf(e.Key), "changed", e)
	}
}

func (w *world) step() error {
	switch n := w.IntN(100); {
	case n < 55:
		for range 1 + w.IntN(6) {
			w.change(true)
		}
	case n < 60:
		w.note("malformed")
		w.srv.Publish(w.channels[0], "changed", "no event")
	case n < 66:
		w.note("drop")
		w.srv.DropConnections()
	case n < 72:
		w.stop = !w.stop
		w.note("stop %v", w.stop)
		if w.stop {
			w.srv.Stop()
		} else {
			w.srv.Resume()
		}
	case n < 76 && w.slow:
		w.note("half-open")
		w.srv.HalfOpenConnections()
	case n < 78:
		w.note("reload")
		loads := w.m.Stats().Loads
		w.m.Reload()
		if _, why := w.m.Stale(); why == nil && w.m.Stats().Loads == loads { // a load may take no time
			return errors.New("fresh in the middle of Reload")
		}
	case n < 84 && w.group != nil:
		w.regroup()
	case n < 92:
		return w.take()
	}
	return nil
}

// regroup has the group refused, and adds to it again.
func (w *world) regroup() {
	ch := w.channels[1+w.IntN(2)] // the first stays, so that the stream does
	w.refuse[ch] = !w.refuse[ch]
	w.note("refuse %s: %v", ch, w.refuse[ch])
	if w.refuse[ch] {
		w.srv.Deny(ch, "no", 4009)
		w.srv.DropConnections()
		return
	}
	w.srv.Allow(ch)
	if err := w.group.Add(w.client.Channel(ch)); err != nil {
		panic(err)
	}
}

// take takes a change, and sees that it is exact.
func (w *world) take() error {
	c, ok := w.m.Pending()
	if !ok {
		return nil
	}
	w.note("change %+v", c)
	for k, v := range c.Added {
		if _, has := w.fold[k]; has {
			return fmt.Errorf("added %s %v, known", k, v)
		}
	}
	for k, v := range c.Updated {
		if was, has := w.fold[k]; !has || was == v {
			return fmt.Errorf("updated %s to %v, known %v, as %v", k, v, has, was)
		}
	}
	for k, v := range c.Removed {
		if was, has := w.fold[k]; !has || was != v {
			return fmt.Errorf("removed %s with %v, known %v, as %v", k, v, has, was)
		}
	}
	if len(c.Added)+len(c.Updated)+len(c.Removed) == 0 && c.Fresh == w.folded && len(w.fold) > 0 {
		return errors.New("a change without anything new")
	}
	c.Apply(w.fold)
	w.folded = c.Fresh
	return nil
}

// look compares, at a time at which nothing is under way.
func (w *world) look() error {
	since, why := w.m.Stale()
	w.mu.Lock()
	defer w.mu.Unlock()
	have := maps.Collect(w.m.All())
	if why == nil && !maps.Equal(have, w.truth) {
		return fmt.Errorf("fresh, and has %v, the truth is %v", have, w.truth)
	}
	for k, at := range w.changed {
		if have[k] != w.truth[k] && since.After(at) {
			return fmt.Errorf("stale since %v, but missed what happened to %s at %v: %v, the truth is %v; %v", since, k, at, have[k], w.truth[k], why)
		}
	}
	return nil
}

// settle lets everything heal, and compares.
func (w *world) settle() error {
	w.note("settle")
	w.mu.Lock()
	w.calm = true
	w.mu.Unlock()
	if w.stop {
		w.stop = false
		w.srv.Resume()
	}
	for ch, refused := range w.refuse {
		if refused {
			w.refuse[ch] = false
			w.srv.Allow(ch)
		}
	}
	time.Sleep(3 * time.Minute) // the longest heartbeat and back-off, and a load that began before
	if w.group != nil {
		if err := w.group.Add(w.client.Channel("b"), w.client.Channel("c")); err != nil {
			return err
		}
		time.Sleep(3 * time.Minute)
	}
	synctest.Wait()
	if since, why := w.m.Stale(); why != nil {
		return fmt.Errorf("stale since %v: %w", since, why)
	}
	if err := w.m.Fresh(canceled()); err != nil {
		return err
	}
	for range 2 {
		if err := w.take(); err != nil {
			return err
		}
	}
	if err := w.look(); err != nil {
		return err
	}
	if !w.folded || !maps.Equal(w.fold, w.truth) {
		return fmt.Errorf("folded %v (fresh: %v), the truth is %v", w.fold, w.folded, w.truth)
	}
	w.mu.Lock()
	w.calm = false
	clear(w.poisoned)
	w.mu.Unlock()
	return nil
}

func (w *world) run() error {
	go func() { _ = w.client.Connect(context.Background()) }()
	for i := range 60 {
		if err := w.step(); err != nil {
			return err
		}
		if w.IntN(2) == 0 {
			time.Sleep(w.upTo(3 * time.Second))
		}
		synctest.Wait()
		if !w.slow {
			if err := w.look(); err != nil {
				return err
			}
		}
		if i%20 == 19 {
			if err := w.settle(); err != nil {
				return err
			}
		}
	}
	return nil
}

func TestSchedules(t *testing.T) {
	first, n := rand.Uint64N(1<<40), *schedules
	if testing.Short() {
		n /= 10
	}
	if *seedFlag != 0 {
		first, n = *seedFlag, 1
	}
	var total Stats
	for seed := first; seed < first+n && !t.Failed(); seed++ {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, seed)
			if err := w.run(); err != nil {
				t.Errorf("%v\n%+v\nagain: go test ./rtx/mirror -run TestSchedules -args -seed=%d\n%s", err, w.m.Stats(), seed, strings.Join(w.log, "\n"))
			}
			s := w.m.Stats()
			total.Loads += s.Loads
			total.Failed += s.Failed
			total.Applied += s.Applied
			total.LeftOut += s.LeftOut
			total.Gaps += s.Gaps
			w.mu.Lock()
			w.calm = true
			w.mu.Unlock()
			w.m.Close()
			_ = w.client.Close()
			w.srv.Close()
			time.Sleep(time.Minute)
		})
	}
	t.Logf("%d schedules: %+v", n, total)
}
