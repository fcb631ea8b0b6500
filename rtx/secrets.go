package rtx

import (
	"net/http"
	"strings"

	"github.com/realtimex/realtimex-go/internal/redact"
)

// What comes over the wire may quote what was sent. These are the secrets that no text of the service's shows, in an error or
// a log: see internal/redact. The transport hides those of the connection by itself.

// minSecret is the length in bytes from which the value of a header or of a query, and user data, count as secrets. A shorter
// one identifies nobody, and would be found everywhere.
const minSecret = 6

// ownSecrets are those of the configuration: the key, headers, the password and the query of the URL, and the user data.
func (c *config) ownSecrets() redact.Secrets {
	s := redact.Of(c.apiKey.Reveal()).With(longEnough(string(c.userData))...)
	if c.url != nil {
		for _, values := range c.url.Query() {
			s = s.With(longEnough(values...)...)
		}
	}
	for name, values := range c.header {
		switch http.CanonicalHeaderKey(name) {
		case "Host":
		case "Authorization", "Proxy-Authorization":
			for _, v := range values {
				s = s.WithHeader(v)
			}
		case "Cookie":
			for _, v := range values {
				for pair := range strings.SplitSeq(v, ";") {
					_, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
					s = s.With(longEnough(value)...)
				}
			}
			s = s.With(values...)
		default:
			s = s.With(longEnough(values...)...)
		}
	}
	return s
}

// secretsOf are those in use on some channels: the client's own, the ids of the session, and of each channel the signature and
// its parts, the channel data and the user data. The caller holds c.mu.
func (c *Client) secretsOf(channels ...*subscription) redact.Secrets {
	parts := longEnough(c.machine.SocketID(), c.recovery.pid)
	for _, s := range channels {
		key, sum, _ := strings.Cut(s.grant.Auth, ":") // either half of KEY:hex tells too much
		parts = append(append(parts, s.grant.Auth, key, sum), longEnough(s.grant.ChannelData, string(s.userData))...)
	}
	return c.cfg.secrets.With(parts...)
}

// maxQuoted bounds the channels whose secrets are looked for in one text that names none.
const maxQuoted = 1024

// quoted are the channels whose secrets may stand in a text. It looks quickly, since there can be very many: a signature is not
// written in two ways, and what has no brace quotes no channel data. The caller holds c.mu.
func (c *Client) quoted(text string) (channels []*subscription) {
	head := text[:min(len(text), 4<<10)] // no more is shown
	braces := strings.Contains(head, "{") || strings.Contains(strings.ToUpper(head), "%7B")
	for ch := range c.machine.Channels() {
		s := c.of(ch)
		key, sum, _ := strings.Cut(s.grant.Auth, ":")
		if sum != "" && (strings.Contains(head, sum) || strings.Contains(head, key)) ||
			braces && len(s.grant.ChannelData)+len(s.userData) > 0 {
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
