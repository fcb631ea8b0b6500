package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
)

// An Authorizer gets the signature with which a client joins a private or presence channel.
//
// Authorize is called once for each channel on each connection, if a [BatchAuthorizer] is not asked
// for several at once. A signature is valid for one socket id only, so the client asks again after
// each reconnection. Several goroutines may call Authorize at the same time. It must return when
// its context ends, which is when the connection ends; the client sets no other time limit. The
// package comment says what its errors mean.
//
// A type may have more methods. The client finds them by type assertion:
//
//   - Concurrency() int returns how many calls of Authorize may run at the same time. The client
//     uses 16 if there is no such method, or if it returns less than 1.
//   - Validate() error returns why the Authorizer can't work. It is called when the client is made,
//     which fails with that error.
//   - SameServer(hostport string) bool reports whether the Authorizer asks the RealtimeX server
//     itself, which signs for nobody. The client then logs a warning.
//   - CloseIdleConnections() is called when the client is closed.
//   - Batch and AuthorizeBatch are those of [BatchAuthorizer].
//
// A type that wraps an Authorizer hides these methods unless it passes them on.
type Authorizer interface {
	Authorize(ctx context.Context, r Request) (Grant, error)
}

// A Request names the connection and the channel for which a signature is needed. Its JSON is what
// an [Endpoint] posts to the backend: socket_id, channel_name and, if there is any, user_data.
type Request struct {
	// SocketID is the Socket.IO id of the connection.
	SocketID string `json:"socket_id"`
	// Channel is the full name of the channel, with its prefix "private-" or "presence-".
	Channel string `json:"channel_name"`
	// UserData is what the client claims about its user, as JSON. It is used on presence channels
	// only, and is empty if the client has none. A backend must not trust it.
	UserData json.RawMessage `json:"user_data,omitzero"`
	// Key is the API key of the client. An Endpoint sends it as the bearer token unless [WithToken]
	// or [WithHeader] sets another. It is empty in a Handler.
	Key Secret `json:"-"`
	// Server is the host and port of the RealtimeX server that the client connects to, such as
	// "ws.realtimex.net:443". It may be empty, and it always is in a Handler. An Endpoint uses it
	// to detect a URL that points at the RealtimeX server itself.
	Server string `json:"-"`
}

// Presence reports whether the channel is a presence channel.
func (r Request) Presence() bool { return isPresence(r.Channel) }

// String returns the request without the key and the user data.
func (r Request) String() string {
	return fmt.Sprintf("auth.Request{SocketID:%q Channel:%q UserData:[%d bytes] Key:%s}",
		r.SocketID, r.Channel, len(r.UserData), r.Key)
}

// Format implements [fmt.Formatter]. It writes String, whatever the verb.
func (r Request) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(r.String())) }

// LogValue implements [slog.LogValuer]. It shows the socket id and the channel.
func (r Request) LogValue() slog.Value {
	return slog.GroupValue(slog.String("socket_id", r.SocketID), slog.String("channel", r.Channel))
}

// A Func is an Authorizer that calls a function. The Grant that the function returns may have just
// the signature: Grant{Auth: "KEY:hex"}. On a presence channel the client then sends its user data,
// and the signature must be one for that. A nil Func is invalid: rtx.New returns an error for it.
//
// Authorize returns an error of the function unchanged in most cases. It returns an error with
// another text if the original shows the Key or the user data of the request, is longer than 200
// bytes, or does not print. errors.Is and errors.As still find what they find in the original.
type Func func(ctx context.Context, r Request) (Grant, error)

// Authorize calls f.
func (f Func) Authorize(ctx context.Context, r Request) (Grant, error) {
	if err := f.Validate(); err != nil {
		return Grant{}, err
	}
	g, err := f(ctx, r)
	if err != nil {
		return Grant{}, tidy(err, r)
	}
	return g, nil
}

// Validate returns an error if f is nil.
func (f Func) Validate() error {
	if f == nil {
		return errors.New("auth: Func is nil")
	}
	return nil
}

const (
	privatePrefix  = "private-"
	presencePrefix = "presence-"
)

func isPrivate(channel string) bool  { return strings.HasPrefix(channel, privatePrefix) }
func isPresence(channel string) bool { return strings.HasPrefix(channel, presencePrefix) }
