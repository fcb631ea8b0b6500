package testserver

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// A connection that is recovered is on its presence channels again, as the member that it was.
func TestARecoveredConnectionIsAMemberAgain(t *testing.T) {
	s := NewServer(t, WithRecovery(time.Minute))
	c := dialRaw(t, s)
	c.join("40")
	c.expectPrefix(`42["realtimex:connection_established"`)
	c.subscribeAs(s, "presence-room", `{"user_id":"ann"}`)
	c.expectPrefix(`42["realtimex_internal:subscription_succeeded"`)
	s.Publish("presence-room", "seen", 1)
	frame := c.read()
	for !strings.Contains(frame, `"seen"`) { // other forms of the confirmation
		frame = c.read()
	}
	at := strings.LastIndex(frame[:len(frame)-2], `"`)
	offset := frame[at+1 : len(frame)-2]

	s.DropAll(Reset)
	s.WaitConnections(0)
	if m := s.Members("presence-room"); len(m) > 0 {
		t.Errorf("members %q while the connection is lost", m)
	}
	again := dialRaw(t, s)
	again.join(`40{"pid":"` + c.pid + `","offset":"` + offset + `"}`)
	if again.pid != c.pid {
		t.Fatalf("not recovered by offset %q", offset)
	}
	again.expectPrefix(`42["realtimex:connection_established"`)
	if m := s.Members("presence-room"); !slices.Equal(m, []string{"ann"}) {
		t.Errorf("members %q, want who was there before", m)
	}
	again.send(`42["realtimex:unsubscribe",{"channel":"presence-room"}]`)
	s.WaitUnsubscribed("presence-room")
	if m := s.Members("presence-room"); len(m) > 0 {
		t.Errorf("members %q after it has left", m)
	}
}
