package presence

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	json2 "github.com/go-json-experiment/json"
	jsonv1 "github.com/go-json-experiment/json/v1"

	"github.com/realtimex/realtimex-go/internal/race"
)

// Random histories of a channel against a model of the service. What a watcher folds, from the
// differences alone, must be the model's roster whenever everything has been told and received.

var (
	oneSeed   = flag.Uint64("seed", 0, "run this history only")
	histories = flag.Int("histories", race.Fewer(3000, 300), "how many histories to run")
)

const testChannel = "presence-x"

// open attaches a room to a tracker without a client.
func open[T any](tr *tracker, opts ...Option) *Room[T] {
	cfg, err := newConfig(opts)
	if err != nil {
		panic(err)
	}
	r := newRoom[T](cfg)
	r.channel, r.tracker, r.release = tr.channel, tr, func() {}
	r.log = slog.New(slog.DiscardHandler)
	r.unmarshal = func(data []byte, v any) error { return json2.Unmarshal(data, v, jsonv1.DefaultOptionsV1()) }
	tr.attach(r, r.log, nil)
	return r
}

// A fold is a watcher that believes the differences only, and checks that each is one.
type fold struct {
	room    *Room[json.RawMessage]
	set     Set[json.RawMessage]
	members map[string]string // id → info, normalised
	kind    Kind              // of the last change
	changes int
}

func text(info json.RawMessage) string {
	if info == nil {
		return ""
	}
	var v any
	if err := json.Unmarshal(info, &v); err != nil {
		panic(err)
	}
	b, _ := json.Marshal(v)
	return string(b)
}

// take takes a change if there is one, and says what is wrong with it.
func (f *fold) take() (took bool, err error) {
	var c Change[json.RawMessage]
	select {
	case c = <-f.room.C:
	default:
		return false, nil
	}
	if f.changes == 0 && (c.Kind != Snapshot || len(c.Joined) != len(c.Members)) {
		return true, fmt.Errorf("first change is a %v with %d joined, %d members", c.Kind, len(c.Joined), len(c.Members))
	}
	f.changes++
	if c.Kind == Diff && len(c.Joined)+len(c.Left)+len(c.Updated) == 0 {
		return true, errors.New("empty diff")
	}
	if f.kind == Stale && (c.Kind == Diff || c.Kind == Stale && c.Incomplete == f.set.Incomplete() && len(c.Joined)+len(c.Left)+len(c.Updated) == 0) {
		return true, fmt.Errorf("%v after stale", c.Kind)
	}
	for _, m := range c.Left {
		if info, ok := f.members[m.ID]; !ok || info != text(m.Info) {
			return true, fmt.Errorf("left: %s with %s, known %v with %s", m.ID, m.Info, ok, info)
		}
		delete(f.members, m.ID)
	}
	for _, m := range c.Joined {
		if _, ok := f.members[m.ID]; ok {
			return true, fmt.Errorf("joined: %s, known", m.ID)
		}
		f.members[m.ID] = text(m.Info)
	}
	for _, m := range c.Updated {
		if info, ok := f.members[m.ID]; !ok || info == text(m.Info) {
			return true, fmt.Errorf("updated: %s to %s, known %v with %s", m.ID, m.Info, ok, info)
		}
		f.members[m.ID] = text(m.Info)
	}
	if c.Kind == Snapshot {
		whole := make(map[string]string)
		for _, m := range c.Members {
			whole[m.ID] = text(m.Info)
		}
		if len(whole) != len(c.Members) || !maps.Equal(whole, f.members) {
			return true, fmt.Errorf("snapshot of %v, folded %v", whole, f.members)
		}
	} else if c.Members != nil {
		return true, fmt.Errorf("%v with members", c.Kind)
	}
	f.kind = c.Kind
	f.set.Apply(c)
	return true, nil
}

func (s *service) step() error {
	switch n := s.rng.IntN(100); {
	case n < 55:
		if !s.down {
			s.change()
		} else if id := s.someone(); id != me { // nobody tells us
			if s.chance(50) {
				delete(s.members, id)
			} else {
				s.members[id] = s.info()
			}
		}
	case n < 60:
		s.tracker.Event("presence:member_added", []byte(`{"user_info":{"v":1}}`))
		s.tracker.Event("presence:member_danced", []byte(`{"user_id":"1"}`))
		s.confirmed([]byte(`{"members":7}`), nil)
	case n < 65:
		if !s.down {
			s.tell("member_removed", `{"user_id":"nobody"}`)
		}
	case n < 72:
		if s.down {
			s.confirm()
		} else {
			lost := s.unread && s.chance(50)
			if !lost {
				s.known = s.truth()
			}
			s.flush()
			s.late = [2][]func(){}
			if s.aside != nil {
				s.aside.lost = lost
				s.read()
				s.aside.lost = false
			}
			s.tracker.Down()
			s.down = true
		}
	case n < 77:
		s.confirm()
	case n < 80:
		if len(s.folds) < 6 {
			s.watch()
		}
	case n < 82:
		i := s.rng.IntN(len(s.folds))
		if len(s.folds) > 1 {
			s.folds[i].room.Close()
			s.folds = slices.Delete(s.folds, i, i+1)
		}
	case n < 85:
		s.read()
	default:
		f := s.folds[s.rng.IntN(len(s.folds))]
		if _, err := f.take(); err != nil {
			return err
		}
	}
	return nil
}

func (s *service) watch() {
	s.folds = append(s.folds, &fold{room: open[json.RawMessage](s.tracker), members: make(map[string]string)})
}

func (s *service) truth() map[string]string {
	all := maps.Clone(s.members)
	for id, info := range all {
		if info == deepInfo {
			all[id] = ""
		}
	}
	all[me] = `{"v":"me"}`
	return all
}

