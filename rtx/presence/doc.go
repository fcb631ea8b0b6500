// Package presence tells who is on a presence channel: a snapshot first, then exact differences.
// They stay exact through lost connections, restarts of the service and slow readers.
//
//	room := presence.Watch[User](ctx, client.Channel("presence-lobby"))
//	var set presence.Set[User]
//	for change := range room.All() {
//		set.Apply(change)
//		fmt.Println(change.Kind, set.Len(), "here")
//	}
//	return room.Err()
//
// # Changes
//
// The first [Change] of a [Room] is a [Snapshot], which has the whole roster. The channel may have
// been subscribed long before. A [Diff] follows for each later change.
//
// When the connection is lost there is one [Stale]. The roster is kept, because nobody is known to
// have left. When the channel is subscribed again there is another Snapshot. Its Joined, Left and
// Updated are exactly what differs from the changes received before, even if that is nothing. A
// program that applies every change in order always has the roster. [Set] does that.
//
// # Slow readers
//
// [Room.C] holds one change. What happens before that change is received is merged into it:
//
//   - a member who joined and left again does not appear;
//   - a member who left and came back with another info is in Updated;
//   - a change in which nothing is left is withdrawn.
//
// A reader that keeps up receives every change separately. A slow one receives fewer and larger
// changes, which are just as exact. Two cases are special. If the connection is lost before a
// change was received, that change becomes a Stale which still has its differences. If the
// connection is lost before the first Snapshot was received, the Snapshot is withdrawn, and a new
// one comes after the next subscription.
//
// The time to merge is proportional to what is merged in. The size of what waits is bounded by the
// size of the roster last received and of the present one.
//
// # Who is a member
//
// Members are told apart by user_id. The number 1 and the string "1" are the same member. A whole
// number keeps all of its digits. Any other number is converted as by JavaScript's JSON.parse and
// String: 1.0 and 1e0 are the member "1". A user_id that is empty or longer than 256 bytes is not
// valid.
//
// This client is a member while it is subscribed, even if the service does not list it. Send its
// user_id as a string: a number that a double can't represent, such as 9007199254740993, is changed
// by a service that is written in JavaScript. [Change.Me] is then the changed number, because that
// is the member that everybody else sees, unless the service shows that it kept the number as it
// was sent.
//
// Infos are compared as JSON values, so another order of keys is no update. A join without an info
// leaves the known info unchanged. If a member has no user_info, its other fields are the info:
// {"user_id":"1","name":"J"} is the member "1" with {"name":"J"}. Half a surrogate pair, as in
// "\ud83d", becomes U+FFFD in an id and in an info. Two ids that become equal in this way are the
// same member.
//
// # What can't be read
//
// A member that can't be read does not affect the others.
//
//   - An info that does not decode into T, is longer than 64 KiB, or is nested deeper than 512
//     levels: the member is in the roster with the zero T, and [Stats].Malformed counts it. The
//     last two limits hold for every T.
//   - A message, or a part of a roster, of an unknown form: it is left out, Stats.Unknown counts
//     it, and the first of each kind is logged. A member without a valid user_id is such a part.
//
// Rosters are read without recursion, in time proportional to their length.
//
// # Incomplete rosters
//
// A roster is incomplete if
//
//   - the service confirmed the subscription and sent no roster within two seconds after it, or one
//     of an unknown form: the roster then begins with this client alone, and grows as others join;
//   - some part of it is of an unknown form;
//   - it has only one of ids and hash;
//   - its count is larger than the number of members that it names.
//
// Members of an incomplete roster are there. There may be others, and infos may be missing. Members
// who were known before and whom the roster does not name are in Left, although they may still be
// there. Later joins and leaves are reported as usual. [Change].Incomplete, [Stats].Incomplete and
// [Set.Incomplete] are true until a complete roster arrives.
//
// {"presence":{"count":120}} names no members. An object under members or users is read as infos by
// user_id only if it is not of the form {"ids","hash","count"}, and only those of its values that
// are objects are members.
//
// # Order
//
// A change is given to the rooms of a channel in the order in which they were opened.
//
// # Costs
//
// A room has no goroutine. The client's read goroutine decodes each info once for each room and
// updates the roster, so a slow UnmarshalJSON delays everything that the connection receives. The
// roster of a confirmation of 64 KiB or more is the exception: a goroutine reads it, which exists
// only for that, so other streams do not wait for it, and UnmarshalJSON may run beside other
// decoders. What happens on the channel meanwhile is told after it, in order. A second room on a
// channel decodes the roster on the goroutine that calls [Watch], and presence events of that
// channel wait for it, but nothing else does. UnmarshalJSON must not open a room. A room refers to
// the change that was received last until the next one comes.
//
// Members are counted while a roster is read, and reading stops at the largest limit
// ([WithMaxMembers], [WithMaxBytes]) of the channel's rooms. So the memory that is used is bounded
// by that limit, and not by the length of what the service sent.
package presence
