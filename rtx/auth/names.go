package auth

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The longest names that are signed, in bytes. The service documents no limit; these are generous.
const (
	maxSocketID = 128
	maxChannel  = 200
	maxKey      = 256
)

// The signed text is joined by colons: socket_id:channel, or socket_id:channel:channel_data. A
// colon inside one of the first two parts would let one text stand for two things, so that whoever
// may have the first signed gets the second: asking for the private channel `private-a` as socket
// `1:presence-b` or, where a backend's rules look at the beginning of a name only, for the channel
// `presence-b:{"user_id":"root"}`. So neither part may have one. The last part may be any JSON
// text: nothing comes after it.

// socketFault returns why a socket id can't be signed, or "" if it can.
func socketFault(id string) string {
	switch {
	case id == "":
		return "missing"
	case len(id) > maxSocketID:
		return fmt.Sprintf("longer than %d bytes", maxSocketID)
	case strings.Contains(id, ":"):
		return "has a colon"
	case strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r >= unicode.MaxASCII }):
		return "has characters other than visible ASCII"
	}
	return ""
}

// channelFault returns why a channel name can't be signed, or "" if it can. U+FFFD is refused
// because it replaces broken text, so that several names can look like one.
func channelFault(name string, invisible bool) string {
	switch {
	case name == "":
		return "missing"
	case len(name) > maxChannel:
		return fmt.Sprintf("longer than %d bytes", maxChannel)
	case !isPrivate(name) && !isPresence(name):
		return "not a private- or presence- channel"
	case strings.Contains(name, ":"):
		return "has a colon"
	case strings.ContainsRune(name, utf8.RuneError):
		return "not Unicode, or has U+FFFD in place of what was not"
	case strings.ContainsFunc(name, unicode.IsControl):
		return "has control characters"
	case !invisible && strings.ContainsFunc(name, unseen):
		return "has invisible or direction-changing characters"
	}
	return ""
}

// unseen reports whether a character can't be seen, or only changes how others are shown: formats,
// including all that change the direction of text, blanks other than the space, variation
// selectors, fillers.
func unseen(r rune) bool {
	switch {
	case r < unicode.MaxASCII, unicode.Is(unicode.Prepended_Concatenation_Mark, r):
		return false // the latter are formats that are seen
	case r == '\u2800': // a pattern of Braille without a dot
		return true
	}
	return unicode.In(r, unicode.Cf, unicode.Z, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}

// keyFault returns why a string can't be an API key, or "" if it can.
func keyFault(key string) string {
	switch {
	case key == "":
		return "empty"
	case len(key) > maxKey:
		return fmt.Sprintf("longer than %d bytes", maxKey)
	case strings.Contains(key, ":"):
		return "one with a colon"
	case strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r >= unicode.MaxASCII }):
		return "not visible ASCII"
	}
	return ""
}
