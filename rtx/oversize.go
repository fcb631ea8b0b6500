package rtx

import (
	"bytes"
	"errors"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

// culprit returns the channel of a message that was larger than the client accepts, or "" if the
// beginning of the message does not tell. It only accepts a channel that the service itself wrote:
// the first member of the first argument. What follows may be a publisher's, who could blame
// another channel.
func culprit(cause error) string {
	var tooBig *transport.FrameError
	if !errors.As(cause, &tooBig) {
		return ""
	}
	packet, rest, ok := bytes.Cut(tooBig.Head, []byte(`["`))
	if !ok || !isEvent(packet) {
		return ""
	}
	if _, rest, ok = plainString(rest); !ok {
		return ""
	}
	if rest, ok = bytes.CutPrefix(rest, []byte(`,{"channel":"`)); !ok {
		return ""
	}
	channel, _, ok := plainString(rest)
	if !ok {
		return ""
	}
	return string(channel)
}

// isEvent reports whether the text before the array belongs to an event in the default namespace.
// It may have a number of attachments and the number of an acknowledgement.
func isEvent(packet []byte) bool {
	return (bytes.HasPrefix(packet, []byte("42")) || bytes.HasPrefix(packet, []byte("45"))) && len(bytes.Trim(packet, "0123456789-")) == 0
}
