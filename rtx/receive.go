package rtx

import (
	"errors"
	"time"

	"github.com/realtimex/realtimex-go/internal/core"
	"github.com/realtimex/realtimex-go/internal/engineio"
	"github.com/realtimex/realtimex-go/internal/observe"
	"github.com/realtimex/realtimex-go/internal/redact"
	"github.com/realtimex/realtimex-go/rtx/transport"
)

// maxInterned is how many names the reader remembers. With it, an event that only "*" takes does
// not allocate a string for its name every time.
const maxInterned = 1024

func (r *reader) intern(name []byte) string {
	if s, ok := r.names[string(name)]; ok {
		return s
	}
	s := string(name)
	if len(s) > maxEventName {
		return s
	}
	if r.names == nil || len(r.names) >= maxInterned {
		r.names = make(map[string]string)
	}
	r.names[s] = s
	return s
}

// take handles one packet on the reading goroutine. An event is delivered to its streams before the
// next packet is read. An error ends the session. An event that asked for an acknowledgement gets
// it after it was delivered.
func (c *Client) take(sess transport.Session, p transport.Packet) (err error) {
	switch p.Type {
	case transport.PacketEvent:
		err = c.receive(sess, p.Data, nil)
	case transport.PacketBinaryEvent:
		data, fault := engineio.Inline(engineio.SocketPacket{Data: p.Data, Buffers: p.Buffers})
		switch {
		case fault == nil:
			err = c.receive(sess, data, nil)
		case errors.Is(fault, engineio.ErrPlaceholder):
			err = c.receive(sess, p.Data, errPlaceholder)
		default:
			err = fault
		}
	default:
		c.stats.unknown.Add(1)
		return nil
	}
	if err == nil && p.HasID {
		c.acknowledge(p.ID)
	}
	return err
}

// maxAcks is how many acknowledgements may wait to be written. If the service asks for more, the
// rest is not sent, as if the connection had been lost.
const maxAcks = 1024

func (c *Client) acknowledge(id uint64) {
	c.mu.Lock()
	if len(c.acks) < maxAcks {
		c.acks = append(c.acks, id)
	}
	c.mu.Unlock()
	c.wake()
}

// errPlaceholder says that a binary event names an attachment that it does not have, or one twice.
// The event's payload can't be used. Other events are not affected.
var errPlaceholder = errors.New("payload names an attachment that the event does not have, or one twice")

// receive handles one event. It tries the quick scanner first. If the scanner does not know the
// form, or the payload turns out not to be JSON, it uses the full parser. fault is a known fault of
// the payload, or nil.
func (c *Client) receive(sess transport.Session, data []byte, fault error) error {
	c.stats.received.Add(1)
	c.reader.at = sess.ReceivedAt() // the same for all events that were read at once
	if len(data) >= observe.LargeConfirmation && fault == nil && c.confirmedApart(data) {
		return nil
	}
	e, ok := scanEnvelope(data, c.reader.recoverable)
	if ok && fault == nil {
		if internalPrefix(e.event) {
			ok = false //nolint:ineffassign // it says what e is from here on
		} else if c.deliver(&e) {
			c.recovery.take(e.offset)
			return nil
		}
	}
	e, err := parseEnvelope(data, c.reader.recoverable)
	if err != nil && !errors.Is(err, errNoEnvelope) {
		return err
	}
	if fault != nil {
		e.payload, e.fault = nil, fault
	}
	c.recovery.take(e.offset)
	if err != nil {
		c.stats.unknown.Add(1)
		c.cfg.log.Debug("rtx: event of an unknown form")
		return nil //nolint:nilerr // it costs nothing else, and is counted
	}
	switch name := string(e.event); {
	case refusalName(name):
		c.deliver(&e) // first, because the refusal ends the streams of the channel
		c.internal(sess, name, &e)
	case internalEvent(name):
		c.internal(sess, name, &e)
		c.deliver(&e)
		c.told()
	case name == evPlainError && e.topmost:
		c.complain(e.payload)
		c.deliver(&e)
	default:
		if e.topmost {
			c.stats.unknown.Add(1)
		}
		c.deliver(&e)
	}
	return nil
}

// internalPrefix is a quick test for names that may be the service's own. internalEvent decides.
func internalPrefix(name []byte) bool {
	return len(name) > 8 && (string(name[:8]) == "realtime" || string(name[:8]) == "presence")
}

// deliver delivers an event to its streams. It returns false if the payload turned out not to be
// JSON; then the event reached no stream.
func (c *Client) deliver(e *envelope) bool {
	internal := e.topmost || (internalPrefix(e.event) && internalEvent(string(e.event)))
	var d delivery
	c.mu.Lock()
	s := c.reader.last
	if s == nil || s.gone || s.Name != string(e.channel) {
		s = c.subs[string(e.channel)]
		c.reader.last = s
	}
	if s != nil {
		d.channel = s.Name
		if internal || s.Phase().Live() {
			s.routes.find(&d, 0, e.event, internal)
		}
	}
	if internal || (s != nil && s.Phase().Live() && s.Holds() > 0) {
		c.routes.find(&d, 2, e.event, internal)
	}
	var missed []departure
	if len(c.lapses.late) > 0 && !internal {
		missed = c.lapses.take(string(e.channel), func(b *binding) bool { return b.getsLocked(s) })
	}
	c.mu.Unlock()
	for _, m := range missed {
		m.tell()
	}
	if !d.wanted() {
		if !internal {
			c.unclaimed(e)
		}
		return true
	}
	if d.name == "" {
		d.name = c.reader.intern(e.event)
	}
	if d.channel == "" {
		// A longer name can't be held.
		d.channel = redact.Bound(c.reader.intern(e.channel), maxChannelName)
	}
	ev := &c.reader.ev
	// Field by field, because the event is large beside what is done with it.
	ev.channel, ev.name, ev.payload, ev.at, ev.offset = d.channel, d.name, e.payload, c.reader.at, e.offset
	ev.judged, ev.fault, ev.later = e.fault != nil, e.fault, nil
	if c.reader.more && !internal { // what is told of an internal event is told after it was delivered
		ev.later = &c.reader.later
	}
	for _, list := range d.lists {
		for _, a := range list {
			if a.gone() {
				continue
			}
			switch a.b.sink.take(ev) {
			case malformed:
				ev.drop()
				return false
			case ended:
				a.b.end(ErrOverflow, false)
			}
		}
	}
	ev.drop()
	c.stats.delivered.Add(1)
	return true
}

