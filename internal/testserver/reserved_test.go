package testserver

import (
	"errors"
	"net/http"
	"strings"
	"testing"
)

var reservedNames = []string{
	"realtimex:connection_established", "realtimex:", "realtimex:anything",
	"realtimex_internal:subscription_error", "realtimex_internal:subscription_succeeded", "realtimex_internal:anything",
	"presence:subscription_succeeded", "presence:subscription_error", "presence:member_added", "presence:member_removed",
}

// A publisher and a client can't send an event that looks like one of the service's own. A test
// can, by a method that says so.
func TestReservedNames(t *testing.T) {
	s := NewServer(t, WithDev())
	f := &failure{TB: t}
	s.tb = f
	a, b := connect(t, s), connect(t, s)
	for _, c := range []*rawClient{a, b} {
		c.subscribe(s, "private-room")
		c.expectPrefix(succeeded)
	}
	for _, name := range reservedNames {
		if id, err := s.TryPublish("private-room", name, 1); id != "" || !errors.Is(err, ErrReservedName) || !strings.Contains(err.Error(), name) {
			t.Errorf("TryPublish of %s: %q %v", name, id, err)
		}
		for _, publish := range []func() string{
			func() string { return s.Publish("private-room", name, 1) },
			func() string { return s.PublishBinary("private-room", name, Attachment(0), []byte{1}) },
		} {
			f.failed = ""
			if id := publish(); id != "" || !strings.Contains(f.failed, name) {
				t.Errorf("published %s as %q: %q", name, id, f.failed)
			}
		}
		status, answer := devRequest(t, s, http.MethodPost, "/dev/trigger", `{"channel":"private-room","event":"`+name+`","data":{}}`)
		if text, _ := answer["error"].(string); status != http.StatusBadRequest || !strings.Contains(text, "service's own") {
			t.Errorf("/dev/trigger of %s: %d %v", name, status, answer)
		}
		a.send(`42["client-event",{"channel":"private-room","event":"` + name + `","data":{}}]`)
		a.send(`42["` + name + `",{"channel":"private-room"}]`)
		before := s.Stats().Delivered
		s.Forge("private-room", name, 1)
		if n := s.Stats().Delivered - before; n != 2 {
			t.Errorf("forged %s to %d", name, n)
		}
		for _, c := range []*rawClient{a, b} { // the forged one is the only one that came
			c.expect(`42["server-event",{"channel":"private-room","event":"` + name + `","data":1}]`)
		}
	}
	a.send(`42["realtimex:ping",{}]`)
	a.expectPrefix(`42["realtimex:pong"`)
	for _, r := range s.Received() {
		if r.Kind == KindClientEvent && r.Relayed {
			t.Errorf("relayed %s", r.Event)
		}
	}
	if st := s.Stats(); st.ClientEvents != 0 || st.Published != len(reservedNames) {
		t.Errorf("stats %+v", st)
	}
	for _, name := range []string{"presence:other", "presence", "realtimex", "realtimex_internal", "client-x", "presence:member_added2"} {
		if _, err := s.TryPublish("private-room", name, 1); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
