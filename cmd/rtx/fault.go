package main

import (
	"errors"

	"github.com/realtimex/realtimex-go/internal/advice"
	"github.com/realtimex/realtimex-go/rtx"
)

// faultOf is what is known of a connection that did not come to be, or that was lost.
func faultOf(err error) advice.Fault {
	f := advice.Fault{Err: err}
	if e, ok := errors.AsType[*rtx.DialError](err); ok {
		f.Step, f.Status, f.Message, f.Cause = string(e.Step), e.Status, e.Message, e.Err
	}
	if e, ok := errors.AsType[*rtx.ConnectError](err); ok {
		f.Refused, f.Code, f.Message = true, e.Code, e.Message
	}
	if e, ok := errors.AsType[*rtx.CloseError](err); ok {
		f.Close, f.Reason = e.Code, e.Reason
	}
	if e, ok := errors.AsType[*rtx.LostError](err); ok {
		f.Cause, f.Silence = e.Err, e.Silence
	}
	if e, ok := errors.AsType[*rtx.ProxyError](err); ok {
		f.ByProxy, f.Proxy, f.Answer, f.Cause = true, e.Proxy, e.Status, e.Err
	}
	f.Foreign = errors.Is(err, rtx.ErrProtocol)
	f.Redirect = errors.Is(err, rtx.ErrRedirect)
	f.Left = errors.Is(err, rtx.ErrServerDisconnect)
	return f
}