// internal handles the service's own events, and events that may be the service's own: see
// forms.go.
func (c *Client) internal(sess transport.Session, name string, e *envelope) {
	how := c.accept(name, e)
	if how <= copied {
		c.stats.ignored.Add(1)
	}
	if how == ignored {
		return
	}
	switch name {
	case evEstablished:
		c.connectionEstablished(sess, e.payload)
	case evPong:
		c.do(func(m *core.Machine, now time.Time) { m.Pong(now) })
	case evError:
		c.complain(e.payload)
	case evSucceeded, evPresenceSucceeded:
		c.confirmed(e, answerName(name), how, nil)
	case evRefused, evPresenceRefused:
		c.refused(string(e.channel), e.payload, answerName(name))
	case evMemberAdded, evMemberRemoved, evPresenceAdded, evPresenceRemoved:
		c.member(string(e.channel), name, e.payload)
	}
}

func answerName(name string) core.Name {
	if presenceAnswer(name) {
		return core.Presence
	}
	return core.Internal
}

// confirmed handles a subscription_succeeded. packet is nil, or the packet of a large one, whose
// payload is not judged yet.
func (c *Client) confirmed(e *envelope, n core.Name, how acceptance, packet []byte) {
	c.mu.Lock()
	s := c.subs[string(e.channel)]
	if s == nil {
		c.mu.Unlock()
		return
	}
	s.forms.topmost = s.forms.topmost || e.topmost
	if how == fully {
		if !s.Phase().Live() {
			c.telling, c.reader.telling = s, true
		}
		c.machine.Confirmed(now(), &s.Channel, n)
	} else {
		c.machine.Copied(&s.Channel, n)
	}
	var o observe.Observer
	if s.Phase().Live() && how != copied {
		o = c.rooms[s].Observer
	}
	channelData := []byte(s.grant().ChannelData)
	c.decideAndUnlock()
	if o == nil {
		return
	}
	f := observe.Fact{Kind: observe.Confirmed, Payload: e.payload, ChannelData: channelData, Apart: c.reader.apart.run}
	switch {
	case packet != nil:
		f.Payload, f.Size, f.Read = nil, len(packet), c.reader.apart.keep(packet, c.reader.kept, c.reader.apart.parsing(e))
	case len(e.payload) >= observe.LargeConfirmation && c.reader.apart.fits(len(e.payload)):
		f.Payload, f.Size, f.Read = nil, len(e.payload), c.reader.apart.keep(e.payload, c.reader.kept, parsed)
	}
	o.Take(f)
}

// told notes that the confirmation of a channel, if there was one, was delivered.
func (c *Client) told() {
	if !c.reader.telling {
		return
	}
	c.reader.telling = false
	c.mu.Lock()
	c.telling.notifyLocked()
	c.telling = nil
	c.mu.Unlock()
}

// refused handles a subscription_error.
func (c *Client) refused(channel string, payload []byte, n core.Name) {
	message, code := words(payload)
	c.mu.Lock()
	if s := c.subs[channel]; s != nil {
		// The message may quote what was sent for another channel.
		hidden := c.secretsOfLocked(append(c.quotedLocked(message), s)...)
		err := &SubscribeError{Channel: channel, Code: code, Message: hidden.Text(message)}
		c.machine.Refused(now(), &s.Channel, n, err, refusalRetryable(err), 0)
	}
	c.decideAndUnlock()
}

// member handles a member that joins or leaves. It also accepts the event while the first
// confirmation on this connection is pending, because the service may have taken its roster
// snapshot already. On a later confirmation it does not, because the event may belong to the
// subscription before.
func (c *Client) member(channel, name string, payload []byte) {
	c.mu.Lock()
	var o observe.Observer
	if s := c.subs[channel]; s != nil && (s.Phase().Live() || s.Early()) {
		o = c.rooms[s].Observer
	}
	c.mu.Unlock()
	if o != nil {
		o.Take(observe.Fact{Kind: observe.Event, Name: name, Payload: payload, Apart: c.reader.apart.run})
	}
}

// maxSocketID is the largest length of a socket id in bytes. Those of Socket.IO have 20.
const maxSocketID = 256

// connectionEstablished takes the socket id that the service sent. If it can't be used, it takes
// the id from the answer to CONNECT.
func (c *Client) connectionEstablished(sess transport.Session, payload []byte) {
	named, _ := stringMember(payload, "socket_id")
	socketID := string(named)
	if socketID == "" || len(socketID) > maxSocketID || redact.Printable(socketID) != socketID {
		socketID = sess.Info().SocketID
	}
	c.do(func(m *core.Machine, now time.Time) { m.Established(now, socketID) })
}
