package rtx

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// A Gap says that a stream missed something at this place. Every value taken before the gap was
// sent before the loss, and the next value after it was sent later. Losses of one channel with no
// value between them are merged into one Gap, so several fields can be set at once.
//
// A *Gap is an error, so it can be used where errors are, for example in an iter.Seq2 of values and
// errors. errors.As finds it there.
type Gap struct {
	// Channel is the channel that the missing values belong to. It is empty in two cases: if
	// Several is set; and if a stream of several channels under DropOldest could not tell which
	// value was dropped and which was received, because somebody was receiving from C.
	Channel string

	// Several is set if the gap is about several channels of the stream. All fields, the counts
	// too, are about these channels together. Such a gap comes if the reader is far behind: a
	// stream keeps 256 gaps, and one more for each of its channels, and merges further ones.
	Several bool

	// Dropped counts the values that did not fit into the stream's buffer. It is exact.
	Dropped uint64

	// Malformed counts the payloads that could not be decoded as a T. It is exact. Err has the
	// *PayloadError of the latest.
	Malformed uint64

	// Reconnected is set if the connection was down and events may have been missed meanwhile.
	// Their number can't be known. The gap comes once the channel is subscribed again. From then on
	// every event arrives, so a program that reloads its state on this gap misses nothing. If the
	// service restored the session, there is no gap.
	Reconnected bool

	// Ended is set if the channel was refused or unsubscribed, and the stream continues with its
	// other channels. Err says why.
	Ended bool

	// Since and Until are the times between which values were lost, by the local clock.
	//
	// For a reconnection, Since is not later than the first event that may be missing, and every
	// event sent after Until arrives. Since is up to 10 s before the last byte that was read before
	// the loss. It is earlier if the process was stopped or the machine slept, because what is read
	// afterwards may have waited for an unknown time.
	//
	// For dropped values, they are the times at which values were dropped. Under DropOldest and
	// Grow the values may have come long before.
	Since time.Time
	Until time.Time // see Since

	// Err is the latest error that caused the gap, or nil if no error did.
	Err error
}

// Error says what was lost, how much, and on which channel, for example "rtx: gap on "orders": 3
// values dropped, connection was down".
func (g *Gap) Error() string {
	if g == nil {
		return "<nil>" // what a print of no gap says
	}
	var b strings.Builder
	b.WriteString("rtx: gap")
	switch {
	case g.Several:
		b.WriteString(" on several channels")
	case g.Channel != "":
		fmt.Fprintf(&b, " on %q", g.Channel)
	}
	separator := ": "
	say := func(format string, args ...any) {
		b.WriteString(separator)
		fmt.Fprintf(&b, format, args...)
		separator = ", "
	}
	if g.Dropped > 0 {
		say("%s dropped", counted(g.Dropped, "value"))
	}
	if g.Malformed > 0 {
		say("%s malformed", counted(g.Malformed, "payload"))
	}
	if g.Reconnected {
		say("connection was down")
	}
	if g.Ended {
		say("channel left the stream")
	}
	if g.Err != nil {
		separator = ": "
		say("%v", g.Err)
	}
	return b.String()
}

func counted(n uint64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Unwrap returns Err.
func (g *Gap) Unwrap() error {
	if g == nil {
		return nil
	}
	return g.Err
}

// LogValue implements slog.LogValuer. It returns a group of the fields that are set: channel,
// several channels, dropped, malformed, reconnected, ended, since, until, error.
func (g Gap) LogValue() slog.Value {
	var a []slog.Attr
	if g.Channel != "" {
		a = append(a, slog.String("channel", g.Channel))
	}
	if g.Several {
		a = append(a, slog.Bool("several channels", true))
	}
	if g.Dropped > 0 {
		a = append(a, slog.Uint64("dropped", g.Dropped))
	}
	if g.Malformed > 0 {
		a = append(a, slog.Uint64("malformed", g.Malformed))
	}
	if g.Reconnected {
		a = append(a, slog.Bool("reconnected", true))
	}
	if g.Ended {
		a = append(a, slog.Bool("ended", true))
	}
	for _, t := range []struct {
		name string
		at   time.Time
	}{{"since", g.Since}, {"until", g.Until}} {
		if !t.at.IsZero() {
			a = append(a, slog.Time(t.name, t.at))
		}
	}
	if g.Err != nil {
		a = append(a, slog.String("error", g.Err.Error()))
	}
	return slog.GroupValue(a...)
}

// MarshalJSON implements json.Marshaler. It writes the same fields as LogValue, as an object.
func (g Gap) MarshalJSON() ([]byte, error) {
	fields := struct {
		Channel     string    `json:"channel,omitempty"`
		Several     bool      `json:"several_channels,omitempty"`
		Dropped     uint64    `json:"dropped,omitempty"`
		Malformed   uint64    `json:"malformed,omitempty"`
		Reconnected bool      `json:"reconnected,omitempty"`
		Ended       bool      `json:"ended,omitempty"`
		Since       time.Time `json:"since,omitzero"`
		Until       time.Time `json:"until,omitzero"`
		Err         string    `json:"error,omitempty"`
	}{g.Channel, g.Several, g.Dropped, g.Malformed, g.Reconnected, g.Ended, g.Since, g.Until, ""}
	if g.Err != nil {
		fields.Err = g.Err.Error()
	}
	return json.Marshal(fields)
}
