package testserver

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/realtimex/realtimex-go/internal/engineio"
	"github.com/realtimex/realtimex-go/internal/sioserver"
	"github.com/realtimex/realtimex-go/rtx/record"
	"github.com/realtimex/realtimex-go/rtx/transport"
)

// A replayConn is one connection of a replay. Its goroutine, run, begins with the client's CONNECT.
type replayConn struct {
	replay  *replay
	attempt *attempt
	session *sioserver.Session

	got    map[string]int // subscriptions that the client has asked for, by channel; Server.mu's
	pongs  int            // that are to be sent yet; -1 is one for each ping; of the session's turn
	begun  bool           // of the session's turn
	change chan struct{}  // capacity 1: got has changed
}

func (p *replay) opened(s *sioserver.Session) {
	a := s.Value.(*attempt)
	c := &replayConn{
		replay: p, attempt: a, session: s,
		got: make(map[string]int), pongs: a.pongs(), change: make(chan struct{}, 1),
	}
	s.Upper = c
	if a.outcome.Kind == record.KindFailed && a.outcome.Step == "open" {
		p.through(a)
		if a.outcome.How != record.HowTimeout { // then it is muted from the beginning
			p.running.Go(func() { c.end(a.outcome) })
		}
	}
}

// pongs is how many pings of the client were answered on the connection; -1 if all were, but perhaps
// the last one.
func (a *attempt) pongs() int {
	pings, pongs := 0, 0
	for _, e := range a.entries {
		switch {
		case e.Kind == record.KindSent:
			if name, _ := asked(e.Data); name == eventPing {
				pings++
			}
		case isPong(e):
			pongs++
		}
	}
	if pongs >= pings-1 {
		return -1
	}
	return pongs
}

func isPong(e record.Entry) bool {
	if e.Kind != record.KindReceived {
		return false
	}
	name, _ := asked(e.Data)
	return name == eventPong
}

// message takes what the client sends.
func (p *replay) message(s *sioserver.Session, data []byte, binary bool) error {
	if binary {
		return nil // an attachment of what nobody waits for
	}
	c := s.Upper.(*replayConn)
	packet, err := engineio.DecodeSocket(data, engineio.DefaultLimits)
	if err != nil {
		return err
	}
	switch {
	case packet.Type == engineio.Connect && !c.begun:
		c.begun = true
		c.check(packet.Data)
		p.running.Go(c.run)
	case packet.Type == engineio.Event && c.begun:
		c.event(packet.Data)
	}
	return nil
}

// check compares what the client asks to resume with the recording.
func (c *replayConn) check(payload []byte) {
	var asked struct {
		PID string `json:"pid"`
	}
	_ = json.Unmarshal(payload, &asked) // nothing is asked then
	if o := c.attempt.outcome; o.Recovered && asked.PID != o.PID {
		c.replay.differ(c.attempt, "resumed a session, and the client did not ask for it")
	}
}

