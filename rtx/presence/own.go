package presence

// own is the identity of this client: what it sent, and what the service showed of it.
//
// A service in JavaScript changes a number that a double can't represent, and Me must be the member
// that everybody else sees. So id is the number that JavaScript makes of it, until the service
// shows that it has the number as it was sent.
type own struct {
	id    string
	sent  string // the number as it was sent, where id is another
	info  []byte
	exact string // the number that the service was seen to have as it was sent
	named string // the user_id that the service gave this client
}

// identify sets t.me from what the service said, or else from the channel data that the client
// sent.
func (t *tracker) identify(channelData []byte, me string) error {
	o := own{exact: t.own.exact, named: me}
	if me == "" {
		o.named = t.own.named
	}
	if len(channelData) > 0 {
		f, fault := readMember(unwrap(channelData), t.channel)
		switch {
		case fault == "":
			f = f.clone()
			o.id, o.info = string(f.id), f.info
		case o.named == "":
			return &MemberError{Channel: t.channel, Field: "user_id", Reason: fault}
		}
		if f.number {
			if id := asJavaScript(o.id); id != o.id && o.exact != o.id {
				o.id, o.sent = id, o.id
			}
		}
	}
	t.own = o
	switch {
	case o.named != "":
		t.me = o.named
		if o.named == o.sent {
			t.keptExact()
		}
	case o.id != "":
		t.me = o.id
	}
	return nil
}

// keptExact notes that the service has this client's number as it was sent.
func (t *tracker) keptExact() {
	t.own.exact, t.own.id, t.own.sent = t.own.sent, t.own.sent, ""
	if t.own.named == "" {
		t.me = t.own.id
	}
}

// recognise checks whether f shows that the service kept this client's number as it was sent. It
// reports whether that changed t.me.
func (t *tracker) recognise(f fact) bool {
	if t.own.sent == "" || !f.number || !f.is(t.own.sent) {
		return false
	}
	t.keptExact()
	return true
}

// renamed removes this client from the roster under its old number if f shows that the service kept
// the number as it was sent. It returns that change, or the zero op.
func (t *tracker) renamed(f fact) op {
	old := t.members[t.me]
	if f.gone || !t.recognise(f) || old == nil || old.id == t.me {
		return op{}
	}
	t.set(old, nil)
	return op{before: old}
}

func (f fact) is(id string) bool { return id != "" && string(f.id) == id }
