package rtx

import (
	"errors"
	"strings"
	"time"

	"github.com/realtimex/realtimex-go/internal/core"
	"github.com/realtimex/realtimex-go/internal/engineio"
	"github.com/realtimex/realtimex-go/internal/observe"
	"github.com/realtimex/realtimex-go/internal/redact"
	"github.com/realtimex/realtimex-go/rtx/transport"
)

// reader is what the reader's goroutine keeps from one packet to the next.
type reader struct {
	ev          event
	at          time.Time // when the packet was read
	recoverable bool      // the session has a recovery id, so events may carry an offset
	names       map[string]string
	last        *subscription // the channel of the last event: of the next one too, mostly
	habits      habits
	complained  time.Time // when the log last had an error of the service's
	missed      [2]string // channel and event of the last event that no stream took, as they came
}

// maxInterned is how many names the reader remembers, so that an event that only "*" takes makes no new string for its
// name each time.
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

// take takes one packet on the reader's goroutine: an event goes to its streams before the next packet is read. An error
// ends the session. An event that asked for it is acknowledged after it was routed.
func (c *Client) take(sess transport.Session, p transport.Packet) (err error) {
	switch p.Type {
	case transport.Event:
		err = c.receive(sess, p.Data)
	case transport.BinaryEvent:
		var data []byte
		if data, err = engineio.Inline(p); err == nil {
			err = c.receive(sess, data)
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

// maxAcks bounds the acknowledgements that wait to be written. A service that asks for more than are written in time does
// not get the rest, as from a client that was cut off.
const maxAcks = 1024

func (c *Client) acknowledge(id uint64) {
	c.mu.Lock()
	if len(c.acks) < maxAcks {
		c.acks = append(c.acks, id)
	}
	c.mu.Unlock()
	c.wake()
}

// receive tries the scanner first. What it does not know, or what turns out not to be JSON, is left to the full parse.
func (c *Client) receive(sess transport.Session, data []byte) error {
	c.stats.received.Add(1)
	c.reader.at = sess.ReceivedAt() // one look at the clock serves all events that were read at once
	e, ok := scanEnvelope(data, c.reader.recoverable)
	if ok {
		if internalPrefix(e.event) {
			ok = false
		} else if c.deliver(&e) {
			c.recovery.take(e.offset)
			return nil
		}
	}
	e, err := parseEnvelope(data, c.reader.recoverable)
	if err != nil && !errors.Is(err, errNoEnvelope) {
		return err
	}
	c.recovery.take(e.offset)
	if err != nil {
		c.stats.unknown.Add(1)
		c.cfg.log.Debug("rtx: event of an unknown form")
		return nil
	}
	switch name := string(e.event); {
	case refusalName(name):
		c.deliver(&e) // first, because the refusal ends the streams of the channel
		c.internal(sess, name, &e)
	case internalEvent(name):
		c.internal(sess, name, &e)
		c.deliver(&e)
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

// internalPrefix is a quick look for names that internalEvent decides.
func internalPrefix(name []byte) bool {
	return len(name) > 8 && (string(name[:8]) == "realtime" || string(name[:8]) == "presence")
}

// deliver hands an event to its streams. It reports false if the payload turned out not to be JSON, in which case it
// reached no stream.
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
	if len(c.lapses.late) > 0 && !internal && (s == nil || !s.Phase().Live()) {
		missed = c.lapses.take(string(e.channel))
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
		d.channel = c.reader.intern(e.channel)
	}
	ev := &c.reader.ev
	*ev = event{channel: d.channel, name: d.name, payload: e.payload, at: c.reader.at}
	for _, list := range d.lists {
		for _, a := range list {
			if a.gone.Load() {
				continue
			}
			switch a.b.sink.take(ev) {
			case malformed:
				return false
			case ended:
				a.b.end(ErrOverflow, false)
			}
		}
	}
	*ev = event{} // the frame, and the copy that raw views share, are not the reader's to keep
	c.stats.delivered.Add(1)
	return true
}

// internal acts on the service's own events, and on what may be one: see forms.go.
func (c *Client) internal(sess transport.Session, name string, e *envelope) {
	how := c.believe(name, e)
	if how == ignored {
		c.stats.ignored.Add(1)
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
		c.confirmed(string(e.channel), e.payload, answerName(name), how)
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

// presenceAnswer tells the presence: name of an answer from the realtimex_internal: one.
func presenceAnswer(name string) bool { return strings.HasPrefix(name, "presence:") }

// confirmed takes a subscription_succeeded.
func (c *Client) confirmed(channel string, payload []byte, n core.Name, how belief) {
	c.mu.Lock()
	s := c.subs[channel]
	if s == nil {
		c.mu.Unlock()
		return
	}
	if how == fully {
		c.machine.Confirmed(now(), &s.Channel, n)
	}
	var o observe.Observer
	if s.Phase().Live() {
		o = s.observer
	}
	channelData := []byte(s.grant.ChannelData)
	c.decideAndUnlock()
	if o != nil {
		o.Take(observe.Fact{Kind: observe.Confirmed, Payload: payload, ChannelData: channelData})
	}
}

// refused takes a subscription_error.
func (c *Client) refused(channel string, payload []byte, n core.Name) {
	message, code := words(payload)
	c.mu.Lock()
	if s := c.subs[channel]; s != nil {
		hidden := c.secretsOf(append(c.quoted(message), s)...) // it may quote what was sent for another channel
		err := &SubscribeError{Channel: channel, Code: code, Message: hidden.Text(message)}
		c.machine.Refused(now(), &s.Channel, n, err, refusalHeals(err), 0)
	}
	c.decideAndUnlock()
}

// member takes a member's coming or going. It counts before the confirmation too, if that is the first on this connection:
// a service may draw the roster up before it sends it. On a later one it may be of the subscription before.
func (c *Client) member(channel, name string, payload []byte) {
	c.mu.Lock()
	var o observe.Observer
	if s := c.subs[channel]; s != nil && (s.Phase().Live() || s.Early()) {
		o = s.observer
	}
	c.mu.Unlock()
	if o != nil {
		o.Take(observe.Fact{Kind: observe.Event, Name: name, Payload: payload})
	}
}

// maxSocketID bounds the socket id, in bytes. Those of socket.io have 20.
const maxSocketID = 256

// connectionEstablished takes the socket id that the service names.
func (c *Client) connectionEstablished(sess transport.Session, payload []byte) {
	named, _ := stringMember(payload, "socket_id") // of an unknown form: the CONNECT answer's own id is taken
	socketID := string(named)
	if socketID == "" || len(socketID) > maxSocketID || redact.Printable(socketID) != socketID {
		socketID = sess.Info().SocketID
	}
	c.do(func(m *core.Machine, now time.Time) { m.Established(now, socketID) })
}
