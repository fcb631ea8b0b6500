package nodetest

import (
	"fmt"
	"strconv"
	"time"
)

// Option sets a switch of the server. Without any, the server behaves as the other SDKs are known
// to need it: see each option for its default.
type Option func(*config)

type config struct{ flags []string }

// Flag sets a command line flag of server/main.mjs by its name without dashes. The server refuses
// an unknown one.
func Flag(name string, value any) Option {
	return func(c *config) { c.flags = append(c.flags, fmt.Sprintf("--%s=%v", name, value)) }
}

// PresenceDelivery says how presence arrives: "wrapped" in server-event (default), "top" for events
// of their own, or "both".
func PresenceDelivery(how string) Option { return Flag("presence-delivery", how) }

// PresenceNames says under which prefix presence is told: "internal" for realtimex_internal:,
// "presence" for presence:, or "both" (default), one after the other.
func PresenceNames(form string) Option { return Flag("presence-names", form) }

// PresenceConfirmation says what the top-level realtimex_internal:subscription_succeeded of a
// presence channel is: with the "members" (default), "bare" as on any other channel, or "none", so
// that only the presence copies tell it.
func PresenceConfirmation(kind string) Option { return Flag("presence-confirmation", kind) }

// MemberShape says how a roster is written: "array" under members (default), Pusher's hash at the
// top ("pusher") or under initial_state ("initial_state"), or "flat" objects without user_info
// under members.
func MemberShape(shape string) Option { return Flag("member-shape", shape) }

// NumericUserIDs writes user ids that are whole numbers as JSON numbers.
func NumericUserIDs() Option { return Flag("user-id", "number") }

// BadKey says how a wrong API key is refused: "connect-error" (default) answers CONNECT with 44 and
// code 4001, "http" answers the handshake with 401 and JSON, "disconnect" accepts, then sends 41
// and closes.
func BadKey(how string) Option { return Flag("bad-key", how) }

// WithoutEstablished leaves realtimex:connection_established out.
func WithoutEstablished() Option { return Flag("established", "off") }

// WithoutPong leaves realtimex:ping without an answer.
func WithoutPong() Option { return Flag("pong", "off") }

// Recovery turns connection state recovery on, with its window. Default: off.
func Recovery(window time.Duration) Option {
	return func(c *config) {
		Flag("recovery", "on")(c)
		Flag("recovery-window", window.Milliseconds())(c)
	}
}

// Heartbeat sets pingInterval and pingTimeout. Default: 25 s and 20 s.
func Heartbeat(interval, timeout time.Duration) Option {
	return func(c *config) {
		Flag("ping-interval", interval.Milliseconds())(c)
		Flag("ping-timeout", timeout.Milliseconds())(c)
	}
}

// MaxPayload bounds one message that the server accepts. Default: 1,000,000 bytes.
func MaxPayload(bytes int) Option { return Flag("max-payload", bytes) }

// Path sets the path of socket.io, such as behind an ingress. Default: "/socket.io/".
func Path(path string) Option { return Flag("path", path) }

// Transports says what clients may connect with: "polling,websocket" (default), "polling" or
// "websocket".
func Transports(list string) Option { return Flag("transports", list) }

// Redis ties the server to others through the pub/sub adapter of @socket.io/redis-adapter, at a URL
// as [StartRedis] gives it.
func Redis(url string) Option { return Flag("redis", url) }

// Port fixes the port, for an outside program that must know it. Default: a free one.
func Port(port int) Option { return Flag("port", strconv.Itoa(port)) }
