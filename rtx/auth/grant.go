package auth

import (
	"fmt"
	"log/slog"
	"strings"
)

// maxChannelData bounds the channel data of a Grant, in bytes. It is what an answer may hold in
// all.
const maxChannelData = 64 << 10

// A Grant is the signature with which a channel is joined, and the data that was signed with it.
// Its JSON is the answer of a backend: auth and, on presence channels, channel_data.
type Grant struct {
	// Auth is KEY:hex. KEY is the API key. hex is the HMAC-SHA256 of the socket id, the channel
	// and, on presence channels, the channel data.
	Auth string `json:"auth"`
	// ChannelData is the JSON text that was signed. The client sends it unchanged. It is used on
	// presence channels only. If it is empty, the client sends its user data instead, and the
	// signature must be one for that.
	ChannelData string `json:"channel_data,omitempty"`
}

// Check returns an [*AnswerError] that names the first field that does not fit the request, or nil.
// It does not check the signature itself, because that needs the secret: see [Signer.Verify].
func (g Grant) Check(r Request) error {
	if fault := authFault(g.Auth); fault != "" {
		return &AnswerError{Channel: r.Channel, Field: "auth", Reason: fault}
	}
	if !r.Presence() {
		return nil
	}
	fault := ""
	switch {
	case g.ChannelData != "":
		fault = channelDataFault(g.ChannelData)
	case len(r.UserData) == 0:
		fault = "missing, and there is no user data to send in its place"
	}
	if fault != "" {
		return &AnswerError{Channel: r.Channel, Field: "channel_data", Reason: fault}
	}
	return nil
}

// authFault returns what is wrong with the form of a signature, or "" if nothing is.
func authFault(auth string) string {
	if auth == "" {
		return "missing"
	}
	key, sum, found := strings.Cut(auth, ":")
	switch {
	case !found:
		return "not of the form KEY:signature: it has no colon"
	case keyFault(key) != "":
		return "not of the form KEY:signature: the key is " + keyFault(key)
	case len(sum) != 2*signatureSize:
		return fmt.Sprintf("not of the form KEY:signature: the signature has %d characters, not %d", len(sum), 2*signatureSize)
	case strings.Trim(sum, "0123456789abcdefABCDEF") != "":
		return "not of the form KEY:signature: the signature is not hexadecimal"
	}
	return ""
}

// String returns the grant without the signature and the channel data.
func (g Grant) String() string {
	auth := ""
	if g.Auth != "" {
		auth = redacted
	}
	return fmt.Sprintf("auth.Grant{Auth:%s ChannelData:[%d bytes]}", auth, len(g.ChannelData))
}

// Format implements [fmt.Formatter]. It writes String, whatever the verb.
func (g Grant) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(g.String())) }

// LogValue implements [slog.LogValuer]. It shows String.
func (g Grant) LogValue() slog.Value { return slog.StringValue(g.String()) }
