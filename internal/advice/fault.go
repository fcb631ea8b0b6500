package advice

import (
	"errors"
	"time"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

// A Fault is what is known of a connection that did not come to be, or that was lost. The zero
// Fault is an unknown one.
type Fault struct {
	Before bool // there was a connection, and this is how it ended

	Step     string        // how far a handshake came: "dial", "upgrade", "open", "connect"; "" if that is not known
	Status   int           // the HTTP status of the handshake's answer; 0 if there was none
	Refused  bool          // the service refused CONNECT
	Code     int           // its code; 0 if it gave none
	Message  string        // its words, to CONNECT or to the handshake
	Redirect bool          // the handshake was redirected to another host
	Left     bool          // the service ended the connection by a packet of its own
	Close    int           // the code of a WebSocket close frame; 0 if there was none
	Reason   string        // the close frame's words
	Foreign  bool          // what came breaks the protocol
	ByProxy  bool          // a proxy did not connect to the service
	Proxy    string        // its host and port; "" if that is not known
	Answer   int           // the HTTP status of its answer; 0 if there was none
	Silence  time.Duration // how long nothing came, if the link was taken for dead over that

	Cause error // what went wrong below: what ended a handshake, or broke a connection; nil if that is not known
	Err   error // the error that says all this, for what the standard library says of it
}

// Of reads a fault out of an error of package transport, wrapped or not. What it does not know, the
// standard library's errors included, is left to Err.
func Of(err error) Fault {
	f := Fault{Err: err}
	if e, ok := errors.AsType[*transport.HandshakeError](err); ok {
		f.Step, f.Status, f.Message, f.Cause = e.Step, e.Status, e.Message, e.Err
	}
	if e, ok := errors.AsType[*transport.ConnectError](err); ok {
		f.Refused, f.Code, f.Message = true, e.Code, e.Message
	}
	if e, ok := errors.AsType[*transport.CloseError](err); ok {
		f.Close, f.Reason = e.Code, e.Reason
	}
	if e, ok := errors.AsType[*transport.LostError](err); ok {
		f.Cause = e.Err
	}
	if e, ok := errors.AsType[*transport.ProxyError](err); ok {
		f.ByProxy, f.Proxy, f.Answer, f.Cause = true, e.Proxy, e.Status, e.Err
	}
	if e, ok := errors.AsType[*transport.DeadLinkError](err); ok {
		f.Silence = e.Silence
	}
	if _, ok := errors.AsType[*transport.ProtocolError](err); ok {
		f.Foreign = true
	}
	f.Redirect = errors.Is(err, transport.ErrRedirect)
	f.Left = errors.Is(err, transport.ErrServerDisconnect) || errors.Is(err, transport.ErrServerClose)
	return f
}
