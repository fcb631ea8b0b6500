package rtx

import (
	"bytes"
	"errors"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

// culprit is the channel of a message that was larger than the client takes, "" if that can't be told from how the message
// begins. It is believed only where the service itself wrote it: as the first member of the first argument. What stands
// behind that may be a publisher's, who could blame another channel.
func culprit(cause error) string {
	var tooBig *transport.FrameError
	if !errors.As(cause, &tooBig) {
		return ""
	}
	rest, ok := bytes.CutPrefix(tooBig.Head, []byte(`42["`))
	if !ok {
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
