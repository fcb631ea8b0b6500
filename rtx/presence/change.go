package presence

import "strconv"

// A Kind says what a [Change] is.
type Kind uint8

// The kinds of changes. The zero Kind is that of the zero Change, which a closed channel gives.
const (
	Snapshot Kind = iota + 1 // the whole roster, and what differs from the last change received
	Diff                     // what differs from the last change received
	Stale                    // the connection is lost: from here on the roster may be out of date
)

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
	Info T      // user_info; the zero T if there is none, or if it can't be taken or is no T
}

// A Change is what differs from the changes received before. A member is in one of Joined, Left and Updated at most.
// The same messages and the same reader give those lists in the same order, and a change that was not merged has them
// in the order in which the service told it, with those who left in the order in which they had joined; Members, and
// Joined of the first Snapshot, have no particular order. The slices belong to the receiver; in the first change Joined
// and Members may be one array.
type Change[T any] struct {
	Kind Kind
	Me   string // this client's own user_id; "" if it is not known

	// Incomplete says that the service did not tell in full who is there, so that others may be there too, or members may
	// have an info that is not known. The package's documentation says when.
	Incomplete bool

	Members []Member[T] // of a Snapshot: everyone who is there
	Joined  []Member[T] // in the first Snapshot: everyone
	Left    []Member[T] // with the info they had
	Updated []Member[T] // with their new info
}
