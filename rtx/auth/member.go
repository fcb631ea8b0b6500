package auth

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"unicode/utf8"
)

// A Member is who somebody is on a presence channel. Every other member sees it.
type Member struct {
	ID   string // user_id; not empty
	Info any    // user_info, marshalled by encoding/json; left out if nil
}

// ChannelData returns the member as the JSON text that a presence channel is joined with, user_id and user_info. An
// [*InputError] says why it can't be: an ID that is empty or not UTF-8, or an Info that does not marshal.
func (m Member) ChannelData() (string, error) {
	switch {
	case m.ID == "":
		return "", &InputError{Field: "user_id", Reason: "missing"}
	case !utf8.ValidString(m.ID): // it would be sent as another one
		return "", &InputError{Field: "user_id", Reason: "not UTF-8"}
	}
	b, err := json.Marshal(struct {
		ID   string `json:"user_id"`
		Info any    `json:"user_info,omitempty"`
	}{m.ID, m.Info})
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
