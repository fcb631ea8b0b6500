package presence

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// The service's forms of a member and of a roster are not settled by any one source; each that a source shows is taken.
// Nothing here fails: what is of no known form is counted.

const (
	maxID   = 256      // bytes of a user_id
	maxInfo = 64 << 10 // bytes of a user_info; as much as a client may send of itself
)

// wireOptions take what other JSON decoders take.
var wireOptions = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// A fact is what the service said of one member.
type fact struct {
	id   string
	info []byte // nil: it said nothing
	gone bool
}

// A confirmation is what a subscription_succeeded says.
type confirmation struct {
	told    bool // it has a roster
	members []fact
	me      string // the user_id that it gives this client; "" if it says nothing
	unknown int    // parts of no known form
}

// unwrap returns the JSON value itself where it was sent as a string of JSON, as Pusher does.
func unwrap(payload []byte) jsontext.Value {
	v := jsontext.Value(bytes.TrimSpace(payload))
	if v.Kind() == '"' {
		if text, err := jsontext.AppendUnquote(nil, v); err == nil && jsontext.Value(text).Kind() == '{' {
			return bytes.TrimSpace(text)
		}
	}
	return v
}

// readConfirmation reads the roster of a confirmation of channel: under presence, members or users, at the top or in
// initial_state, or the payload itself if it is a list.
func readConfirmation(payload []byte, channel string) (c confirmation) {
	v := unwrap(payload)
	switch v.Kind() {
	case '[':
		c.roster(v, channel)
		return c
	case '{':
	case 'n':
		return c
	default:
		c.unknown++
		return c
	}
	type state struct {
		Presence jsontext.Value `json:"presence"`
		Members  jsontext.Value `json:"members"`
		Users    jsontext.Value `json:"users"`
	}
	var w struct {
		state
		Initial jsontext.Value `json:"initial_state"`
		Me      jsontext.Value `json:"me"`
	}
	if json.Unmarshal(v, &w, wireOptions) != nil {
		c.unknown++
		return c
	}
	places := []jsontext.Value{w.Presence, w.Members, w.Users}
	if w.Initial.Kind() == '{' {
		var s state
		if json.Unmarshal(w.Initial, &s, wireOptions) == nil {
			places = append(places, s.Presence, s.Members, s.Users)
		}
	}
	for _, p := range places {
		if !c.told {
			c.roster(p, channel)
		}
	}
	if len(w.Me) > 0 {
		if m, fault := readMember(w.Me, channel); fault == "" {
			c.me = m.id
		}
	}
	return c
}

// roster reads a list of members, Pusher's {"ids","hash","count"}, or an object of infos by user_id.
func (c *confirmation) roster(v jsontext.Value, channel string) {
	switch v.Kind() {
	case '[':
		c.told = true
		c.list(v, channel)
	case '{':
		c.told = true
		var w struct {
			IDs  jsontext.Value `json:"ids"`
			Hash jsontext.Value `json:"hash"`
		}
		if json.Unmarshal(v, &w, wireOptions) != nil {
			c.told = false
			c.unknown++
			return
		}
		if w.IDs.Kind() != '[' && w.Hash.Kind() != '{' {
			c.byID(v, channel)
			return
		}
		if w.IDs.Kind() == '[' {
			c.list(w.IDs, channel)
		}
		if w.Hash.Kind() == '{' {
			c.byID(w.Hash, channel)
		}
	case jsontext.KindInvalid, 'n': // absent
	default:
		c.unknown++
	}
}

func (c *confirmation) list(v jsontext.Value, channel string) {
	d := jsontext.NewDecoder(bytes.NewBuffer(v), wireOptions)
	_, _ = d.ReadToken()
	var w memberWire
	for d.PeekKind() != ']' {
		e, err := d.ReadValue()
		if err != nil {
			c.unknown++
			return
		}
		if m, fault := w.read(e, channel); fault == "" {
			c.members = append(c.members, m)
		} else {
			c.unknown++
		}
	}
}

// byID reads {"1":info}; an info that has a user_id is a member in full.
func (c *confirmation) byID(v jsontext.Value, channel string) {
	d := jsontext.NewDecoder(bytes.NewBuffer(v), wireOptions)
	_, _ = d.ReadToken()
	var w memberWire
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			c.unknown++
			return
		}
		id := name.String()
		e, err := d.ReadValue()
		if err != nil {
			c.unknown++
			return
		}
		if e.Kind() == '{' && bytes.Contains(e, []byte(`"user_id"`)) {
			if m, fault := w.read(e, channel); fault == "" && m.id == id {
				c.members = append(c.members, m)
				continue
			}
		}
		if idFault(id) != "" {
			c.unknown++
			continue
		}
		c.members = append(c.members, fact{id: id, info: infoOf(bytes.Clone(e))})
	}
}

