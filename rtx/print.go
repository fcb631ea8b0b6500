package rtx

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"time"
)

// How things print: under every verb of fmt, in slog, and as JSON, which slog's JSON handler uses for what stands in a struct or a
// slice. Nothing secret is shown. What has no state of its own prints as what it is called.

// String describes the client by where it stands. Nothing secret is in it: not the API key, not what it was given in
// headers, tokens or user data.
func (c *Client) String() string { return "rtx.Client(" + c.State().String() + ")" }

// Format writes String, whatever the verb, so that no print of a client shows its configuration.
func (c *Client) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, c.String()) }

// LogValue is String for slog.
func (c *Client) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalText is String for encoding/json and others.
func (c *Client) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// String is the channel's name.
func (ch *Channel) String() string { return ch.Name() }

// Format writes String, whatever the verb: the user data is nobody else's business.
func (ch *Channel) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, ch.String()) }

// LogValue is String for slog.
func (ch *Channel) LogValue() slog.Value { return slog.StringValue(ch.String()) }

// MarshalText is String for encoding/json and others.
func (ch *Channel) MarshalText() ([]byte, error) { return []byte(ch.String()), nil }

// String says how many channels the group has.
func (g *Group) String() string { return fmt.Sprintf("rtx.Group(%d channels)", g.Len()) }

// Format writes String, whatever the verb.
func (g *Group) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, g.String()) }

// LogValue is String for slog.
func (g *Group) LogValue() slog.Value { return slog.StringValue(g.String()) }

// MarshalText is String for encoding/json and others.
func (g *Group) MarshalText() ([]byte, error) { return []byte(g.String()), nil }

// String is the stream's name: see [Name].
func (s *Stream[T]) String() string {
	if s == nil {
		return ""
	}
	return s.name
}

// Format writes String, whatever the verb.
func (s *Stream[T]) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, s.String()) }

// LogValue is String for slog.
func (s *Stream[T]) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText is String for encoding/json and others.
func (s *Stream[T]) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue is String for slog.
func (s State) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText is String for encoding/json and others.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue is String for slog.
func (s ChannelState) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText is String for encoding/json and others.
func (s ChannelState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue is a group of the fields that are set: state, socket_id, recovered, attempt and delay, error, at.
func (s StateChange) LogValue() slog.Value {
	a := []slog.Attr{slog.String("state", s.State.String())}
	if s.SocketID != "" {
		a = append(a, slog.String("socket_id", s.SocketID))
	}
	if s.Recovered {
		a = append(a, slog.Bool("recovered", true))
	}
	if s.Attempt != 0 {
		a = append(a, slog.Int("attempt", s.Attempt), slog.Duration("delay", s.Delay))
	}
	if s.Err != nil {
		a = append(a, slog.String("error", s.Err.Error()))
	}
	if !s.At.IsZero() {
		a = append(a, slog.Time("at", s.At))
	}
	return slog.GroupValue(a...)
}

// MarshalJSON writes the same fields as an object, delay in nanoseconds.
func (s StateChange) MarshalJSON() ([]byte, error) {
	fields := struct {
		State     State         `json:"state"`
		SocketID  string        `json:"socket_id,omitempty"`
		Recovered bool          `json:"recovered,omitempty"`
		Attempt   int           `json:"attempt,omitempty"`
		Delay     time.Duration `json:"delay,omitempty"`
		Err       string        `json:"error,omitempty"`
		At        time.Time     `json:"at,omitzero"`
	}{s.State, s.SocketID, s.Recovered, s.Attempt, s.Delay, "", s.At}
	if s.Err != nil {
		fields.Err = s.Err.Error()
	}
	return json.Marshal(fields)
}

// LogValue is a group of the fields that are set: message, code, at.
func (e ServiceError) LogValue() slog.Value {
	a := []slog.Attr{slog.String("message", e.Message)}
	if e.Code != 0 {
		a = append(a, slog.Int("code", e.Code))
	}
	if !e.At.IsZero() {
		a = append(a, slog.Time("at", e.At))
	}
	return slog.GroupValue(a...)
}

// MarshalJSON writes the same fields as an object.
func (e ServiceError) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Message string    `json:"message"`
		Code    int       `json:"code,omitempty"`
		At      time.Time `json:"at,omitzero"`
	}{e.Message, e.Code, e.At})
}

// The errors: as text everywhere. Without this, one that stands in a struct prints its fields as JSON, and of what it wraps {}.

func text(err error) ([]byte, error) { return []byte(err.Error()), nil }
func logText(err error) slog.Value   { return slog.StringValue(err.Error()) }

// LogValue is Error for slog.
func (e *OptionError) LogValue() slog.Value { return logText(e) }

// MarshalText is Error for encoding/json and others.
func (e *OptionError) MarshalText() ([]byte, error) { return text(e) }

// LogValue is Error for slog.
func (e *SubscribeError) LogValue() slog.Value { return logText(e) }

// MarshalText is Error for encoding/json and others.
func (e *SubscribeError) MarshalText() ([]byte, error) { return text(e) }

// LogValue is Error for slog.
func (e *PayloadError) LogValue() slog.Value { return logText(e) }

// MarshalText is Error for encoding/json and others.
func (e *PayloadError) MarshalText() ([]byte, error) { return text(e) }

// LogValue is Error for slog.
func (e *PanicError) LogValue() slog.Value { return logText(e) }

// MarshalText is Error for encoding/json and others.
func (e *PanicError) MarshalText() ([]byte, error) { return text(e) }

// LogValue is Error for slog.
func (e *ChannelError) LogValue() slog.Value { return logText(e) }

// MarshalText is Error for encoding/json and others.
func (e *ChannelError) MarshalText() ([]byte, error) { return text(e) }

// LogValue is Error for slog.
func (e *WaitError) LogValue() slog.Value { return logText(e) }

// MarshalText is Error for encoding/json and others.
func (e *WaitError) MarshalText() ([]byte, error) { return text(e) }

// LogValue is Error for slog.
func (e *ConnectError) LogValue() slog.Value { return logText(e) }

// MarshalText is Error for encoding/json and others.
func (e *ConnectError) MarshalText() ([]byte, error) { return text(e) }

// LogValue is Error for slog.
func (e *DialError) LogValue() slog.Value { return logText(e) }

// MarshalText is Error for encoding/json and others.
func (e *DialError) MarshalText() ([]byte, error) { return text(e) }

// LogValue is Error for slog.
func (e *CloseError) LogValue() slog.Value { return logText(e) }

// MarshalText is Error for encoding/json and others.
func (e *CloseError) MarshalText() ([]byte, error) { return text(e) }

// LogValue is Error for slog.
func (e *LostError) LogValue() slog.Value { return logText(e) }

// MarshalText is Error for encoding/json and others.
func (e *LostError) MarshalText() ([]byte, error) { return text(e) }

// LogValue is Error for slog.
func (e *InterruptedError) LogValue() slog.Value { return logText(e) }

// MarshalText is Error for encoding/json and others.
func (e *InterruptedError) MarshalText() ([]byte, error) { return text(e) }
