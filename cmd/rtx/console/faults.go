package console

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
)

// kindFault is the kind of an entry of the feed that is a fault somebody asked for.
const kindFault testserver.ActivityKind = "fault"

// The bounds of what a fault may ask for.
const (
	maxNext      = 10_000
	maxLatencyMS = 60_000
	minRate      = 256 // bytes per second: slower is a link that stands still
)

type faultRequest struct {
	Fault          string `json:"fault"`
	SocketID       string `json:"socket_id"` // "" is every connection
	Channel        string `json:"channel"`
	Message        string `json:"message"`
	Code           int    `json:"code"`
	N              *int   `json:"n"`
	Status         int    `json:"status"`
	LatencyMS      int    `json:"latency_ms"`
	BytesPerSecond int    `json:"bytes_per_second"`
}

// A plan is a fault that is about to be made.
type plan struct {
	detail   string   // what it does, in words
	affected []string // the connections that it concerns
	do       func()
}

// faults are what can go wrong, by name.
var faults = map[string]func(c *Console, f *faultRequest) (plan, error){
	"drop":       onConnections("the link breaks, without a close", func(c *testserver.Conn) { c.Drop(testserver.Reset) }),
	"close":      onConnections("a close frame, 1012 service restart", func(c *testserver.Conn) { c.Drop(testserver.CloseFrame) }),
	"disconnect": onConnections("a Socket.IO DISCONNECT: not to be recovered", func(c *testserver.Conn) { c.Drop(testserver.Disconnect) }),
	"half_open":  onConnections("nothing passes any more, and neither side is told", (*testserver.Conn).HalfOpen),

	"stop": func(c *Console, _ *faultRequest) (plan, error) {
		return plan{"the server can't be reached", c.socketIDs(), c.server.Stop}, nil
	},
	"resume": func(c *Console, _ *faultRequest) (plan, error) {
		return plan{"the server is back, and knows what it knew", nil, func() { c.server.Resume(testserver.Remember) }}, nil
	},
	"restart": func(c *Console, _ *faultRequest) (plan, error) {
		return plan{"a new server, which knows nothing, at the same address", c.socketIDs(), func() { c.server.Restart(testserver.Forget) }}, nil
	},
	"hold_confirmations": func(c *Console, _ *faultRequest) (plan, error) {
		return plan{"no subscription is confirmed", nil, func() { c.server.HoldConfirmations() }}, nil
	},
	"release_confirmations": func(c *Console, _ *faultRequest) (plan, error) {
		return plan{"the confirmations that were held go out", nil, func() { c.server.ReleaseConfirmations() }}, nil
	},
	"deny": deny,
	"allow": func(c *Console, f *faultRequest) (plan, error) {
		return plan{"subscriptions to " + words(f.Channel) + " are judged by their signature", nil, func() { c.server.Allow(f.Channel) }}, nil
	},
	"slow_link": slowLink,
	"lose_next": func(c *Console, f *faultRequest) (plan, error) {
		return plan{fmt.Sprintf("the next %d events reach nobody", f.n()), nil, func() { c.server.LoseNext(f.n()) }}, nil
	},
	"refuse_next": withStatus("handshakes", func(c *Console, n, status int) { c.server.RefuseNextWith(n, status) }),
	"fail_auth":   withStatus("requests for a signature", func(c *Console, n, status int) { c.server.Auth().FailNext(n, status) }),
	"block_websockets": func(c *Console, _ *faultRequest) (plan, error) {
		return plan{"requests for a WebSocket are answered with 400", nil, func() { c.server.BlockWebSockets(true) }}, nil
	},
	"clear": func(c *Console, _ *faultRequest) (plan, error) {
		return plan{"nothing goes wrong any more; what is broken stays so", nil, c.server.ClearFaults}, nil
	},
}

// onConnections makes a fault that happens to one connection or to each.
func onConnections(detail string, do func(*testserver.Conn)) func(*Console, *faultRequest) (plan, error) {
	return func(c *Console, f *faultRequest) (plan, error) {
		conns := c.server.Connections()
		if f.SocketID != "" {
			one := c.server.Connection(f.SocketID)
			if one == nil {
				return plan{}, errNoConnection
			}
			conns = []*testserver.Conn{one}
		}
		ids := make([]string, len(conns))
		for i, conn := range conns {
			ids[i] = conn.SocketID()
		}
		return plan{detail, ids, func() {
			for _, conn := range conns {
				do(conn)
			}
		}}, nil
	}
}

