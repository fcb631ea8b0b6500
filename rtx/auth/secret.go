package auth

import (
	"fmt"
	"log/slog"
)

const redacted = "[redacted]"

// A Secret is a string that does not print: not under any verb of fmt, not in slog, not as JSON,
// and not as a field of a struct that is printed, exported or not. The zero value holds the empty
// string. To compare two Secrets, compare the results of Reveal.
type Secret struct {
	// A pointer, because fmt can't call the methods of a field that is not exported, and prints its
	// memory instead.
	value *string
}

// NewSecret returns a Secret that holds s.
func NewSecret(s string) Secret {
	if s == "" {
		return Secret{}
	}
	return Secret{value: &s}
}

// Reveal returns the string that the Secret holds.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// String returns "[redacted]", or "" for an empty Secret.
func (s Secret) String() string {
	if s.value == nil {
		return ""
	}
	return redacted
}

// Format implements [fmt.Formatter]. It writes String, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// LogValue implements [slog.LogValuer]. It shows String.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText implements [encoding.TextMarshaler], which encoding/json uses too. It returns String.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
