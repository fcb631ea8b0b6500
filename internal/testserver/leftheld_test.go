package testserver

import (
	"slices"
	"testing"
)

// Whoever leaves while its confirmation is held gets none when it is released, and was never a
// member.
func TestAHeldConfirmationIsNotSentToWhoHasLeft(t *testing.T) {
	s := NewServer(t)
	c := connect(t, s)
	release := s.HoldConfirmations()
	c.subscribe(s, "orders")
	c.subscribeAs(s, "presence-room", `{"user_id":"ann"}`)
	for _, channel := range []string{"orders", "presence-room"} {
		c.send(`42["realtimex:unsubscribe",{"channel":"` + channel + `"}]`)
	}
	c.send(`42["realtimex:ping",{}]`) // what came before it has been handled once it is answered
	c.expect(`42["realtimex:pong",{}]`)
	release()
	if m := s.Members("presence-room"); len(m) > 0 {
		t.Errorf("members %q", m)
	}
	c.send(`42["realtimex:ping",{}]`)
	c.expect(`42["realtimex:pong",{}]`) // and nothing before it

	c.subscribeAs(s, "presence-room", `{"user_id":"ann"}`)
	c.expectPrefix(`42["realtimex_internal:subscription_succeeded",{"channel":"presence-room"`)
	if m := s.Members("presence-room"); !slices.Equal(m, []string{"ann"}) {
		t.Errorf("members %q once it is in", m)
	}
}
