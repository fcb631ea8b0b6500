package rtx

import (
	"errors"
)

// Zero values and nil pointers of the exported types (Client, Channel, Hold, Group, Stream, States)
// do nothing. Methods that return an error return one of these, streams that they return have ended
// with it, and no method panics with a lock held. A zero Group is an empty group.

var (
	errNilContext = errors.New("rtx: context is nil")
	errNoClient   = errors.New("rtx: client is nil or was not made by New")
	errNoChannel  = errors.New("rtx: channel is nil or was not made by Client.Channel")
	errNilGroup   = errors.New("rtx: group is nil")
	errNoHold     = errors.New("rtx: hold is nil or was not made by Channel.Subscribe")
	errNoStates   = errors.New("rtx: states is nil or was not opened by Client.States")
	errNoStream   = errors.New("rtx: stream is nil or was not opened, by On for one")
	errNoSource   = errors.New("rtx: source is nil")
	errEmptyGroup = errors.New("rtx: a group that never had a channel has no client: Add one first")
)

// closedChannel is what Done returns for a value that was not made by its constructor.
var closedChannel = func() chan struct{} { ch := make(chan struct{}); close(ch); return ch }()
