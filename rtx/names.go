package rtx

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Names of the service's own events. Those with the prefix "realtimex:" or "realtimex_internal:"
// are reserved. The "presence:" ones are those that the service's documentation tells users to bind
// on a presence channel.
const (
	evServer      = "server-event"
	evClient      = "client-event"
	evSubscribe   = "realtimex:subscribe"
	evUnsubscribe = "realtimex:unsubscribe"
	evEstablished = "realtimex:connection_established"
	evPing        = "realtimex:ping"
	evPong        = "realtimex:pong"
	evError       = "realtimex:error"
	evPlainError  = "error" // sent directly; on a channel it is an ordinary event

	evSucceeded     = "realtimex_internal:subscription_succeeded"
	evRefused       = "realtimex_internal:subscription_error"
	evMemberAdded   = "realtimex_internal:member_added"
	evMemberRemoved = "realtimex_internal:member_removed"

	evPresenceSucceeded = "presence:subscription_succeeded"
	evPresenceRefused   = "presence:subscription_error"
	evPresenceAdded     = "presence:member_added"
	evPresenceRemoved   = "presence:member_removed"

	anyEvent     = "*"
	clientPrefix = "client-"

	maxChannelName = 200
	maxEventName   = 200
)

// internalEvent reports whether name is one of the service's own events, which "*" does not match.
func internalEvent(name string) bool {
	if strings.HasPrefix(name, "realtimex:") || strings.HasPrefix(name, "realtimex_internal:") {
		return true
	}
	switch name {
	case evPresenceSucceeded, evPresenceRefused, evPresenceAdded, evPresenceRemoved:
		return true
	}
	return false
}

// A kind says whether a channel is public, private or a presence channel. The name's prefix
// decides.
type kind uint8

const (
	public kind = iota
	private
	presence
)

func kindOf(channel string) kind {
	switch {
	case strings.HasPrefix(channel, "private-"):
		return private
	case strings.HasPrefix(channel, "presence-"):
		return presence
	}
	return public
}

func checkChannelName(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("%w: empty", ErrChannelName)
	case len(name) > maxChannelName:
		return fmt.Errorf("%w: %d bytes, at most %d", ErrChannelName, len(name), maxChannelName)
	case !printable(name):
		return fmt.Errorf("%w: %q", ErrChannelName, name)
	}
	return nil
}

func checkEventName(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("%w: empty", ErrEventName)
	case len(name) > maxEventName:
		return fmt.Errorf("%w: %d bytes, at most %d", ErrEventName, len(name), maxEventName)
	case !printable(name):
		return fmt.Errorf("%w: %q", ErrEventName, name)
	}
	return nil
}

func printable(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f }) < 0
}
