package presence

import (
	"bytes"
	"strconv"
)

// No single source settles which forms the service has for a member and a roster. Each form that
// some source shows is accepted. Nothing here fails: parts of an unknown form are counted.

// A fact is what the service said of one member. Its slices point into the payload, or into the
// reader's buffers, and are valid until the next fact is read: clone a fact to keep it.
type fact struct {
	id     []byte
	info   []byte // as it came, before judge; nil: none was sent
	gone   bool
	number bool // the id was a number
}

func (f fact) clone() fact {
	f.id, f.info = bytes.Clone(f.id), bytes.Clone(judge(f.info))
	return f
}

// unwrap returns the JSON value in payload, which may be wrapped in a JSON string, as Pusher does
// it.
func unwrap(payload []byte) []byte {
	v := trim(payload)
	if len(v) > 0 && v[0] == '"' {
		if text, ok := unquote(nil, v); ok {
			if text = trim(text); len(text) > 0 && text[0] == '{' {
				return text
			}
		}
	}
	return v
}

func trim(v []byte) []byte { return bytes.Trim(v, " \t\r\n") }

// A reader reads the members of one channel. Its buffers hold one fact at a time.
type reader struct {
	channel string
	id      []byte
	flat    []byte
}

// readMember reads one member with a reader of its own, so that the fact stays valid.
func readMember(v []byte, channel string) (m fact, fault string) {
	r := reader{channel: channel}
	return r.member(v)
}

// member reads a member: an object with user_id, or a bare user_id. The fault says what is wrong
// with the user_id.
func (r *reader) member(v []byte) (m fact, fault string) {
	if len(v) == 0 {
		return m, "missing"
	}
	id, flat := []byte(nil), false
	switch {
	case v[0] == '{':
		flat = true
		w := walk{b: v}
		for name, value, ok := w.next(); ok; name, value, ok = w.next() {
			switch {
			case textIs(name, "user_id"):
				id = value
			case textIs(name, "user_info"):
				m.info, flat = value, false
			}
		}
		if w.broken {
			return fact{}, "not JSON"
		}
	case v[0] == '"' || v[0] == '-' || v[0]-'0' <= 9:
		if end, _ := skip(v, 0); end != len(v) {
			return m, "not JSON"
		}
		id = v
	}
	if r.id, m.number, fault = appendID(r.id[:0], id); fault != "" {
		return fact{}, fault
	}
	m.id = r.id
	if flat {
		m.info = r.otherFields(v)
	}
	m.info = infoOf(m.info)
	return m, ""
}

// infoOf returns v, or nil if v is null: null is no info.
func infoOf(v []byte) []byte {
	if string(v) == "null" {
		return nil
	}
	return v
}

// otherFields returns the fields of a flat member other than its user_id, and other than the
// channel that an event of the service names. It returns nil if there are none.
func (r *reader) otherFields(v []byte) []byte {
	rest := append(r.flat[:0], '{')
	w := walk{b: v}
	for name, value, ok := w.next(); ok; name, value, ok = w.next() {
		if textIs(name, "user_id") || textIs(name, "channel") && textIs(value, r.channel) {
			continue
		}
		if len(rest) > 1 {
			rest = append(rest, ',')
		}
		rest = append(append(append(rest, name...), ':'), value...)
	}
	if cap(rest) <= maxInfo {
		r.flat = rest
	}
	if len(rest) == 1 {
		return nil
	}
	return append(rest, '}')
}

// A confirmation is the content of a subscription_succeeded event.
type confirmation struct {
	me         string  // the user_id that it gives this client; "" if it gives none
	spots      [6]spot // where the roster may be, the likeliest first
	unknown    int     // parts of no known form
	incomplete bool    // there may be members whom the roster does not name, or not in full
	count      int     // how many members the roster says it has
}

// A spot is a place in a confirmation that may have a roster. byID is set where an object may have
// infos by user_id, and not only Pusher's form.
type spot struct {
	v    []byte
	byID bool
}

// confirmation reads a confirmation without the roster's members. The roster is under presence,
// members or users, at the top level or in initial_state, or is the payload itself if that is a
// list.
func (r *reader) confirmation(payload []byte) (c confirmation) {
	v := unwrap(payload)
	switch {
	case len(v) > 0 && v[0] == '[':
		c.spots[0].v = v
	case len(v) > 0 && v[0] == '{':
		initial, me, ok := c.find(c.spots[:3], v)
		if !ok {
			return confirmation{unknown: 1}
		}
		if len(initial) > 0 && initial[0] == '{' {
			if _, _, ok := c.find(c.spots[3:], initial); !ok {
				clear(c.spots[3:])
				c.unknown++
			}
		}
		if m, fault := r.member(me); fault == "" {
			c.me = string(m.id)
		}
	case string(v) != "null":
		c.unknown++
	}
	return c
}