func (c *replayConn) event(data []byte) {
	s := c.replay.server
	name, p := asked(data)
	r := Received{SocketID: c.attempt.outcome.SocketID, Event: name, Channel: p.channel(), At: time.Now(), Kind: KindOther}
	switch name {
	case eventSubscribe:
		r.Kind = KindSubscribe
	case eventUnsubscribe:
		r.Kind = KindUnsubscribe
	case eventClient:
		r.Kind, r.Event, r.Data = KindClientEvent, p.Event, slices.Clone(p.Data)
	case eventPing:
		r.Kind = KindPing
		if c.pongs != 0 {
			c.pongs = max(c.pongs-1, -1)
			c.session.Send([]byte(`42["` + eventPong + `",{}]`))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.record(r)
	if r.Kind == KindSubscribe {
		c.got[p.channel()]++
		select {
		case c.change <- struct{}{}:
		default:
		}
	}
	s.touch()
}

// run plays the connection from the answer to CONNECT on.
func (c *replayConn) run() {
	switch e := c.attempt.outcome; e.Kind {
	case record.KindConnected:
		c.send(engineio.Connect, object(connectFields(e)...))
		if c.play(e.At) {
			c.replay.through(c.attempt)
		}
	case record.KindRefused:
		fields := []field{{"message", e.Message}}
		if e.Code != 0 {
			fields = append(fields, field{"data", payload{"code": e.Code}})
		}
		c.send(engineio.ConnectError, object(fields...))
		c.replay.through(c.attempt)
	case record.KindFailed:
		c.replay.through(c.attempt)
		c.end(e)
	default: // the recording ended before
		c.replay.through(c.attempt)
	}
}

func connectFields(e record.Entry) []field {
	fields := []field{{"sid", e.SocketID}}
	if e.PID != "" {
		fields = append(fields, field{"pid", e.PID})
	}
	return fields
}

func (c *replayConn) send(t engineio.SocketType, data []byte) {
	c.session.Send(engineio.AppendSocket([]byte{'4'}, engineio.SocketPacket{Type: t, Data: data}))
}

// play plays the entries of the connection, which was made at that time of the recording. It
// reports false if the connection ended before.
func (c *replayConn) play(last time.Duration) bool {
	wanted := make(map[string]int)
	for _, e := range c.attempt.entries {
		at := e.At - e.Silence // an end by silence began earlier
		if !c.pause(at - last) {
			return false
		}
		last = at
		switch e.Kind {
		case record.KindSent:
			channel, ok := subscribed(e)
			if !ok {
				continue
			}
			wanted[channel]++
			if !c.await(channel, wanted[channel]) {
				return false
			}
		case record.KindReceived:
			if !isPong(e) { // pings are answered when they come
				c.packet(e)
			}
		case record.KindEnded:
			c.end(e)
			return true
		}
	}
	return true
}

// pause waits for a recorded time. It reports false if the connection ended before.
func (c *replayConn) pause(d time.Duration) bool {
	if d = c.replay.scaled(d); d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-c.session.Done():
		}
	}
	select {
	case <-c.session.Done():
		return false
	default:
		return true
	}
}

// await waits until the client has asked n times for a subscription to the channel.
func (c *replayConn) await(channel string, n int) bool {
	s := c.replay.server
	for told := false; ; told = true {
		s.mu.Lock()
		there := c.got[channel] >= n
		c.replay.waits = ""
		if !there {
			c.replay.waits = fmt.Sprintf("a subscription to %q", channel)
		}
		s.mu.Unlock()
		if there {
			return true
		}
		if !told {
			s.log().Info("waiting for a subscription", "connection", c.attempt.number, "channel", channel)
		}
		select {
		case <-c.change:
		case <-c.session.Done():
			return false
		}
	}
}

// packet sends a packet of the recording.
func (c *replayConn) packet(e record.Entry) {
	p := engineio.SocketPacket{Type: engineio.SocketType(e.Type), Data: e.Data, Buffers: e.Buffers}
	if e.ID != nil {
		p.ID, p.HasID = *e.ID, true
	}
	if e.Text != "" {
		p.Data = []byte(e.Text)
	}
	c.session.Send(engineio.AppendSocket([]byte{'4'}, p))
	if e.Type == transport.PacketBinaryEvent || e.Type == transport.PacketBinaryAck {
		for _, b := range e.Buffers {
			c.session.SendBinary(b)
		}
	}
}

// end ends the connection as in the recording, or leaves that to the client, after what is queued.
func (c *replayConn) end(e record.Entry) {
	select {
	case <-c.session.Drained():
	case <-c.session.Done():
		return
	}
	switch e.How {
	case record.HowSilence, record.HowStalled, record.HowTimeout:
		c.session.Mute()
		if l, ok := c.session.NetConn().(*link); ok {
			l.mute()
		}
	case record.HowClose:
		c.session.CloseFrame(e.Code)
	case record.HowDisconnect:
		c.send(engineio.Disconnect, nil)
		c.session.Close()
	case record.HowEngineClose:
		c.session.Send([]byte{'1'})
		c.session.Close()
	case record.HowReconnect:
		c.session.CloseFrame(1000)
	case record.HowProtocol:
		c.session.Send([]byte("4?")) // no packet: the client ends the connection
	case record.HowProgram, record.HowClient: // the client's own doing
	default:
		c.session.Cut(sioserver.TransportClose)
	}
}
