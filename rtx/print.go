package rtx

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"time"
)

// This file says how exported types print: under every verb of fmt, in slog, and as JSON, which
// slog's JSON handler uses for values in a struct or slice. No secret is printed. A value without a
// state of its own prints as its name.

// String describes the client by its state. It shows no secret: not the API key, and nothing that
// was given as a header, token or user data.
func (c *Client) String() string { return "rtx.Client(" + c.State().String() + ")" }

// Format implements fmt.Formatter. It writes String for every verb, so that printing a client never
// shows its configuration.
func (c *Client) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, c.String()) }

// LogValue implements slog.LogValuer with the text of String.
func (c *Client) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalText implements encoding.TextMarshaler with the text of String.
func (c *Client) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// String is the channel's name.
func (ch *Channel) String() string { return ch.Name() }

// Format implements fmt.Formatter. It writes String for every verb, so that printing a channel
// never shows its user data.
func (ch *Channel) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, ch.String()) }

// LogValue implements slog.LogValuer with the text of String.
func (ch *Channel) LogValue() slog.Value { return slog.StringValue(ch.String()) }

// MarshalText implements encoding.TextMarshaler with the text of String.
func (ch *Channel) MarshalText() ([]byte, error) { return []byte(ch.String()), nil }

// String returns the name of the held channel, or "" for a nil or zero Hold.
func (h *Hold) String() string {
	if !h.made() {
		return ""
	}
	return h.s.Name
}

// Format implements fmt.Formatter. It writes String for every verb.
func (h *Hold) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, h.String()) }

// LogValue implements slog.LogValuer with the text of String.
func (h *Hold) LogValue() slog.Value { return slog.StringValue(h.String()) }

// MarshalText implements encoding.TextMarshaler with the text of String.
func (h *Hold) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// String returns "states".
func (s *States) String() string { return "states" }

// Format implements fmt.Formatter. It writes String for every verb.
func (s *States) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, s.String()) }

// LogValue implements slog.LogValuer with the text of String.
func (s *States) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText implements encoding.TextMarshaler with the text of String.
func (s *States) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// String returns a text with the number of channels in the group.
func (g *Group) String() string { return fmt.Sprintf("rtx.Group(%d channels)", g.Len()) }

// Format implements fmt.Formatter. It writes String for every verb.
func (g *Group) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, g.String()) }

// LogValue implements slog.LogValuer with the text of String.
func (g *Group) LogValue() slog.Value { return slog.StringValue(g.String()) }

// MarshalText implements encoding.TextMarshaler with the text of String.
func (g *Group) MarshalText() ([]byte, error) { return []byte(g.String()), nil }

// String returns the stream's name: see [WithName].
func (s *Stream[T]) String() string {
	if !s.opened() {
		return ""
	}
	return s.owner.name()
}

// Format implements fmt.Formatter. It writes String for every verb.
func (s *Stream[T]) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, s.String()) }

// LogValue implements slog.LogValuer with the text of String.
func (s *Stream[T]) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText implements encoding.TextMarshaler with the text of String.
func (s *Stream[T]) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue implements slog.LogValuer with the text of String.
func (s State) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText implements encoding.TextMarshaler with the text of String.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue implements slog.LogValuer with the text of String.
func (s ChannelState) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText implements encoding.TextMarshaler with the text of String.
func (s ChannelState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue implements slog.LogValuer. It returns a group of the fields that are set: state,
// socket_id, recovered, attempt and delay, error, at.
func (s StateChange) LogValue() slog.Value {
	a := []slog.Attr{slog.String("state", s.State.String())}
	if s.SocketID != "" {
		a = append(a, slog.String("socket_id", s.SocketID))
	}
	if s.Transport != "" {
		a = append(a, slog.String("transport", string(s.Transport)))
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

// MarshalJSON implements json.Marshaler. It writes the same fields as LogValue, as an object, with
// the delay in nanoseconds.
func (s StateChange) MarshalJSON() ([]byte, error) {
	fields := struct {
		State     State         `json:"state"`
		SocketID  string        `json:"socket_id,omitempty"`
		Transport Transport     `json:"transport,omitempty"`
		Recovered bool          `json:"recovered,omitempty"`
		Attempt   int           `json:"attempt,omitempty"`
		Delay     time.Duration `json:"delay,omitempty"`
		Err       string        `json:"error,omitempty"`
		At        time.Time     `json:"at,omitzero"`
	}{s.State, s.SocketID, s.Transport, s.Recovered, s.Attempt, s.Delay, "", s.At}
	if s.Err != nil {
		fields.Err = s.Err.Error()
	}
	return json.Marshal(fields)
}

// LogValue implements slog.LogValuer. It returns a group of the fields that are set: message, code,
// at.
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

// MarshalJSON implements json.Marshaler. It writes the same fields as LogValue, as an object.
func (e ServiceError) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Message string    `json:"message"`
		Code    int       `json:"code,omitempty"`
		At      time.Time `json:"at,omitzero"`
	}{e.Message, e.Code, e.At})
}

