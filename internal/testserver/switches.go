package testserver

import "time"

// The service's documents and SDKs leave some forms open. Each has a switch here, so that a client
// can be shown all of them.

// PresenceDelivery is how presence reaches a client.
type PresenceDelivery int

// The ways in which presence is delivered.
const (
	PresenceWrapped   PresenceDelivery = iota // inside server-event, as other events (default)
	PresenceTopLevel                          // as events of their own
	PresenceEitherWay                         // both, one after the other
)

// PresenceNames is under which names presence is told.
type PresenceNames int

// The names of presence events.
const (
	BothNames     PresenceNames = iota // each fact twice, once by either name (default)
	InternalNames                      // realtimex_internal:member_added …
	PublicNames                        // presence:member_added …
)

// PresenceConfirmation is what the plain realtimex_internal:subscription_succeeded of a presence
// channel holds, which comes before the roster by the other switches.
type PresenceConfirmation int

// The confirmations of a presence channel.
const (
	ConfirmWithMembers PresenceConfirmation = iota // the roster (default)
	ConfirmBare                                    // the channel only
	ConfirmNot                                     // there is none: the roster is the confirmation
)

// MemberShape is how members are written down.
type MemberShape int

// The shapes of members.
const (
	ShapeArray        MemberShape = iota // "members":[{"user_id":…,"user_info":…}] (default)
	ShapeHash                            // "presence":{"ids":…,"hash":…,"count":…}, as Pusher
	ShapeInitialState                    // the same under "initial_state"
	ShapeFlat                            // "members":[{"user_id":…,"name":…}], with no user_info
)

// BadKey is how a wrong API key is refused.
type BadKey int

// The refusals of a wrong key.
const (
	RefuseConnect  BadKey = iota // CONNECT_ERROR {"message":"Invalid API key","data":{"code":4001}} (default)
	RefuseHTTP                   // 401 to the handshake
	DisconnectSoon               // CONNECT succeeds, a DISCONNECT and a close follow
)

// WithPresenceDelivery sets how presence reaches clients. Default: PresenceWrapped.
func WithPresenceDelivery(d PresenceDelivery) Option {
	return choose("WithPresenceDelivery", d, PresenceEitherWay, func(c *config) *PresenceDelivery { return &c.delivery })
}

// WithPresenceNames sets under which names presence is told. Default: BothNames.
func WithPresenceNames(n PresenceNames) Option {
	return choose("WithPresenceNames", n, PublicNames, func(c *config) *PresenceNames { return &c.names })
}

// WithPresenceConfirmation sets how a presence subscription is confirmed. Default:
// ConfirmWithMembers.
func WithPresenceConfirmation(p PresenceConfirmation) Option {
	return choose("WithPresenceConfirmation", p, ConfirmNot, func(c *config) *PresenceConfirmation { return &c.confirmation })
}

// WithMemberShape sets how members are written down. Default: ShapeArray.
func WithMemberShape(m MemberShape) Option {
	return choose("WithMemberShape", m, ShapeFlat, func(c *config) *MemberShape { return &c.shape })
}

// WithNumericUserIDs writes user ids that are numbers as numbers, whatever the client sent.
// Default: as strings.
func WithNumericUserIDs() Option {
	return func(c *config) error {
		c.numericIDs = true
		return nil
	}
}

// WithBadKey sets how a wrong API key is refused. Default: RefuseConnect.
func WithBadKey(b BadKey) Option {
	return choose("WithBadKey", b, DisconnectSoon, func(c *config) *BadKey { return &c.badKey })
}

// WithEstablished delays realtimex:connection_established, or leaves it out if after is negative.
// Default: at once.
func WithEstablished(after time.Duration) Option {
	return func(c *config) error {
		c.noEstablished = after < 0
		c.established = max(after, 0)
		return nil
	}
}

// WithoutPong leaves realtimex:ping without an answer. Default: each gets a realtimex:pong.
func WithoutPong() Option {
	return func(c *config) error {
		c.noPong = true
		return nil
	}
}

func choose[T ~int](option string, value, last T, field func(*config) *T) Option {
	return func(c *config) error {
		if value < 0 || value > last {
			return bad(option, "unknown value")
		}
		*field(c) = value
		return nil
	}
}
