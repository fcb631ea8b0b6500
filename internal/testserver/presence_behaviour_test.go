package testserver

import (
	"strings"
)

// presenceBehaviours is the part of the table that is about presence, by each of its switches.
func presenceBehaviours() []behaviour {
	cases := []behaviour{
		{"presence: refused member data", variant{}, refusedMembers},
		{"presence: member data of other shapes", variant{}, memberData},
		{"presence: numeric ids", variant{numericIDs: true}, numericIDs},
		{"presence: lost connections", variant{}, lostMembers},
		{"presence: held confirmation", variant{}, heldMember},
		{"presence: confirmed bare", variant{confirmation: ConfirmBare}, func(b *bench) {
			b.room("presence-bare", func(kind, member, roster string) []string {
				return append(bare(kind, "presence-bare"), wrapped(allNames, "presence-bare", kind, member+roster)...)
			}, arrayRoster)
		}},
		{"presence: not confirmed but by the roster", variant{confirmation: ConfirmNot}, func(b *bench) {
			b.room("presence-silent", func(kind, member, roster string) []string {
				return wrapped(allNames, "presence-silent", kind, member+roster)
			}, arrayRoster)
		}},
	}
	names := map[PresenceNames][]string{
		BothNames:     allNames,
		InternalNames: allNames[:1],
		PublicNames:   allNames[1:],
	}
	for _, delivery := range []PresenceDelivery{PresenceWrapped, PresenceTopLevel, PresenceEitherWay} {
		for _, n := range []PresenceNames{BothNames, InternalNames, PublicNames} {
			cases = append(cases, behaviour{
				name:    "presence: delivery " + string(encode(delivery)) + " names " + string(encode(n)),
				variant: variant{delivery: delivery, names: n},
				run: func(b *bench) {
					b.room("presence-room", func(kind, member, roster string) []string {
						return told(delivery, names[n], "presence-room", kind, member+roster)
					}, arrayRoster)
				},
			})
		}
	}
	for shape, roster := range map[MemberShape]func(...string) string{
		ShapeHash:         hashRoster,
		ShapeInitialState: func(ids ...string) string { return `"initial_state":{` + hashRoster(ids...) + `}` },
	} {
		cases = append(cases, behaviour{
			name:    "presence: shape " + string(encode(shape)),
			variant: variant{shape: shape},
			run: func(b *bench) {
				b.room("presence-shape", func(kind, member, roster string) []string {
					return told(PresenceWrapped, allNames, "presence-shape", kind, member+roster)
				}, roster)
			},
		})
	}
	return append(cases, behaviour{"presence: flat members", variant{shape: ShapeFlat}, flatMembers})
}

var allNames = []string{"realtimex_internal:", "presence:"}

func fieldsOf(id string) string { return `"user_id":"` + id + `","user_info":{"name":"` + id + `"}` }

func memberJSON(id string) string { return "{" + fieldsOf(id) + "}" }

func arrayRoster(ids ...string) string {
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = memberJSON(id)
	}
	return `"initial_state":{},"members":[` + strings.Join(list, ",") + `]`
}

func hashRoster(ids ...string) string {
	var quoted, hash []string
	for _, id := range ids {
		quoted = append(quoted, `"`+id+`"`)
		hash = append(hash, `"`+id+`":{"name":"`+id+`"}`)
	}
	return `"presence":{"ids":[` + strings.Join(quoted, ",") + `],"hash":{` + strings.Join(hash, ",") + `},"count":` + string(encode(len(ids))) + `}`
}

