package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

// checkSession opens a WebSocket, and checks on it what the service does.
func (d *doctor) checkSession(ctx context.Context) error {
	u, err := url.Parse(d.conn.url)
	if err != nil {
		return usage("--url (RTX_URL) is not a URL")
	}
	dialer, err := transport.NewDialer(transport.Config{
		URL: u, APIKey: d.conn.key, HandshakeTimeout: d.timeout,
		HTTPClient: &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment}},
	})
	if err != nil {
		return usage("%s", d.conn.explain(err))
	}
	session, err := dialer.Dial(ctx, transport.Resume{})
	if err != nil {
		return d.explainSession(err)
	}
	t := talk(session)
	defer t.close()
	info := session.Info()
	size := fmt.Sprintf("messages of %d bytes at most", info.MaxPayload)
	if info.MaxPayload == 0 {
		size = "messages of any size"
	}
	err = errors.Join(
		d.report("websocket", statusOK, "open", ""),
		d.report("handshake", statusOK, fmt.Sprintf("a ping every %v, answered within %v; %s", info.PingInterval, info.PingTimeout, size), ""),
		d.report("key", statusOK, "accepted", ""),
	)
	if err != nil {
		return err
	}

	id := info.SocketID
	args, err := t.await(ctx, d.timeout, "realtimex:connection_established")
	switch {
	case err == nil:
		var named struct {
			SocketID string `json:"socket_id"`
		}
		if len(args) > 0 && json.Unmarshal(args[0], &named) == nil && named.SocketID != "" {
			id = named.SocketID
		}
		err = d.report("established", statusOK, "the service says so", "")
	case errors.Is(err, errNoAnswer):
		err = d.report("established", statusWarn, fmt.Sprintf("the service does not say so within %v", d.timeout), "clients wait that long for nothing at each connection")
	default:
		return d.fail("established", d.explainLoss(err))
	}
	if err != nil {
		return err
	}
	if err := d.checkPing(ctx, t); err != nil {
		return err
	}
	if err := d.checkRecovery(t, info); err != nil {
		return err
	}
	return d.checkAuth(ctx, t, id)
}

// explainSession tells at which step a session failed.
func (d *doctor) explainSession(err error) error {
	text := d.explainDial(err)
	if _, refused := errors.AsType[*transport.ConnectError](err); refused {
		return errors.Join(d.report("websocket", statusOK, "open", ""), d.fail("key", text))
	}
	step := "websocket"
	if failed, ok := errors.AsType[*transport.HandshakeError](err); ok && (failed.Step == "open" || failed.Step == "connect") {
		step = "handshake"
	}
	return d.fail(step, text)
}

func (d *doctor) explainLoss(err error) string { return d.conn.explainLoss(err).Error() }

// checkPing measures a round trip of the service's own ping.
func (d *doctor) checkPing(ctx context.Context, t *talking) error {
	start := time.Now()
	err := t.session.Send(ctx, []byte(`2["realtimex:ping",{}]`))
	if err == nil {
		_, err = t.await(ctx, d.timeout, "realtimex:pong")
	}
	switch {
	case err == nil:
		return d.report("ping", statusOK, fmt.Sprintf("answered in %.2f ms", ms(time.Since(start))), "")
	case errors.Is(err, errNoAnswer):
		return d.report("ping", statusWarn, fmt.Sprintf("not answered within %v", d.timeout), "a service that is deaf can't be told from one that is quiet")
	}
	return d.fail("ping", d.explainLoss(err))
}

// checkRecovery tells whether the service restores a lost session, and whether its messages have
// ids.
func (d *doctor) checkRecovery(t *talking, info transport.Info) error {
	recovery, ids := "off: each reconnection is a gap", "none"
	if info.PID != "" {
		recovery = "on: short outages miss nothing"
		if t.ids {
			ids = "on"
		}
	}
	return errors.Join(d.report("recovery", statusOK, recovery, ""), d.report("message ids", statusOK, ids, ""))
}

// A talking receives on a session and answers its heartbeats, on two goroutines of its own.
type talking struct {
	session transport.Session
	events  chan []json.RawMessage // name and arguments; closed at the end of the session
	end     error                  // why it ended; read after events is closed
	ids     bool                   // an event came with an offset; used by await
	quit    chan struct{}
	done    chan struct{}
}

// errNoAnswer means that an event did not come in time.
var errNoAnswer = errors.New("no answer")

func talk(s transport.Session) *talking {
	t := &talking{session: s, events: make(chan []json.RawMessage, 64), quit: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(t.done)
		for {
			select {
			case <-s.Pings():
				_ = s.Pong() // Recv tells of an end
			case <-t.quit:
				return
			}
		}
	}()
	go func() {
		defer close(t.events)
		for {
			packet, err := s.Recv()
			if err != nil {
				t.end = err
				return
			}
			var event []json.RawMessage
			if packet.Type != transport.PacketEvent || json.Unmarshal(packet.Data, &event) != nil || len(event) == 0 {
				continue
			}
			select {
			case t.events <- event:
			case <-t.quit:
				return
			}
		}
	}()
	return t
}

func (t *talking) close() {
	close(t.quit)
	t.session.Close(nil)
	for range t.events { // until the receiver has ended
	}
	<-t.done
}

// await returns the arguments of the next event of one of these names. Others are passed over.
func (t *talking) await(ctx context.Context, d time.Duration, names ...string) (args []json.RawMessage, err error) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		select {
		case event, ok := <-t.events:
			if !ok {
				return nil, t.end
			}
			var offset string
			if len(event) > 2 && json.Unmarshal(event[len(event)-1], &offset) == nil {
				t.ids = true
			}
			var name string
			_ = json.Unmarshal(event[0], &name)
			if slices.Contains(names, name) {
				return event[1:], nil
			}
		case <-timer.C:
			return nil, errNoAnswer
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
