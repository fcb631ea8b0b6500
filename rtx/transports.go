package rtx

import (
	"fmt"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

// A Transport is what carries a connection to the service. The values are the names that Engine.IO
// has for them.
type Transport string

const (
	WebSocket Transport = "websocket" // one WebSocket
	Polling   Transport = "polling"   // HTTP long-polling, for networks that let no WebSocket through
)

// defaultTransports are those of a client without WithTransports.
func defaultTransports() []transport.Kind {
	return []transport.Kind{transport.WebSocket, transport.Polling}
}

// over names the transport in the text of an error, unless it is the usual one.
func (t Transport) over() string {
	if t != Polling {
		return ""
	}
	return fmt.Sprintf(" (over %s)", string(t))
}
