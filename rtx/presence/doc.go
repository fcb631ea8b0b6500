// Package presence tells who is on a presence channel: one snapshot, then exact differences, through lost connections,
// restarts of the service and readers that are late.
//
//	room := presence.Watch[User](ctx, client.Channel("presence-lobby"))
//	var set presence.Set[User]
//	for change := range room.C {
//		set.Apply(change)
//		fmt.Println(change.Kind, set.Len(), "here")
//	}
//	return room.Err()
//
// # Changes
//
// The first [Change] of a [Room] is a Snapshot, also for a room that is opened on a channel long since joined. Diffs
// follow. When the connection is lost there is one Stale: the roster is kept, because nobody is known to have left.
// When the channel is subscribed again there is a Snapshot whose Joined, Left and Updated are exactly what differs from
// what was received before, even if that is nothing. So folding the changes always gives the roster; [Set] does it.
//
// # Late readers
//
// C holds one change. While that has not been taken, what happens is merged into it: whoever joined and left again in
// the meantime does not appear, whoever left and came back with another info is Updated, and a change that comes to
// nothing is withdrawn. Merging costs in proportion to what is merged in, and what waits is bounded by the rosters then
// and now. A reader that keeps up gets every change by itself; one that is late gets fewer, larger ones, and is never
// wrong. Two combinations are worth knowing: a change that ends in a lost connection is a Stale with its differences;
// and if the connection is lost before the first Snapshot was taken, that one is withdrawn until there is a true one.
//
// # Who is a member
//
// Members are told apart by user_id, as the service sends it; the number 1 and the string "1" are one member. A string
// is its text. A whole number is its digits, however many. Any other number is what JavaScript's JSON.parse and String
// make of it, so that 1.0 and 1e0 are the member "1"; a service in JavaScript can't send those, one in another language
// can. A user_id of no or of more than 256 bytes is none.
//
// This client is a member for as long as it is subscribed, whatever the service says of it. If its user_id is sent as a
// number that a double can't hold, such as 9007199254740993, a service in JavaScript has another one, and everybody
// sees that: it is Me then, unless the service shows that it keeps the number as it was sent. Send a string to be sure.
//
// Infos are compared as JSON values: another order of keys is no update. A join that carries no info leaves a known one
// as it is. A member without user_info has its other fields as its info: {"user_id":"1","name":"J"} is the member "1"
// with {"name":"J"}. Half a surrogate pair, as in "\ud83d", is U+FFFD in an id and in an info; two ids that become the
// same by that are one member.
//
// # What can't be taken
//
// One member never costs the others. An info that is no T, is longer than 64 KiB or nests deeper than 512 levels leaves
// the member in the roster with the zero T, whatever T is, and counts as Malformed in [Stats]. A message, or a part of
// a roster, that is of no known form is left out, counts as Unknown, and is logged once. A member whose user_id can't
// be read is such a part. How deep a peer nests is no matter: rosters are read without recursion, in time that grows
// with their length only.
//
// # Incomplete rosters
//
// A service that confirms without saying who is there is given two seconds to say it after all; then the roster begins
// with this client alone and grows as others join. So it does where what the service said is of no known form: nobody
// is made up. {"presence":{"count":120}} names nobody. An object under members or users is read as infos by user_id
// only where it is not of the form {"ids","hash","count"}, and only its values that are objects are members.
//
// [Change.Incomplete], [Stats] and [Set.Incomplete] say so, from such a roster on until one that is whole. A roster is
// incomplete too if some part of it is of no known form, if it has only one of ids and hash, or if its count is larger
// than the number of those it names. Whoever is in an incomplete roster is there. Others may be there too, those
// included who were known before and whom it does not name: they are told as Left. Infos may be missing. Joins and
// leaves are told as ever.
//
// # Order
//
// The rooms of a channel are told in the order in which they were opened.
//
// # Costs
//
// There is no goroutine per room. The client's reader decodes each info once for each room and updates the roster: a
// slow UnmarshalJSON holds it up. A second room on a channel decodes the roster on its opener's goroutine, and presence
// events of that channel wait for it; so UnmarshalJSON must not open a room. What was taken from C last is released
// when the next change comes.
//
// A roster is counted while it is read, and reading stops at the largest limit ([MaxMembers], [MaxBytes]) of the
// channel's rooms: what is kept on the way is bounded by that, not by the length of what the service sent.
package presence
