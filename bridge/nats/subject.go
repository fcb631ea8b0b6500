package bridge

import (
	"errors"
	"fmt"
	"strings"
)

// gapToken is the event's place in the subject of a gap record. Escape never returns it.
const gapToken = "!gap"

const hexDigits = "0123456789ABCDEF"

// Escape returns a text as one token of a NATS subject. Letters, digits, "-" and "_" stay as they
// are. Every other byte becomes "%" and two hexadecimal digits in upper case, so "a.b c" becomes
// "a%2Eb%20c". The empty text becomes "!". Different texts have different tokens.
func Escape(s string) string {
	if s == "" {
		return "!"
	}
	n := 0
	for i := range len(s) {
		if !plain(s[i]) {
			n++
		}
	}
	if n == 0 {
		return s
	}
	b := make([]byte, 0, len(s)+2*n)
	for i := range len(s) {
		if c := s[i]; plain(c) {
			b = append(b, c)
		} else {
			b = append(b, '%', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return string(b)
}

func plain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

// ErrSubject means that a text is not what [Escape] returns, or a subject not what [Subject] returns.
var ErrSubject = errors.New("bridge: not a subject of the bridge")

// Unescape returns the text that Escape has made the token from. It returns ErrSubject for a token
// that Escape never returns.
func Unescape(token string) (string, error) {
	if token == "!" {
		return "", nil
	}
	b := make([]byte, 0, len(token))
	for i := 0; i < len(token); i++ {
		c := token[i]
		switch {
		case plain(c):
			b = append(b, c)
		case c == '%' && i+2 < len(token):
			high, low := strings.IndexByte(hexDigits, token[i+1]), strings.IndexByte(hexDigits, token[i+2])
			if high < 0 || low < 0 || plain(byte(high<<4|low)) {
				return "", fmt.Errorf("%w: bad escape", ErrSubject)
			}
			b = append(b, byte(high<<4|low))
			i += 2
		default:
			return "", fmt.Errorf("%w: bad byte", ErrSubject)
		}
	}
	if len(b) == 0 {
		return "", fmt.Errorf("%w: an empty token", ErrSubject)
	}
	return string(b), nil
}

// Subject returns the subject of an event: "rtx.", the app, the channel and the event, with dots
// between them. The channel and the event are escaped as by [Escape].
func Subject(app, channel, event string) string {
	return "rtx." + app + "." + Escape(channel) + "." + Escape(event)
}

// GapSubject returns the subject of the gap records of a channel.
func GapSubject(app, channel string) string {
	return "rtx." + app + "." + Escape(channel) + "." + gapToken
}

// ChannelSubject returns the subject that matches all records of a channel, its gap records too.
func ChannelSubject(app, channel string) string { return "rtx." + app + "." + Escape(channel) + ".*" }

// ParseSubject returns the parts of a subject. For a gap record gap is true and event is "". For
// any other subject it returns ErrSubject.
func ParseSubject(subject string) (app, channel, event string, gap bool, err error) {
	parts := strings.Split(subject, ".")
	if len(parts) != 4 || parts[0] != "rtx" || !validApp(parts[1]) {
		return "", "", "", false, ErrSubject
	}
	if channel, err = Unescape(parts[2]); err != nil {
		return "", "", "", false, err
	}
	if parts[3] == gapToken {
		return parts[1], channel, "", true, nil
	}
	if event, err = Unescape(parts[3]); err != nil {
		return "", "", "", false, err
	}
	return parts[1], channel, event, false, nil
}

// validApp tells whether the text can stand in the names of streams and buckets.
func validApp(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		if !plain(s[i]) {
			return false
		}
	}
	return true
}