// told is the packets that tell one fact, the plain confirmation included.
func told(delivery PresenceDelivery, names []string, channel, kind, fields string) []string {
	var packets []string
	if kind == "subscription_succeeded" {
		packets = append(packets, `42["`+eventSucceeded+`",{"channel":"`+channel+`",`+fields+`}]`)
	}
	for _, prefix := range names {
		repeated := kind == "subscription_succeeded" && prefix == allNames[0]
		if delivery != PresenceWrapped && !repeated {
			packets = append(packets, `42["`+prefix+kind+`",{"channel":"`+channel+`",`+fields+`}]`)
		}
		if delivery != PresenceTopLevel {
			packets = append(packets, wrapped([]string{prefix}, channel, kind, fields)...)
		}
	}
	return packets
}

func wrapped(names []string, channel, kind, fields string) []string {
	var packets []string
	for _, prefix := range names {
		packets = append(packets, `42["server-event",{"channel":"`+channel+`","event":"`+prefix+kind+`","data":{`+fields+`}}]`)
	}
	return packets
}

func bare(kind, channel string) []string {
	if kind != "subscription_succeeded" {
		return nil
	}
	return []string{`42["` + eventSucceeded + `",{"channel":"` + channel + `"}]`}
}

func (c *rawClient) expectAll(packets []string) {
	c.t.Helper()
	for _, p := range packets {
		c.expectJSON(p)
	}
}

// room plays the life of a room: ann comes, bob comes, bob comes again by a second connection, and
// both of bob's leave.
func (b *bench) room(channel string, told func(kind, member, roster string) []string, roster func(...string) string) {
	b.Helper()
	ann, bob, bob2 := b.client(), b.client(), b.client()
	b.subscribe(ann, channel, memberJSON("ann"))
	ann.expectAll(told("subscription_succeeded", "", roster("ann")))
	b.subscribe(bob, channel, memberJSON("bob"))
	bob.expectAll(told("subscription_succeeded", "", roster("ann", "bob")))
	ann.expectAll(told("member_added", fieldsOf("bob"), ""))
	b.subscribe(bob2, channel, memberJSON("bob"))
	bob2.expectAll(told("subscription_succeeded", "", roster("ann", "bob")))
	b.quiet(ann)

	bob.send(`42["realtimex:unsubscribe",{"channel":"` + channel + `"}]`)
	b.quiet(bob)
	b.quiet(ann)
	bob2.send(`42["realtimex:unsubscribe",{"channel":"` + channel + `"}]`)
	ann.expectAll(told("member_removed", fieldsOf("bob"), ""))
	b.subscribe(ann, channel, memberJSON("ann")) // again
	ann.expectAll(told("subscription_succeeded", "", roster("ann")))
	b.quiet(ann)
}

func refusedMembers(b *bench) {
	c := b.client()
	const name = "presence-refused"
	refused := func(p payload, text string) {
		b.Helper()
		c.send(`42["realtimex:subscribe",` + string(p.encode()) + `]`)
		c.expectJSON(`42["realtimex_internal:subscription_error",{"channel":"` + name + `","error":"` + text + `","code":4003}]`)
	}
	refused(payload{"channel": name}, "channel_data is required")
	refused(payload{"channel": name, "channel_data": payload{"user_id": "1"}}, "channel_data is required")
	refused(payload{"channel": name, "channel_data": memberJSON("x"), "auth": b.sign("another", name, memberJSON("x"))}, "Invalid signature")
	refused(payload{"channel": name, "channel_data": memberJSON("x"), "auth": b.sign(c.socketID, name, memberJSON("y"))}, "Invalid signature")
	for _, data := range []string{`{"name":"x"}`, `{"user_id":""}`, `{"user_id":null}`, `{"user_id":{}}`, `[]`, `7`} {
		refused(payload{"channel": name, "channel_data": data, "auth": b.sign(c.socketID, name, data)}, "channel_data has no user_id")
	}
	b.quiet(c)
}

