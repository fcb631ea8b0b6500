package rtx

import (
	"strings"

	"github.com/realtimex/realtimex-go/internal/redact"
)

// The service may quote what the client sent. This file collects the secrets that must not appear
// when a text of the service is shown in an error or in the log: see internal/redact. The transport
// hides those of the connection by itself.

// minSecret is the length in bytes from which the value of a header or of a query, and user data,
// are treated as secrets. A shorter one identifies nobody, and would be found in many ordinary
// texts.
const minSecret = 6

// secretsOfLocked returns the secrets in use on some channels: the client's own, the ids of the
// session, and for each channel the signature and its parts, the channel data and the user data.
func (c *Client) secretsOfLocked(channels ...*subscription) redact.Secrets {
	parts := longEnough(c.machine.SocketID(), c.recovery.pid)
	for _, s := range channels {
		key, sum, _ := strings.Cut(s.grant().Auth, ":") // either half of KEY:hex tells too much
		parts = append(append(parts, s.grant().Auth, key, sum), longEnough(s.grant().ChannelData, string(s.userData()))...)
	}
	return c.cfg.secrets.With(parts...)
}

// maxQuoted limits the number of channels whose secrets are looked for in one text.
const maxQuoted = 1024

// quotedLocked returns the channels whose secrets may be in a text. It uses a quick test, because
// there can be very many channels. A signature has only one spelling, and a text without a brace
// quotes no channel data.
func (c *Client) quotedLocked(text string) (channels []*subscription) {
	head := text[:min(len(text), 4<<10)] // no more is shown
	braces := strings.Contains(head, "{") || strings.Contains(strings.ToUpper(head), "%7B")
	for ch := range c.machine.Channels() {
		s := c.ofLocked(ch)
		key, sum, _ := strings.Cut(s.grant().Auth, ":")
		if sum != "" && (strings.Contains(head, sum) || strings.Contains(head, key)) ||
			braces && len(s.grant().ChannelData)+len(s.userData()) > 0 {
			channels = append(channels, s)
		}
		if len(channels) == maxQuoted {
			break
		}
	}
	return channels
}

func longEnough(values ...string) (secrets []string) {
	for _, v := range values {
		if len(v) >= minSecret {
			secrets = append(secrets, v)
		}
	}
	return secrets
}
