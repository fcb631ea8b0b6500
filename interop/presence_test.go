package interop_test

import (
	"fmt"
	"testing"

	"github.com/realtimex/realtimex-go/interop/nodetest"
)

const room = "presence-room"

// join subscribes to the room as that member; channelData is the very text that is signed.
func (c socketClient) join(s *nodetest.Server, id, channelData string) {
	c.t.Helper()
	c.emit("realtimex:subscribe", fields{
		"channel": room, "auth": s.Sign(id, room, channelData), "channel_data": channelData,
	})
}

func member(id, name string) string {
	return fmt.Sprintf(`{"user_id":"%s","user_info":{"name":"%s"}}`, id, name)
}

// wrapped gives a presence fact under both prefixes in server-event, as the server sends it by
// default.
func wrapped(kind, data string) []string {
	var out []string
	for _, prefix := range []string{"realtimex_internal", "presence"} {
		out = append(out, fmt.Sprintf(`server-event {"channel":"%s","event":"%s:%s","data":%s}`, room, prefix, kind, data))
	}
	return out
}

// The confirmation of a room with one member, and how the next member's coming is told, in every
// form.
func TestPresenceForms(t *testing.T) {
	const (
		array   = `"initial_state":{},"members":[{"user_id":"1","user_info":{"name":"Ann"}}]`
		hash    = `"presence":{"ids":["1"],"hash":{"1":{"name":"Ann"}},"count":1}`
		nested  = `"initial_state":{` + hash + `}`
		flat    = `"initial_state":{},"members":[{"name":"Ann","user_id":"1"}]`
		bob     = `"user_id":"2","user_info":{"name":"Bob"}`
		flatBob = `"name":"Bob","user_id":"2"`
		ch      = `"channel":"presence-room"`
	)
	type table struct {
		name   string
		opts   []nodetest.Option
		roster []string // what Ann receives on subscribing
		added  []string // what Ann receives when Bob comes
	}
	event := func(name, payload string) string { return name + " {" + ch + "," + payload + "}" }
	inside := func(name, payload string) string {
		return fmt.Sprintf(`server-event {%s,"event":"%s","data":{%s}}`, ch, name, payload)
	}
	bare := "realtimex_internal:subscription_succeeded {" + ch + "}"
	for _, tc := range []table{
		{
			"default", nil,
			[]string{
				event("realtimex_internal:subscription_succeeded", array),
				inside("realtimex_internal:subscription_succeeded", array),
				inside("presence:subscription_succeeded", array),
			},
			[]string{inside("realtimex_internal:member_added", bob), inside("presence:member_added", bob)},
		},
		{
			"top, internal, bare, pusher",
			[]nodetest.Option{
				nodetest.PresenceDelivery("top"), nodetest.PresenceNames("internal"),
				nodetest.PresenceConfirmation("bare"), nodetest.MemberShape("pusher"),
			},
			[]string{bare, event("realtimex_internal:subscription_succeeded", hash)},
			[]string{event("realtimex_internal:member_added", bob)},
		},
		{
			"top, internal, with members",
			[]nodetest.Option{nodetest.PresenceDelivery("top"), nodetest.PresenceNames("internal")},
			[]string{event("realtimex_internal:subscription_succeeded", array)},
			[]string{event("realtimex_internal:member_added", bob)},
		},
		{
			"wrapped, presence, none, initial_state",
			[]nodetest.Option{
				nodetest.PresenceNames("presence"), nodetest.PresenceConfirmation("none"), nodetest.MemberShape("initial_state"),
			},
			[]string{inside("presence:subscription_succeeded", nested)},
			[]string{inside("presence:member_added", bob)},
		},
		{
			"both, presence, flat",
			[]nodetest.Option{nodetest.PresenceDelivery("both"), nodetest.PresenceNames("presence"), nodetest.MemberShape("flat")},
			[]string{
				event("realtimex_internal:subscription_succeeded", flat),
				event("presence:subscription_succeeded", flat),
				inside("presence:subscription_succeeded", flat),
			},
			[]string{event("presence:member_added", flatBob), inside("presence:member_added", flatBob)},
		},
		{
			"top, presence, numbers",
			[]nodetest.Option{nodetest.PresenceDelivery("top"), nodetest.PresenceNames("presence"), nodetest.NumericUserIDs(), nodetest.MemberShape("array")},
			[]string{
				event("realtimex_internal:subscription_succeeded", `"initial_state":{},"members":[{"user_id":1,"user_info":{"name":"Ann"}}]`),
				event("presence:subscription_succeeded", `"initial_state":{},"members":[{"user_id":1,"user_info":{"name":"Ann"}}]`),
			},
			[]string{event("presence:member_added", `"user_id":2,"user_info":{"name":"Bob"}`)},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := nodetest.StartServer(t, tc.opts...)
			ann, annID := connectSocket(t, s)
			bob, bobID := connectSocket(t, s)
			ann.want(established(annID))
			ann.join(s, annID, member("1", "Ann"))
			ann.want(tc.roster...)
			bob.join(s, bobID, member("2", "Bob"))
			ann.want(tc.added...)
		})
	}
}

// A member comes with the first of its connections and leaves with the last, unsubscribed or lost.
func TestPresenceMembership(t *testing.T) {
	s := nodetest.StartServer(t)
	watcher, watcherID := connectSocket(t, s)
	watcher.want(established(watcherID))
	watcher.join(s, watcherID, `{"user_id":"w"}`)
	me := `{"initial_state":{},"members":[{"user_id":"w","user_info":{}}]}`
	watcher.want(`realtimex_internal:subscription_succeeded {"channel":"presence-room",` + me[1:])
	watcher.want(wrapped("subscription_succeeded", me)...)

	first, firstID := connectSocket(t, s)
	second, secondID := connectSocket(t, s)
	flat := `{"user_id":"1","name":"Ann"}` // user data as given, without user_info
	first.join(s, firstID, flat)
	watcher.want(wrapped("member_added", member("1", "Ann"))...)
	second.join(s, secondID, flat)
	s.WaitSubscribed(room, 3)
	first.join(s, firstID, flat) // again
	first.emit("realtimex:unsubscribe", fields{"channel": room})
	s.WaitSubscribed(room, 2)
	s.Publish(room, "fence", 1)
	watcher.want(`server-event {"channel":"presence-room","event":"fence","data":1}`) // and nobody has left before it
	second.Kill()
	watcher.want(wrapped("member_removed", member("1", "Ann"))...)

	third, thirdID := connectSocket(t, s)
	third.want(established(thirdID))
	third.join(s, thirdID, member("2", "Bob"))
	watcher.want(wrapped("member_added", member("2", "Bob"))...)
	third.want(`realtimex_internal:subscription_succeeded {"channel":"presence-room","initial_state":{},"members":[{"user_id":"w","user_info":{}},` +
		member("2", "Bob") + `]}`)
	third.emit("realtimex:unsubscribe", fields{"channel": room})
	watcher.want(wrapped("member_removed", member("2", "Bob"))...)
}