func memberData(b *bench) {
	for data, want := range map[string]string{
		`{"user_id":"1"}`:                                `{"user_id":"1","user_info":{}}`,
		`{"user_id":1}`:                                  `{"user_id":"1","user_info":{}}`,
		`{"user_id":"1","user_info":null}`:               `{"user_id":"1","user_info":{}}`,
		`{"user_id":"1","name":"J","x":[1]}`:             `{"user_id":"1","user_info":{"name":"J","x":[1]}}`,
		`{ "user_info" : ["ž"] , "user_id" : "a b" }`:    `{"user_id":"a b","user_info":["ž"]}`,
		`{"user_id":"1","user_info":"text","name":"no"}`: `{"user_id":"1","user_info":"text"}`,
	} {
		c := b.client()
		const name = "presence-data"
		b.subscribe(c, name, data)
		c.expectAll(told(PresenceWrapped, allNames, name, "subscription_succeeded", `"initial_state":{},"members":[`+want+`]`))
		c.send(`42["realtimex:unsubscribe",{"channel":"` + name + `"}]`)
		b.quiet(c)
	}
}

func numericIDs(b *bench) {
	c := b.client()
	const name = "presence-numeric"
	b.subscribe(c, name, `{"user_id":"7","user_info":{}}`)
	c.expectAll(told(PresenceWrapped, allNames, name, "subscription_succeeded", `"initial_state":{},"members":[{"user_id":7,"user_info":{}}]`))
	d := b.client()
	b.subscribe(d, name, `{"user_id":"seven","user_info":{}}`)
	c.expectAll(told(PresenceWrapped, allNames, name, "member_added", `"user_id":"seven","user_info":{}`))
}

func lostMembers(b *bench) {
	const name = "presence-lost"
	ann := b.client()
	b.subscribe(ann, name, memberJSON("ann"))
	ann.expectAll(told(PresenceWrapped, allNames, name, "subscription_succeeded", arrayRoster("ann")))
	for i, leave := range []func(*rawClient){
		func(c *rawClient) { c.ws.CloseNow() },
		func(c *rawClient) { c.send("41") },
		func(c *rawClient) { b.end(c.socketID, endReset) },
		func(c *rawClient) { b.end(c.socketID, endPacketAndClose) },
	} {
		id := "bob" + string(encode(i))
		bob := b.client()
		b.subscribe(bob, name, memberJSON(id))
		ann.expectAll(told(PresenceWrapped, allNames, name, "member_added", fieldsOf(id)))
		leave(bob)
		ann.expectAll(told(PresenceWrapped, allNames, name, "member_removed", fieldsOf(id)))
	}
}

func heldMember(b *bench) {
	const name = "presence-held"
	ann, bob := b.client(), b.client()
	b.subscribe(ann, name, memberJSON("ann"))
	ann.expectAll(told(PresenceWrapped, allNames, name, "subscription_succeeded", arrayRoster("ann")))
	b.hold()
	b.subscribe(bob, name, memberJSON("bob"))
	b.quiet(bob)
	b.quiet(ann)
	if n := b.release(); n != 1 {
		b.Errorf("released %d", n)
	}
	bob.expectAll(told(PresenceWrapped, allNames, name, "subscription_succeeded", arrayRoster("ann", "bob")))
	ann.expectAll(told(PresenceWrapped, allNames, name, "member_added", fieldsOf("bob")))
}

func flatMembers(b *bench) {
	const name = "presence-flat"
	ann, bob := b.client(), b.client()
	b.subscribe(ann, name, memberJSON("ann"))
	ann.expectAll(told(PresenceWrapped, allNames, name, "subscription_succeeded", `"initial_state":{},"members":[{"user_id":"ann","name":"ann"}]`))
	b.subscribe(bob, name, `{"user_id":"bob","user_info":"plain"}`)
	ann.expectAll(told(PresenceWrapped, allNames, name, "member_added", `"user_id":"bob","user_info":"plain"`))
	bob.expectAll(told(PresenceWrapped, allNames, name, "subscription_succeeded",
		`"initial_state":{},"members":[{"user_id":"ann","name":"ann"},{"user_id":"bob","user_info":"plain"}]`))
}
