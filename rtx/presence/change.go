package presence

import "strconv"

// A Kind tells the kinds of a [Change] apart. The zero Kind is the Kind of the zero Change, which a
// receive from a closed channel gives.
type Kind uint8

// The kinds of changes.
const (
	Snapshot Kind = iota + 1 // the whole roster, and what differs from the last change received
	Diff                     // what differs from the last change received
	Stale                    // the connection was lost: from here on the roster may be out of date
)

// String returns "snapshot", "diff" or "stale".
func (k Kind) String() string {
	switch k {
	case Snapshot:
		return "snapshot"
	case Diff:
		return "diff"
	case Stale:
		return "stale"
	}
	return "Kind(" + strconv.Itoa(int(k)) + ")"
}

// A Member is one user on a channel, however many connections they have there.
type Member[T any] struct {
	ID   string // user_id
	Info T      // user_info; the zero T if there is none, or it does not decode into T
}

// A Change is the difference from the changes received before it. A member is in at most one of
// Joined, Left and Updated.
//
// A change that was not merged has its members in the order in which the service sent them; members
// that a Snapshot no longer has are in Left in the order in which they had joined. Members, and
// Joined of the first Snapshot, are in no particular order. Apart from those two, the same messages
// and the same reads give the same order. The slices belong to the receiver. In the first change
// Joined and Members may share one array.
type Change[T any] struct {
	Kind Kind
	Me   string // this client's own user_id; "" if it is unknown

	// Incomplete is true if the roster is incomplete: there may be other members, and infos may be
	// missing. The package documentation says when that is.
	Incomplete bool

	Members []Member[T] // the whole roster; in a Snapshot only
	Joined  []Member[T] // members who came; in the first Snapshot: the whole roster
	Left    []Member[T] // members who left, with the info they had
	Updated []Member[T] // members whose info changed, with the new one
}
