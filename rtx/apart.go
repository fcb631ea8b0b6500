package rtx

import (
	"bytes"
	"context"
	"errors"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

// A confirmation of a presence channel has the roster. To parse one of 100,000 members and to decode
// their infos takes a quarter of a second, and every other stream of the connection would wait for
// it. So the reading goroutine only takes the names from the beginning of a large one, and confirms
// the channel. A goroutine of the session does the rest. Until it has, the observer of the channel
// keeps what comes next for it.

// maxApart is how many bytes of packets the goroutines of a session may have in hand. The reading
// goroutine reads what exceeds it itself, so that a service that sends faster has to wait.
const maxApart = 64 << 20

// apart runs what the reading goroutine leaves to other goroutines of its session.
type apart struct {
	ctx    context.Context // ends with the session
	cancel context.CancelCauseFunc
	size   atomic.Int64 // bytes of the packets in hand
	run    func(work func())
}

// newApart returns the apart of a session whose reader is in group, so that whoever waits for the
// reader waits for them too.
func newApart(ctx context.Context, cancel context.CancelCauseFunc, group *errgroup.Group) *apart {
	return &apart{ctx: ctx, cancel: cancel, run: func(work func()) {
		group.Go(func() error {
			work()
			return nil
		})
	}}
}

// confirmedApart handles a large confirmation of the usual form, for rooms only. It returns false
// if the packet is something else.
func (c *Client) confirmedApart(packet []byte) bool {
	e, ok := scanConfirmation(packet, c.reader.recoverable)
	if !ok || !c.reader.apart.fits(len(packet)) || !c.forRoomsOnly(&e) {
		return false
	}
	c.recovery.take(e.offset)
	name := string(e.event)
	how := c.accept(name, &e)
	if how <= copied {
		c.stats.ignored.Add(1)
	}
	if how != ignored {
		c.confirmed(&e, answerName(name), how, packet)
		c.told()
	}
	return true
}

// forRoomsOnly reports whether the channel of an internal event has a room, and no stream takes the
// event.
func (c *Client) forRoomsOnly(e *envelope) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.subs[string(e.channel)]
	if s == nil || c.rooms[s].Observer == nil {
		return false
	}
	var d delivery
	s.routes.find(&d, 0, e.event, true)
	c.routes.find(&d, 2, e.event, true)
	return !d.wanted()
}

// fits reports whether the goroutines may have n bytes more in hand.
func (a *apart) fits(n int) bool { return a.size.Load()+int64(n) <= maxApart }

// keep returns the Read of a confirmation, of which b is kept until then; kept says that the session
// leaves b alone, so that no copy is needed. parse makes the payload of
// it, and reports false if there is nothing to use.
func (a *apart) keep(b []byte, kept bool, parse func(b []byte) (payload []byte, ok bool)) func(use func(payload []byte)) {
	if !kept {
		b = bytes.Clone(b)
	}
	a.size.Add(int64(len(b)))
	return func(use func(payload []byte)) {
		defer a.size.Add(-int64(len(b)))
		if use == nil || a.ctx.Err() != nil {
			return
		}
		if payload, ok := parse(b); ok {
			use(payload)
		}
	}
}

// parsed is the parse of a payload that the reading goroutine has parsed.
func parsed(payload []byte) ([]byte, bool) { return payload, true }

// parsing returns the parse of a packet. e is what was found at the beginning of it. If the whole of
// it names something else, it has no payload. A broken packet ends the session.
func (a *apart) parsing(e *envelope) func(packet []byte) ([]byte, bool) {
	event, channel := string(e.event), string(e.channel)
	return func(packet []byte) ([]byte, bool) {
		whole, err := parseEnvelope(packet, false)
		switch {
		case err != nil && !errors.Is(err, errNoEnvelope):
			a.cancel(&transport.ProtocolError{Err: err})
			return nil, false
		case err != nil, string(whole.event) != event, string(whole.channel) != channel:
			return nil, true
		}
		return whole.payload, true
	}
}

// confirmationHeads are how a confirmation begins that is not wrapped, by its name.
var confirmationHeads = map[string][]byte{
	evSucceeded:         []byte(`["` + evSucceeded + `",{"channel":"`),
	evPresenceSucceeded: []byte(`["` + evPresenceSucceeded + `",{"channel":"`),
}

// scanConfirmation parses the usual forms of a confirmation without looking into its payload, as
// scanEnvelope does: wrapped, or with the channel as the first member. Of its payload only the
// length is good.
func scanConfirmation(packet []byte, withOffset bool) (envelope, bool) {
	if e, ok := scanEnvelope(packet, withOffset); ok {
		_, ok = confirmationHeads[string(e.event)]
		return e, ok
	}
	for name, head := range confirmationHeads {
		rest, ok := bytes.CutPrefix(packet, head)
		if !ok {
			continue
		}
		e := envelope{event: []byte(name), topmost: true}
		if e.channel, rest, ok = plainString(rest); !ok || len(rest) == 0 || rest[0] != ',' && rest[0] != '}' {
			return e, false
		}
		e.payload = packet[len(head)-len(`{"channel":"`):]
		if bytes.HasSuffix(e.payload, []byte(`}]`)) {
			e.payload = e.payload[:len(e.payload)-1]
			return e, true
		}
		if withOffset {
			return cutOffset(e, e.payload)
		}
		return e, false
	}
	return envelope{}, false
}