// Errors print as their text everywhere. Without these methods, an error in a struct would print
// its fields as JSON, and what it wraps as {}.

func text(err error) ([]byte, error) { return []byte(err.Error()), nil }
func logText(err error) slog.Value   { return slog.StringValue(err.Error()) }

// LogValue implements slog.LogValuer with the text of Error.
func (e *OptionError) LogValue() slog.Value { return logText(e) }

// MarshalText implements encoding.TextMarshaler with the text of Error.
func (e *OptionError) MarshalText() ([]byte, error) { return text(e) }

// LogValue implements slog.LogValuer with the text of Error.
func (e *SubscribeError) LogValue() slog.Value { return logText(e) }

// MarshalText implements encoding.TextMarshaler with the text of Error.
func (e *SubscribeError) MarshalText() ([]byte, error) { return text(e) }

// LogValue implements slog.LogValuer with the text of Error.
func (e *PayloadError) LogValue() slog.Value { return logText(e) }

// MarshalText implements encoding.TextMarshaler with the text of Error.
func (e *PayloadError) MarshalText() ([]byte, error) { return text(e) }

// LogValue implements slog.LogValuer with the text of Error.
func (e *PanicError) LogValue() slog.Value { return logText(e) }

// MarshalText implements encoding.TextMarshaler with the text of Error.
func (e *PanicError) MarshalText() ([]byte, error) { return text(e) }

// LogValue implements slog.LogValuer with the text of Error.
func (e *ChannelError) LogValue() slog.Value { return logText(e) }

// MarshalText implements encoding.TextMarshaler with the text of Error.
func (e *ChannelError) MarshalText() ([]byte, error) { return text(e) }

// LogValue implements slog.LogValuer with the text of Error.
func (e *WaitError) LogValue() slog.Value { return logText(e) }

// MarshalText implements encoding.TextMarshaler with the text of Error.
func (e *WaitError) MarshalText() ([]byte, error) { return text(e) }

// LogValue implements slog.LogValuer with the text of Error.
func (e *NotReadyError) LogValue() slog.Value { return logText(e) }

// MarshalText implements encoding.TextMarshaler with the text of Error.
func (e *NotReadyError) MarshalText() ([]byte, error) { return text(e) }

// LogValue implements slog.LogValuer with the text of Error.
func (e *ConnectError) LogValue() slog.Value { return logText(e) }

// MarshalText implements encoding.TextMarshaler with the text of Error.
func (e *ConnectError) MarshalText() ([]byte, error) { return text(e) }

// LogValue implements slog.LogValuer with the text of Error.
func (e *DialError) LogValue() slog.Value { return logText(e) }

// MarshalText implements encoding.TextMarshaler with the text of Error.
func (e *DialError) MarshalText() ([]byte, error) { return text(e) }

// LogValue implements slog.LogValuer with the text of Error.
func (e *CloseError) LogValue() slog.Value { return logText(e) }

// MarshalText implements encoding.TextMarshaler with the text of Error.
func (e *CloseError) MarshalText() ([]byte, error) { return text(e) }

// LogValue implements slog.LogValuer with the text of Error.
func (e *LostError) LogValue() slog.Value { return logText(e) }

// MarshalText implements encoding.TextMarshaler with the text of Error.
func (e *LostError) MarshalText() ([]byte, error) { return text(e) }

// LogValue implements slog.LogValuer with the text of Error.
func (e *InterruptedError) LogValue() slog.Value { return logText(e) }

// MarshalText implements encoding.TextMarshaler with the text of Error.
func (e *InterruptedError) MarshalText() ([]byte, error) { return text(e) }

// LogValue returns the text of Error, for log/slog.
func (e *ProxyError) LogValue() slog.Value { return logText(e) }

// MarshalText returns the text of Error, for encoding/json and others.
func (e *ProxyError) MarshalText() ([]byte, error) { return text(e) }
