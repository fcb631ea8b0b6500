package rtxtest

import (
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
)

// An Option changes how a server is made. A nil Option does nothing. A value that can't be used
// fails the test, or Start, with the option's name.
type Option interface{ option() testserver.Option }

type wrapped testserver.Option

func (w wrapped) option() testserver.Option { return testserver.Option(w) }

func unwrap(opts []Option) (inner []testserver.Option) {
	for _, o := range opts {
		if o != nil {
			inner = append(inner, o.option())
		}
	}
	return inner
}

// WithKey sets the API key that clients must have. It must not be empty. Default: "app-key".
func WithKey(key string) Option { return wrapped(testserver.WithKey(key)) }

// WithSecret sets the app's secret, with which subscriptions to private and presence channels are
// signed. It must not be empty. Default: "app-secret".
func WithSecret(secret string) Option { return wrapped(testserver.WithSecret(secret)) }

// WithPing sets how often the server sends a heartbeat, and how long it waits for the answer before
// it closes the connection. Both must be at least a millisecond, and are cut to whole milliseconds.
// Default: 25 s and 20 s, as the service.
func WithPing(interval, timeout time.Duration) Option {
	return wrapped(testserver.WithPing(interval, timeout))
}

// WithRecovery turns connection state recovery on. A client that lost its connection and is back
// within the window keeps its subscriptions, and receives what was published meanwhile. Events have
// ids: [Server.Publish] returns them. The window must be positive. Default: off.
func WithRecovery(window time.Duration) Option { return wrapped(testserver.WithRecovery(window)) }

// WithTransports sets what clients may connect with: "polling", "websocket", or both. A client that
// asks for another is refused, and one that polls is offered no upgrade. Default: both. See also
// [Server.BlockWebSockets].
func WithTransports(names ...string) Option { return wrapped(testserver.WithTransports(names...)) }

// WithWait sets how long the methods whose names begin with Wait wait before they fail the test. It
// must be positive. Default: 10 s.
func WithWait(d time.Duration) Option { return wrapped(testserver.WithWait(d)) }
