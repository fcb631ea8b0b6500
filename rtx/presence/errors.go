package presence

import (
	"errors"
	"fmt"
)

// ErrNotPresence ends a room on a channel whose name does not begin with "presence-".
var ErrNotPresence = errors.New("presence: the channel's name does not begin with \"presence-\"")

// errClosed is what Ready says of a room that was closed before it had a snapshot.
var errClosed = errors.New("presence: room was closed")

// errNoRoom is what a nil or zero Room says.
var errNoRoom = errors.New("presence: this Room was not opened: use Watch")

var errNoContext = errors.New("presence: context is nil")

// A MemberError says that a channel was joined with user data in which the service can't have found a member. It ends the
// rooms of the channel. [rtx.WithUserData], [rtx.UserData] or the authorizer's channel data set what is sent.
type MemberError struct {
	Channel string
	Field   string // "user_id"
	Reason  string // "missing", "longer than 256 bytes"; never the field's content
}

func (e *MemberError) Error() string {
	return fmt.Sprintf("presence: user data for %q: %s: %s", e.Channel, e.Field, e.Reason)
}

// A LimitError ends a room that grew past a limit of its own: a roster cut short would be wrong. A roster of the service is
// counted while it is read, and is read no further than the largest limit of the channel's rooms.
type LimitError struct {
	Channel string
	Option  string // the option that sets the limit: "MaxMembers", "MaxBytes"
	Limit   int
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("presence: %q is larger than %s allows: %d", e.Channel, e.Option, e.Limit)
}
