package presence

import (
	"fmt"
	"log/slog"
)

// How things print in slog and as JSON, which slog's JSON handler uses for what stands in a struct
// or a slice.

// LogValue is String for slog.
func (k Kind) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalText is String for encoding/json and others.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// String is the name of the room's channel; "" if it never was open.
func (r *Room[T]) String() string {
	if r == nil {
		return ""
	}
	return r.channel
}

// Format writes String, whatever the verb.
func (r *Room[T]) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, r.String()) }

// LogValue is String for slog.
func (r *Room[T]) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalText is String for encoding/json and others.
func (r *Room[T]) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// LogValue is Error for slog.
func (e *MemberError) LogValue() slog.Value { return slog.StringValue(e.Error()) }

// MarshalText is Error for encoding/json and others.
func (e *MemberError) MarshalText() ([]byte, error) { return []byte(e.Error()), nil }

// LogValue is Error for slog.
func (e *LimitError) LogValue() slog.Value { return slog.StringValue(e.Error()) }

// MarshalText is Error for encoding/json and others.
func (e *LimitError) MarshalText() ([]byte, error) { return []byte(e.Error()), nil }