// withStatus makes a fault that answers the next few requests of a kind with an HTTP status.
func withStatus(what string, do func(c *Console, n, status int)) func(*Console, *faultRequest) (plan, error) {
	return func(c *Console, f *faultRequest) (plan, error) {
		status := cmp.Or(f.Status, http.StatusServiceUnavailable)
		if status < 400 || status > 599 {
			return plan{}, errors.New("status: want 400 to 599")
		}
		return plan{fmt.Sprintf("the next %d %s are answered with %d", f.n(), what, status), nil, func() { do(c, f.n(), status) }}, nil
	}
}

func deny(c *Console, f *faultRequest) (plan, error) {
	if f.Channel == "" || len(f.Channel) > maxName || len(f.Message) > maxWords {
		return plan{}, fmt.Errorf("channel: want a name of 1 to %d bytes; message: at most %d", maxName, maxWords)
	}
	message, code := cmp.Or(f.Message, "denied"), cmp.Or(f.Code, 4003)
	if f.N == nil {
		detail := fmt.Sprintf("subscriptions to %s are refused with %d", f.Channel, code)
		return plan{detail, nil, func() { c.server.Deny(f.Channel, message, code) }}, nil
	}
	detail := fmt.Sprintf("the next %d subscriptions to %s are refused with %d", *f.N, f.Channel, code)
	return plan{detail, nil, func() { c.server.DenyNext(f.Channel, *f.N, message, code) }}, nil
}

func slowLink(c *Console, f *faultRequest) (plan, error) {
	if f.LatencyMS < 0 || f.LatencyMS > maxLatencyMS || f.BytesPerSecond != 0 && f.BytesPerSecond < minRate {
		return plan{}, fmt.Errorf("latency_ms: want 0 to %d; bytes_per_second: want 0 for no limit, or %d or more", maxLatencyMS, minRate)
	}
	link := testserver.Link{Latency: time.Duration(f.LatencyMS) * time.Millisecond, BytesPerSecond: f.BytesPerSecond}
	detail := fmt.Sprintf("%d ms of latency, no limit of speed", f.LatencyMS)
	if f.BytesPerSecond > 0 {
		detail = fmt.Sprintf("%d ms of latency, %d bytes per second", f.LatencyMS, f.BytesPerSecond)
	}
	return plan{detail, c.socketIDs(), func() { c.server.SetLink(link) }}, nil
}

var errNoConnection = errors.New("socket_id: no connection that is up has it")

func (f *faultRequest) n() int {
	if f.N == nil {
		return 1
	}
	return *f.N
}

func (c *Console) socketIDs() (ids []string) {
	for _, conn := range c.server.Connections() {
		ids = append(ids, conn.SocketID())
	}
	return ids
}

// makeFault makes something go wrong, and notes that in the feed before what it causes.
func (c *Console) makeFault(w http.ResponseWriter, r *http.Request) {
	var asked faultRequest
	if !readJSON(w, r, &asked) {
		return
	}
	do, known := faults[asked.Fault]
	if !known {
		bad(w, "fault: no such one; GET /api/v1/faults has the names")
		return
	}
	if n := asked.n(); n < 0 || n > maxNext {
		bad(w, fmt.Sprintf("n: want 0 to %d", maxNext))
		return
	}
	planned, err := do(c, &asked)
	if errors.Is(err, errNoConnection) {
		fail(w, http.StatusConflict, "no_connection", err.Error())
		return
	}
	if err != nil {
		bad(w, err.Error())
		return
	}
	record := &faultRecord{asked.Fault, planned.detail, some(planned.affected), len(planned.affected)}
	c.feed.add(entry{Activity: testserver.Activity{Kind: kindFault, At: time.Now(), Channel: asked.Channel, SocketID: asked.SocketID}, fault: record})
	planned.do()
	c.answerFaults(w, record)
}

func (c *Console) listFaults(w http.ResponseWriter, _ *http.Request) { c.answerFaults(w, nil) }

func (c *Console) answerFaults(w http.ResponseWriter, made *faultRecord) {
	active := c.server.ActiveFaults()
	active.Denied = some(active.Denied)
	names := make([]string, 0, len(faults))
	for name := range faults {
		names = append(names, name)
	}
	slices.Sort(names)
	answer(w, http.StatusOK, struct {
		Made   *faultRecord            `json:"made,omitempty"`
		Active testserver.ActiveFaults `json:"active"`
		Names  []string                `json:"names"`
	}{made, active, names})
}
