package presence

import (
	"encoding/json"
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
)

// Random histories of a channel against a model of the service. What a watcher folds, from the differences alone, must be
// the model's roster whenever everything has been told and received.

var (
	oneSeed   = flag.Uint64("seed", 0, "run this history only")
	histories = flag.Int("histories", manyHistories, "how many histories to run")
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
	tr.attach(r, r.log)
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
		return true, fmt.Errorf("empty diff")
	}
	if f.kind == Stale && (c.Kind == Diff || c.Kind == Stale && len(c.Joined)+len(c.Left)+len(c.Updated) == 0) {
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

// A service is the model: who is there, and the copies of facts that are still under way.
type service struct {
	rng     *rand.Rand
	tracker *tracker
	members map[string]string // the truth; without this client
	known   map[string]string // what was last told in full, with it
	down    bool              // no session, or not confirmed in it
	folds   []*fold
	late    [2][]func() // copies that come later, by name form
	names   int         // the form that is used: 0 or 1, or 2 for both
}

const me = "7"

func (s *service) chance(percent int) bool { return s.rng.IntN(100) < percent }
func (s *service) someone() string         { return fmt.Sprint(s.rng.IntN(12)) }

// info is a new info, most of the time; key order and space vary.
func (s *service) info() string { return fmt.Sprintf(`{"v":%d}`, s.rng.IntN(4)) }

func (s *service) written(info string) string {
	if s.chance(30) {
		return strings.ReplaceAll(info, ":", " : ")
	}
	return info
}

func (s *service) id(id string) string {
	if s.chance(50) {
		return id
	}
	return `"` + id + `"`
}

// member writes a member, as an event of its own or not, with user_info or flat.
func (s *service) member(id, info string, topmost bool) string {
	fields := []string{`"user_id":` + s.id(id)}
	if s.chance(30) {
		fields = append(fields, strings.TrimSuffix(strings.TrimPrefix(info, "{"), "}"))
	} else {
		fields = append(fields, `"user_info":`+s.written(info))
	}
	if topmost {
		fields = append(fields, `"channel":"`+testChannel+`"`)
	}
	s.rng.Shuffle(len(fields), func(i, j int) { fields[i], fields[j] = fields[j], fields[i] })
	return "{" + strings.Join(fields, ",") + "}"
}

// tell sends a fact under each name that the service uses, once or twice, now or later. Each name keeps its own order.
func (s *service) tell(kind, payload string) {
	forms := []string{"realtimex_internal:", "presence:"}
	first := s.rng.IntN(2)
	send := func(form int) {
		for range 1 + s.rng.IntN(2) {
			s.tracker.Event(forms[form]+kind, []byte(payload))
		}
	}
	for _, form := range []int{first, 1 - first} {
		switch {
		case s.names == 1-form:
		case s.chance(30), len(s.late[form]) > 0:
			s.late[form] = append(s.late[form], func() { send(form) })
		default:
			send(form)
		}
	}
}

func (s *service) flush() {
	for form := range s.late {
		for _, send := range s.late[form] {
			send()
		}
		s.late[form] = nil
	}
}

func (s *service) change() {
	id := s.someone()
	if id == me {
		if s.chance(50) {
			s.tell("member_removed", `{"user_id":"7"}`) // another of our own connections, perhaps
		}
		return
	}
	if _, ok := s.members[id]; ok && s.chance(60) {
		info := s.members[id]
		delete(s.members, id)
		s.tell("member_removed", s.member(id, info, s.chance(50)))
		return
	}
	s.members[id] = s.info()
	s.tell("member_added", s.member(id, s.members[id], s.chance(50)))
}

func (s *service) roster() string {
	ids := slices.Collect(maps.Keys(s.members))
	s.rng.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	var list, texts, hash []string
	for _, id := range ids {
		list = append(list, s.member(id, s.members[id], false))
		texts = append(texts, s.id(id))
		hash = append(hash, fmt.Sprintf(`"%s":%s`, id, s.written(s.members[id])))
	}
	if s.chance(50) {
		list = append(list, `{"user_id":7,"user_info":{"v":"me"}}`)
		texts = append(texts, "7")
		hash = append(hash, `"7":{"v":"me"}`)
	}
	members := `[` + strings.Join(list, ",") + `]`
	presence := fmt.Sprintf(`{"ids":[%s],"hash":{%s},"count":%d}`, strings.Join(texts, ","), strings.Join(hash, ","), len(ids))
	switch s.rng.IntN(6) {
	case 0:
		return `{"channel":"` + testChannel + `","members":` + members + `}`
	case 1:
		return `{"users":` + members + `,"initial_state":{}}`
	case 2:
		return `{"presence":` + presence + `}`
	case 3:
		return `{"initial_state":{"presence":` + presence + `}}`
	case 4:
		return `{"members":{` + strings.Join(hash, ",") + `}}`
	}
	return members
}

// confirm tells the roster, perhaps after a bare confirmation, perhaps drawn up before the latest facts were told.
func (s *service) confirm() {
	data := []byte(`{"user_id":"7","user_info":{"v":"me"}}`)
	if s.chance(30) {
		s.tracker.Confirmed([]byte(`{"channel":"`+testChannel+`"}`), data)
	}
	drawn := s.roster()
	if s.down && s.chance(40) {
		for range s.rng.IntN(4) {
			s.change()
		}
	}
	for range 1 + s.rng.IntN(2) {
		s.tracker.Confirmed([]byte(drawn), data)
		if len(s.late[0])+len(s.late[1]) > 0 || s.down {
			break
		}
	}
	s.down = false
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
		s.tracker.Confirmed([]byte(`{"members":7}`), nil)
	case n < 65:
		if !s.down {
			s.tell("member_removed", `{"user_id":"nobody"}`)
		}
	case n < 72:
		if s.down {
			s.confirm()
		} else {
			s.known = s.truth()
			s.flush()
			s.late = [2][]func(){}
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
	all[me] = `{"v":"me"}`
	return all
}

// quiet has everything told and received, and compares.
func (s *service) quiet() error {
	if !s.down {
		s.flush()
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
		if m, ok := f.set.Me(); !ok || m.ID != me {
			return fmt.Errorf("watcher %d: Me is %v %v", i, m, ok)
		}
	}
	return nil
}

func history(seed uint64) error {
	s := &service{
		rng: rand.New(rand.NewPCG(seed, 1)), tracker: newTracker(testChannel), down: true,
		members: make(map[string]string), known: map[string]string{},
	}
	s.names = s.rng.IntN(3)
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