// find finds the spots in one object. Of a repeated name the last one counts, as with JSON.parse.
func (c *confirmation) find(spots []spot, object []byte) (initial, me []byte, ok bool) {
	w := walk{b: object}
	for name, value, ok := w.next(); ok; name, value, ok = w.next() {
		switch {
		case textIs(name, "presence"):
			spots[0] = spot{v: value}
		case textIs(name, "members"):
			spots[1] = spot{value, true}
		case textIs(name, "users"):
			spots[2] = spot{value, true}
		case textIs(name, "initial_state"):
			initial = value
		case textIs(name, "me"):
			me = value
		}
	}
	return initial, me, !w.broken
}

// roster passes the members to take as they are read, until take reports false. It reports whether
// there was a roster. The first spot that has one counts.
func (r *reader) roster(c *confirmation, take func(fact) bool) bool {
	for _, p := range c.spots {
		if len(p.v) == 0 || string(p.v) == "null" {
			continue
		}
		l := listing{reader: r, take: take}
		told := false
		switch p.v[0] {
		case '[':
			told = true
			l.list(p.v)
		case '{':
			told = l.object(p)
		default:
			l.unknown++
		}
		c.unknown += l.unknown
		if told {
			c.incomplete, c.count = l.unknown > 0, l.count
			return true
		}
	}
	return false
}

// A listing reads one roster.
type listing struct {
	*reader
	take    func(fact) bool
	stopped bool
	taken   int // members, each as often as it is named
	unknown int
	count   int
}

func (l *listing) give(f fact) {
	l.taken++
	l.stopped = !l.take(f)
}

// object reads Pusher's {"ids","hash","count"}, or infos by user_id. Of Pusher's form ids or hash
// may be missing: the members of the other are taken. It reports false if both are missing, which
// is no roster.
func (l *listing) object(p spot) (told bool) {
	var ids, hash, count []byte
	fields, others := 0, 0
	w := walk{b: p.v}
	for name, value, ok := w.next(); ok; name, value, ok = w.next() {
		fields++
		switch {
		case textIs(name, "ids"):
			ids = value
		case textIs(name, "hash"):
			hash = value
		case textIs(name, "count"):
			count = value
		default:
			others++
		}
	}
	hasIDs, hasHash := len(ids) > 0 && ids[0] == '[', len(hash) > 0 && hash[0] == '{'
	if p.byID && (fields == 0 || others > 0 && !(hasIDs && hasHash)) {
		l.byID(p.v, true)
		return l.taken > 0 || l.unknown == 0
	}
	if !hasIDs && !hasHash {
		l.unknown++
		return false
	}
	if hasIDs {
		l.list(ids)
	}
	if hasHash && !l.stopped {
		l.byID(hash, false)
	}
	if hasIDs != hasHash && l.taken > 0 {
		l.unknown++
	}
	l.count, _ = strconv.Atoi(string(count))
	return true
}

func (l *listing) list(v []byte) {
	w := walk{b: v}
	for !l.stopped {
		_, value, ok := w.next()
		if !ok {
			break
		}
		if m, fault := l.member(value); fault == "" {
			l.give(m)
		} else {
			l.unknown++
		}
	}
	if w.broken {
		l.unknown++
	}
}

// byID reads {"1":info}. An info that has the same user_id is a whole member. If onlyObjects is
// set, values that are no objects are not members: v may be something else than a roster.
func (l *listing) byID(v []byte, onlyObjects bool) {
	w := walk{b: v}
	for !l.stopped {
		name, value, ok := w.next()
		if !ok {
			break
		}
		var fault string
		if l.id, _, fault = appendID(l.id[:0], name); fault != "" || onlyObjects && value[0] != '{' {
			l.unknown++
			continue
		}
		m := fact{id: l.id, info: infoOf(value)}
		if value[0] == '{' && bytes.Contains(value, []byte(`"user_id"`)) {
			id := string(l.id)
			if full, fault := l.member(value); fault == "" && string(full.id) == id {
				m = full
			} else {
				l.id = append(l.id[:0], id...)
				m.id = l.id
			}
		}
		l.give(m)
	}
	if w.broken {
		l.unknown++
	}
}
