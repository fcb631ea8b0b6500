package presence

import (
	"errors"
	"fmt"
)

// ErrNotPresence means that a room was opened on a channel whose name does not begin with
// "presence-". [Room.Err] returns it.
var ErrNotPresence = errors.New("presence: the channel's name does not begin with \"presence-\"")

// ErrClosed means that the room was ended by [Room.Close] or by [rtx.Client.Drain]. Only
// [Room.Ready] and [Room.Readiness] return it: [Room.Err] is nil then.
var ErrClosed = errors.New("presence: room was closed")

// errNoRoom is what the methods of a nil or zero Room return.
var errNoRoom = errors.New("presence: this Room was not opened: use Watch")

var errNoContext = errors.New("presence: context is nil")

// A MemberError means that the channel was subscribed with user data in which the service can't
// find a member. It ends all rooms of the channel. Correct what [rtx.WithUserData] sets, or the
// channel data that the authorizer returns.
type MemberError struct {
	Channel string
	Field   string // "user_id"
	Reason  string // "missing", "longer than 256 bytes"; never the field's content
}

func (e *MemberError) Error() string {
	return fmt.Sprintf("presence: user data for %q: %s: %s", e.Channel, e.Field, e.Reason)
}

// A LimitError means that the roster has become larger than a limit of the room, which has ended. A
// roster that was cut short would be wrong.
type LimitError struct {
	Channel string
	Option  string // the option that sets the limit: "WithMaxMembers", "WithMaxBytes"
	Limit   int
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("presence: %q is larger than %s allows: %d", e.Channel, e.Option, e.Limit)
}