// readMember reads a member: an object with user_id, or a bare user_id. The fault says what is wrong with the user_id.
func readMember(v jsontext.Value, channel string) (m fact, fault string) {
	var w memberWire
	return w.read(v, channel)
}

type memberWire struct {
	ID   jsontext.Value `json:"user_id"`
	Info jsontext.Value `json:"user_info"`
}

// read reads into w, whose ID it reuses.
func (w *memberWire) read(v jsontext.Value, channel string) (m fact, fault string) {
	w.ID, w.Info = w.ID[:0], nil
	flat := false
	switch v.Kind() {
	case '"', '0':
		w.ID = append(w.ID, v...)
	case '{':
		if json.Unmarshal(v, w, wireOptions) != nil {
			return fact{}, "not JSON"
		}
		flat = w.Info == nil
	}
	id, fault := readID(w.ID)
	if fault != "" {
		return fact{}, fault
	}
	if flat {
		w.Info = otherFields(v, channel)
	}
	return fact{id: id, info: infoOf(w.Info)}, ""
}

// infoOf is an info as it is kept; null is none.
func infoOf(v jsontext.Value) []byte {
	if v.Kind() == 'n' {
		return nil
	}
	return v
}

// readID returns a user_id as text: a number and the string of its digits are one.
func readID(v jsontext.Value) (id, fault string) {
	switch v.Kind() {
	case '"':
		text, err := jsontext.AppendUnquote(nil, v)
		if err != nil {
			return "", "not a string"
		}
		id = string(text)
	case '0':
		id = string(v)
		if strings.ContainsAny(id, ".eE") {
			f, err := strconv.ParseFloat(id, 64)
			if err != nil {
				return "", "not a number"
			}
			id = strconv.FormatFloat(f, 'f', -1, 64)
		}
	case jsontext.KindInvalid, 'n':
		return "", "missing"
	default:
		return "", "neither a string nor a number"
	}
	return id, idFault(id)
}

func idFault(id string) string {
	switch {
	case id == "":
		return "empty"
	case len(id) > maxID:
		return "longer than " + strconv.Itoa(maxID) + " bytes"
	}
	return ""
}

// otherFields returns what a flat member has besides its user_id and the channel that an event of its own names; nil if
// that is nothing.
func otherFields(v jsontext.Value, channel string) jsontext.Value {
	d := jsontext.NewDecoder(bytes.NewBuffer(v), wireOptions)
	_, _ = d.ReadToken()
	rest := []byte{'{'}
	for d.PeekKind() == '"' {
		name, err := d.ReadValue()
		if err != nil {
			return nil
		}
		mark := len(rest)
		if mark > 1 {
			rest = append(rest, ',')
		}
		rest = append(append(rest, name...), ':')
		isID, isChannel := textIs(name, "user_id"), textIs(name, "channel")
		value, err := d.ReadValue()
		if err != nil {
			return nil
		}
		if isID || isChannel && textIs(value, channel) {
			rest = rest[:mark]
			continue
		}
		rest = append(rest, value...)
	}
	if len(rest) == 1 {
		return nil
	}
	return append(rest, '}')
}

// textIs says whether v is the JSON string of s.
func textIs(v jsontext.Value, s string) bool {
	if v.Kind() != '"' {
		return false
	}
	text, err := jsontext.AppendUnquote(nil, v)
	return err == nil && string(text) == s
}

// sameInfo compares two infos as JSON values; numbers as they are written, so that none loses a digit.
func sameInfo(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	if a == nil || b == nil {
		return false
	}
	x, y := jsontext.Value(bytes.Clone(a)), jsontext.Value(bytes.Clone(b))
	return normalise(&x) == nil && normalise(&y) == nil && bytes.Equal(x, y)
}

func normalise(v *jsontext.Value) error {
	return v.Format(wireOptions, jsontext.ReorderRawObjects(true), jsontext.SpaceAfterColon(false), jsontext.SpaceAfterComma(false), jsontext.Multiline(false))
}
