package rtx

import (
	"fmt"
	"log/slog"
	"math"
	"strconv"
	"strings"
)

// A Policy says what happens to a value that does not fit into a stream's buffer: [DropOldest],
// [DropNewest], [EndStream] or [Grow]. No policy makes the connection wait, and every loss is
// counted in a [Gap]. Policies can be compared with ==. They have a text form, for flags and
// configuration files. The zero Policy is DropOldest.
type Policy int64

const (
	// DropOldest drops the oldest buffered value, so the reader gets the latest ones. It is the
	// default. Its text is "drop-oldest".
	DropOldest Policy = 0
	// DropNewest drops the new value, so the reader gets an unbroken sequence up to the gap. Its
	// text is "drop-newest".
	DropNewest Policy = -1
	// EndStream ends the stream with ErrOverflow. Buffered values stay readable; a last gap counts
	// the value that did not fit. Its text is "end-stream".
	EndStream Policy = -2
)

// noPolicy is what Grow returns for a limit below 1. It is not a valid policy.
const noPolicy Policy = math.MinInt64

// Grow returns a policy that keeps values that do not fit the buffer in memory behind it, up to
// maxBytes of payloads (at least 1). Payloads are counted by their size on the wire; decoded values
// may take more memory. A value that exceeds maxBytes ends the stream with [ErrOverflow]:
// everything kept before stays readable, and a last gap counts that value. The text of the policy
// is "grow:" and the limit in bytes, for example "grow:1048576".
func Grow(maxBytes int64) Policy {
	if maxBytes < 1 {
		return noPolicy
	}
	return Policy(maxBytes)
}

// fault returns why the policy can't be used, or "".
func (p Policy) fault() string {
	switch {
	case p >= EndStream:
		return ""
	case p == noPolicy:
		return "Grow takes at least 1 byte"
	}
	return fmt.Sprintf("%v is no policy", p)
}

// String returns the policy's text: "drop-oldest", "drop-newest", "end-stream" or "grow:1048576".
func (p Policy) String() string {
	switch {
	case p == DropOldest:
		return "drop-oldest"
	case p == DropNewest:
		return "drop-newest"
	case p == EndStream:
		return "end-stream"
	case p > 0:
		return growText + strconv.FormatInt(int64(p), 10)
	}
	return fmt.Sprintf("Policy(%d)", int64(p))
}

const growText = "grow:"

// LogValue implements slog.LogValuer with the text of String.
func (p Policy) LogValue() slog.Value { return slog.StringValue(p.String()) }

// MarshalText implements encoding.TextMarshaler with the text of String. It returns an
// [*OptionError] for a number that is no policy.
func (p Policy) MarshalText() ([]byte, error) {
	if fault := p.fault(); fault != "" {
		return nil, badOption("Policy", "%s", fault)
	}
	return []byte(p.String()), nil
}

// UnmarshalText implements encoding.TextUnmarshaler, for encoding/json, flag.TextVar and others. It
// accepts what String returns. For another text it returns an [*OptionError] that quotes the text.
func (p *Policy) UnmarshalText(text []byte) error {
	for _, named := range []Policy{DropOldest, DropNewest, EndStream} {
		if string(text) == named.String() {
			*p = named
			return nil
		}
	}
	if digits, ok := strings.CutPrefix(string(text), growText); ok {
		if n, err := strconv.ParseInt(digits, 10, 64); err == nil && n > 0 {
			*p = Grow(n)
			return nil
		}
	}
	return badOption("Policy", "%.64q is none of drop-oldest, drop-newest, end-stream and grow:BYTES", text)
}
