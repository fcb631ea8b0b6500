package rtx_test

import (
	"strings"
	"testing"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
)

func TestWireFaultsEndTheSessionOnly(t *testing.T) {
	frames := map[string]string{
		"bad JSON around a payload": `42["server-event",{"channel":"a","event":"n","data":{}]}`,
		"bad JSON for a payload":    `42["server-event",{"channel":"a","event":"n","data":}]`,
		"no array":                  `42{}`,
		"empty event":               `42`,
		"ack without payload":       `43`,
		"unknown type":              `9`,
		"binary with no count":      `45-["x"]`,
		"too many attachments":      `45999-["x",{"_placeholder":true,"num":0}]`,
		"a second open packet":      `0{"sid":"x","upgrades":[],"pingInterval":1,"pingTimeout":1,"maxPayload":1}`,
		"a second CONNECT":          `40{"sid":"x"}`,
		"invalid UTF-8":             "42[\"server-event\",{\"channel\":\"a\",\"event\":\"n\",\"data\":\"\xff\"}]",
		"text where an attachment is due": `451-["server-event",{"channel":"a","event":"n","data":{"_placeholder":true,"num":0}}]` +
			"",
	}
	for name, frame := range frames {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *testserver.Server) {
				c := connect(t, s)
				stream := opened[numbered](t, c.Channel("a"), "n")
				states := c.States(t.Context())
				await(t, states, rtx.StateConnected)
				s.Inject(frame)
				if strings.HasPrefix(frame, "451") {
					s.Inject(`42["x"]`)
				}
				st := await(t, states, rtx.StateReconnecting)
				if st.Err == nil || strings.Contains(st.Err.Error(), "[[[") {
					t.Errorf("the cause is %v", st.Err)
				}
				t.Log(st.Err)
				if err := stream.Ready(t.Context()); err != nil {
					t.Fatal(err)
				}
				publish(s, "a", 5)
				if got := outline(stream); got != "reconnected 5" {
					t.Errorf("got %s", got)
				}
			})
		})
	}
}

func TestOddEventsEndNothing(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		stream := opened[numbered](t, c.Channel("a"), "n")
		for _, frame := range []string{
			`42["error",{"message":"an ordinary event"}]`,
			`42["server-event"]`,
			`42["server-event",null]`,
			`42["server-event",{"channel":1,"event":2}]`,
			`42["server-event",{"event":"n","data":1}]`,
			`42["server-event",{"channel":"a","event":"n","data":{"n":1}},"extra",{"more":true}]`,
			`42["server-event", {"data":{"n":2},"event":"n","channel":"a"}]`,
			`42["server-event",{"channel":"a","event":"n","data":{"n":3},"data2":1}]`,
			`42["server-event",{"channel":"\u0061","event":"n","data":{"n":4}}]`,
			`42["server-event",{"channel":"a","event":"n"}]`,
			`42["server-event",{"channel":"a","event":"n","data":"no number"}]`,
			`42["realtimex:connection_established",{"socket_id":7}]`,
			`42["realtimex_internal:subscription_succeeded",{"channel":"b"}]`,
			`42["realtimex_internal:subscription_error",{"channel":"b"}]`,
			`42["realtimex:pong",{}]`,
			`437["an ack"]`,
			`2`,
		} {
			s.Inject(frame)
		}
		publish(s, "a", 9)
		if got := outline(stream); got != "1 2 3 4 0 dropped0/malformed1 9" {
			t.Errorf("got %s", got)
		}
		if s.Stats().Connects != 1 {
			t.Error("the session ended")
		}
		if n := c.Stats().Unknown; n == 0 {
			t.Error("unknown events were not counted")
		}
	})
}
