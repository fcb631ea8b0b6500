package mirror

import (
	"fmt"
	"log/slog"
)

// String returns the name of the mirror's stream of events.
func (m *Mirror[K, V]) String() string {
	if m == nil {
		return ""
	}
	return m.name
}

// Format implements fmt.Formatter. It writes String for every verb.
func (m *Mirror[K, V]) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, m.String()) }

// LogValue implements slog.LogValuer with the text of String.
func (m *Mirror[K, V]) LogValue() slog.Value { return slog.StringValue(m.String()) }

// MarshalText implements encoding.TextMarshaler with the text of String.
func (m *Mirror[K, V]) MarshalText() ([]byte, error) { return []byte(m.String()), nil }