// quiet has everything told and received, and compares.
func (s *service) quiet() error {
	if !s.down {
		s.flush()
		s.read()
		s.known = s.truth()
	}
	for i, f := range s.folds {
		for {
			took, err := f.take()
			if err != nil {
				return fmt.Errorf("watcher %d: %w", i, err)
			}
			if !took {
				break
			}
		}
		if f.changes == 0 && s.down {
			continue // its first Snapshot waits for a true one
		}
		if !maps.Equal(f.members, s.known) {
			return fmt.Errorf("watcher %d folded %v, true is %v", i, f.members, s.known)
		}
		if stale := f.kind == Stale; stale != s.down || f.set.Stale() != s.down {
			return fmt.Errorf("watcher %d: stale %v, set %v, down %v", i, stale, f.set.Stale(), s.down)
		}
		for what, r := range map[string]Roster[json.RawMessage]{"Members": f.room.Members(), "Set": f.set.Roster()} {
			got := make(map[string]string)
			for id, m := range r.All() {
				got[id] = text(m.Info)
			}
			if !maps.Equal(got, s.known) || r.Len() != len(got) {
				return fmt.Errorf("watcher %d: %s is %v (%d), true is %v", i, what, got, r.Len(), s.known)
			}
		}
		if room := f.room.Stats().Incomplete; f.set.Incomplete() != room {
			return fmt.Errorf("watcher %d: the set is incomplete: %v, the room: %v", i, f.set.Incomplete(), room)
		}
		if m, ok := f.set.Me(); !ok || m.ID != me {
			return fmt.Errorf("watcher %d: Me is %v %v", i, m, ok)
		}
	}
	return nil
}

// history plays one. Of three, one has each roster read aside at once, and one later.
func history(seed uint64) error {
	s := &service{
		rng: rand.New(rand.NewPCG(seed, 1)), tracker: newTracker(testChannel), down: true,
		members: make(map[string]string), known: map[string]string{},
	}
	s.names = s.rng.IntN(3)
	if mode := seed % 3; mode > 0 {
		s.aside = &aside{prompt: mode == 1}
	}
	defer func() { s.tracker.End(nil) }()
	s.watch()
	for i := range 150 {
		if err := s.step(); err != nil {
			return fmt.Errorf("step %d: %w", i, err)
		}
		if s.rng.IntN(20) == 0 {
			if err := s.quiet(); err != nil {
				return fmt.Errorf("quiet after step %d: %w", i, err)
			}
		}
	}
	return s.quiet()
}

func TestHistories(t *testing.T) {
	if *oneSeed != 0 {
		if err := history(*oneSeed); err != nil {
			t.Fatal(err)
		}
		return
	}
	n := *histories
	if testing.Short() {
		n /= 10
	}
	start := rand.Uint64()
	for i := range uint64(n) {
		if err := history(start + i); err != nil {
			t.Fatalf("%v\nagain: go test ./rtx/presence -run TestHistories -args -seed=%d", err, start+i)
		}
	}
}

// The same with a reader of its own goroutine, which takes while the tracker takes back.
func TestReaderBesideTracker(t *testing.T) {
	type info struct{ V int }
	tr := newTracker(testChannel)
	room := open[info](tr)
	other := open[info](tr)
	var wg sync.WaitGroup
	folded := make(map[string]int)
	wg.Go(func() {
		for c := range room.C {
			for _, m := range c.Left {
				if v, ok := folded[m.ID]; !ok || v != m.Info.V {
					t.Errorf("left %v, known %v %v", m, v, ok)
				}
				delete(folded, m.ID)
			}
			for _, m := range c.Joined {
				if _, ok := folded[m.ID]; ok {
					t.Errorf("joined %v, known", m)
				}
				folded[m.ID] = m.Info.V
			}
			for _, m := range c.Updated {
				if v, ok := folded[m.ID]; !ok || v == m.Info.V {
					t.Errorf("updated %v, known %v %v", m, v, ok)
				}
				folded[m.ID] = m.Info.V
			}
			if c.Kind == Snapshot && len(c.Members) != len(folded) {
				t.Errorf("snapshot of %d, folded %d", len(c.Members), len(folded))
			}
		}
	})
	wg.Go(func() { // and others that look
		for {
			select {
			case <-other.done:
				return
			case <-other.C:
				room.Members().Len()
				room.Me()
				room.Stats()
			}
		}
	})
	rng := rand.New(rand.NewPCG(1, 2))
	truth := make(map[string]int)
	confirm := func() {
		var list []string
		for id, v := range truth {
			list = append(list, fmt.Sprintf(`{"user_id":%q,"user_info":{"V":%d}}`, id, v))
		}
		tr.Confirmed([]byte(`{"members":[`+strings.Join(list, ",")+`]}`), nil)
	}
	confirm()
	for range 20_000 {
		id := fmt.Sprint(rng.IntN(40))
		switch n := rng.IntN(1000); {
		case n < 500:
			truth[id] = rng.IntN(3)
			tr.Event("presence:member_added", fmt.Appendf(nil, `{"user_id":%q,"user_info":{"V":%d}}`, id, truth[id]))
		case n < 980:
			delete(truth, id)
			tr.Event("presence:member_removed", fmt.Appendf(nil, `{"user_id":%q}`, id))
		default:
			tr.Down()
			truth[id] = rng.IntN(3)
			confirm()
		}
	}
	tr.End(nil)
	wg.Wait()
	if !reflect.DeepEqual(folded, truth) {
		t.Fatalf("folded %v, true is %v", folded, truth)
	}
}
