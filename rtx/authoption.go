package rtx

import "github.com/realtimex/realtimex-go/rtx/auth"

// An AuthOption is the result of [WithAuth]. It can be given to [New] and to [Client.Channel].
type AuthOption interface {
	Option
	ChannelOption
}

type authOption struct{ authorizer auth.Authorizer }

// WithAuth sets the authorizer, which gets the signatures for private and presence channels:
// auth.Func for a function, auth.Endpoint for the user's own backend, or the Authorizer of an
// auth.Signer where the program has the secret. Default: none; then private and presence channels
// fail at once with [ErrAuthRequired].
//
// Given to New, it is for every channel, and is used in place of WithAuthEndpoint if both are
// given. Given to Client.Channel, it is for that channel and replaces the client's. It works with
// [WithUserData], of the channel or of the client. A channel has one authorizer at a time: that of
// the handle by which it was first held, as long as something holds it. Holding it through a handle
// with another authorizer meanwhile is an [*OptionError]. A handle without one uses the channel's.
// If a channel is held again with another authorizer during its leave grace ([WithLeaveGrace]), the
// client unsubscribes from it first.
//
// Two authorizers are the same if they are equal, as those are that one call of auth.Endpoint
// returned. An auth.Func equals no other: use the result of one WithAuth for all handles that are
// to share it. The channels of one authorizer share its Concurrency and its batches.
//
// A nil authorizer, one whose Validate returns an error, and the option on a public channel, which
// needs no signature, are an [*OptionError]. New returns that error; for a channel, whatever would
// hold it does: Subscribe, On, a group or a room.
func WithAuth(a auth.Authorizer) AuthOption { return &authOption{a} }

func (o *authOption) applyClient(c *config) (err error) {
	c.authority, err = o.authority()
	return err
}

func (o *authOption) applyChannel(ch *Channel) (err error) {
	if ch.authority, err = o.authority(); err != nil {
		return err
	}
	if ch.kind == public {
		return badOption("WithAuth", "%q is a public channel: it needs no signature", ch.name)
	}
	if c := ch.c; c.made() && ch.authority.onServer(c.cfg.serviceHost()) {
		c.warnOfServer()
	}
	return nil
}

func (o *authOption) authority() (*authority, error) {
	if o.authorizer == nil {
		return nil, badOption("WithAuth", "is nil")
	}
	a, err := newAuthority(o.authorizer, o)
	if err != nil {
		return nil, &OptionError{Option: "WithAuth", Reason: err.Error()}
	}
	return a, nil
}
