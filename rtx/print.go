package rtx

import (
	"fmt"
	"log/slog"
)

// String describes the client by where it stands. Nothing secret is in it: not the API key, not what it was given in
// headers, tokens or user data.
func (c *Client) String() string { return "rtx.Client(" + c.State().String() + ")" }

// Format writes String, whatever the verb, so that no print of a client shows its configuration.
func (c *Client) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, c.String()) }

// LogValue is String for slog.
func (c *Client) LogValue() slog.Value { return slog.StringValue(c.String()) }

// String is the channel's name.
func (ch *Channel) String() string { return ch.name }

// Format writes String, whatever the verb: the user data is nobody else's business.
func (ch *Channel) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, ch.String()) }
