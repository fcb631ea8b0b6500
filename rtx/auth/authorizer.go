package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
)

// An Authorizer obtains the signature that a private or presence channel is joined with.
//
// Authorize is called once for each channel and connection, and again after each reconnection, because a signature is good
// for one socket id only. It may be called by several goroutines at once and must heed the context, which ends when the
// connection or the wish for the channel does. What its error means is in the package comment.
//
// An Authorizer may have more methods, which the client finds by type assertion:
//
//   - Concurrency() int: at most so many calls of Authorize at a time.
//   - Validate() error: why it can't work; asked when the client is made, which then fails.
//   - SameServer(hostport string) bool: whether it asks the RealtimeX server itself, which can't answer; the client warns.
//   - CloseIdleConnections(): asked when the client closes.
type Authorizer interface {
	Authorize(ctx context.Context, r Request) (Grant, error)
}

// A Request says for which connection and channel a signature is wanted. Its JSON is the body that the user's backend is
// sent: socket_id, channel_name and, if there is any, user_data.
type Request struct {
	SocketID string `json:"socket_id"`
	Channel  string `json:"channel_name"`
	// UserData is what the client says of its user, as JSON; on presence channels only, and empty if it was given none.
	// A backend must not take it for the truth.
	UserData json.RawMessage `json:"user_data,omitzero"`
	// Key is the client's API key, which an Endpoint sends as the bearer unless it has a Token. Empty in a Handler.
	Key Secret `json:"-"`
	// Server is the host and port of the RealtimeX server that the client connects to, "ws.realtimex.net:443"; it may be
	// empty, and is in a Handler. An Endpoint uses it to tell one who took that server for their backend.
	Server string `json:"-"`
}

// Presence reports whether the channel is a presence channel.
func (r Request) Presence() bool { return isPresence(r.Channel) }

// String returns the request without the key and the user data.
func (r Request) String() string {
	return fmt.Sprintf("auth.Request{SocketID:%q Channel:%q UserData:[%d bytes] Key:%s}",
		r.SocketID, r.Channel, len(r.UserData), r.Key)
}

// Format implements [fmt.Formatter]: String, whatever the verb.
func (r Request) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(r.String())) }

// LogValue implements [slog.LogValuer].
func (r Request) LogValue() slog.Value {
	return slog.GroupValue(slog.String("socket_id", r.SocketID), slog.String("channel", r.Channel))
}

// A Func is an Authorizer made of a function, which may return just the signature: Grant{Auth: "KEY:hex"}. An error of the
// function's is returned as it is, unless it shows the request's Key or user data, has more than 200 bytes, or does not
// print: then it is returned in words without that, in which errors.Is and errors.As find what they find in the original.
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
