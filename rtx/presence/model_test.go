package presence

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

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
	aside   *aside      // where large rosters are read; nil: none is large
	unread  bool        // the first roster since the last loss waits there
}

// confirmed sends a confirmation.
func (s *service) confirmed(payload, channelData []byte) {
	if s.aside == nil {
		s.tracker.Confirmed(payload, channelData)
		return
	}
	s.tracker.Take(s.aside.confirmed(payload, channelData))
}

// read has everything read that waits aside.
func (s *service) read() {
	if s.aside != nil {
		s.aside.finish()
		s.unread = false
	}
}

const me = "7"

func (s *service) chance(percent int) bool { return s.rng.IntN(100) < percent }
func (s *service) someone() string         { return fmt.Sprint(s.rng.IntN(12)) }

// info is a new info, most of the time; key order and space vary.
func (s *service) info() string {
	if s.chance(3) {
		return deepInfo
	}
	return fmt.Sprintf(`{"v":%d}`, s.rng.IntN(4))
}

// deepInfo can't be taken: who has it is there all the same, without one.
var deepInfo = `{"v":` + nested(600) + `}`

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

// tell sends a fact under each name that the service uses, once or twice, now or later. Each name
// keeps its own order.
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
	if s.chance(10) {
		list = append(list, `{"user_id":`+deepInfo+`}`) // nobody knows who that is
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

// confirm tells the roster, perhaps after a bare confirmation, perhaps drawn up before the latest
// facts were told.
func (s *service) confirm() {
	data := []byte(`{"user_id":"7","user_info":{"v":"me"}}`)
	if s.chance(30) {
		s.confirmed([]byte(`{"channel":"`+testChannel+`"}`), data)
	}
	drawn := s.roster()
	if s.down && s.chance(40) {
		for range s.rng.IntN(4) {
			s.change()
		}
	}
	for range 1 + s.rng.IntN(2) {
		s.confirmed([]byte(drawn), data)
		if len(s.late[0])+len(s.late[1]) > 0 || s.down {
			break
		}
	}
	if s.down {
		s.unread = s.aside != nil && len(s.aside.works) > 0
	}
	s.down = false
}
