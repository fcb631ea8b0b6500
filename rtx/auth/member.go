package auth

import (
	"fmt"
	"log/slog"

	"github.com/go-json-experiment/json"
)

// A Member is who somebody is on a presence channel. Every other member sees it.
type Member struct {
	ID   string // user_id; not empty
	Info any    // user_info, marshalled to JSON; left out if nil
}

// ChannelData returns the member as the JSON text that a presence channel is joined with, user_id and user_info. An
// [*InputError] says why it can't be: an empty ID, or an Info that does not marshal.
func (m Member) ChannelData() (string, error) {
	if m.ID == "" {
		return "", &InputError{Field: "user_id", Reason: "missing"}
	}
	b, err := json.Marshal(struct {
		ID   string `json:"user_id"`
		Info any    `json:"user_info,omitzero"`
	}{m.ID, m.Info}, json.Deterministic(true))
	switch {
	case err != nil:
		return "", &InputError{Field: "channel_data", Reason: "the member does not marshal to JSON"}
	case len(b) > maxChannelData:
		return "", &InputError{Field: "channel_data", Reason: fmt.Sprintf("longer than %d bytes", maxChannelData)}
	}
	return string(b), nil
}

// String returns the member's ID, without the info.
func (m Member) String() string { return fmt.Sprintf("auth.Member{ID:%q}", m.ID) }

// Format implements [fmt.Formatter]: String, whatever the verb.
func (m Member) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(m.String())) }

// LogValue implements [slog.LogValuer].
func (m Member) LogValue() slog.Value { return slog.StringValue(m.String()) }
