package auth

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"unicode/utf8"
)

// A Member is a user on a presence channel, as all members of the channel see this user.
type Member struct {
	ID   string // sent as user_id; must not be empty
	Info any    // sent as user_info, marshalled with encoding/json; left out if nil
}

// ChannelData returns the member as the JSON text with which a presence channel is joined, with the
// fields user_id and user_info. It returns an [*InputError] if the ID is empty or not UTF-8, if
// Info does not marshal, or if the text is longer than 64 KiB.
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

// String returns the ID of the member, without the Info.
func (m Member) String() string { return fmt.Sprintf("auth.Member{ID:%q}", m.ID) }

// Format implements [fmt.Formatter]. It writes String, whatever the verb.
func (m Member) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(m.String())) }

// LogValue implements [slog.LogValuer]. It shows String.
func (m Member) LogValue() slog.Value { return slog.StringValue(m.String()) }
