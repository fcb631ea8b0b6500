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
// follow. When the connection is lost there is one Stale: the roster is kept, because nobody is known to have left. When
// the channel is subscribed again there is a Snapshot whose Joined, Left and Updated are exactly what differs from what
// was received before, even if that is nothing. So folding the changes always gives the roster; [Set] does it.
//
// # Late readers
//
// C holds one change. While that has not been taken, what happens is merged into it: whoever joined and left again in the
// meantime does not appear, whoever left and came back with another info is Updated, and a change that comes to nothing
// is withdrawn. Merging costs in proportion to what is merged in, and what waits is bounded by the rosters then and now.
// A reader that keeps up gets every change by itself; one that is late gets fewer, larger ones, and is never wrong.
// Two combinations are worth knowing: a change that ends in a lost connection is a Stale with its differences; and if the
// connection is lost before the first Snapshot was taken, that one is withdrawn until there is a true one.
//
// # Who is a member
//
// Members are told apart by user_id; the number 1 and the string "1" are one member. This client is a member for as long
// as it is subscribed, whatever the service says of it. Infos are compared as JSON values: another order of keys is no
// update. A join that carries no info leaves a known one as it is. An info that is no T leaves the member in the roster
// with the zero T. A member without user_info has its other fields as its info: {"user_id":"1","name":"J"} is the member
// "1" with {"name":"J"}.
//
// A service that confirms without saying who is there is given two seconds to say it after all; then the roster begins
// with this client alone and grows as others join.
//
// # Costs
//
// There is no goroutine per room. The client's reader decodes each info once for each room and updates the roster: a slow
// UnmarshalJSON holds it up. A second room on a channel decodes the roster on its opener's goroutine, and presence events
// of that channel wait for it; so UnmarshalJSON must not open a room. What was taken from C last is released when the next
// change comes.
package presence
