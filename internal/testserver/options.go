package testserver

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/realtimex/realtimex-go/internal/sioserver"
)

// The credentials of a server that is given no others.
const (
	DefaultKey    = "app-key"
	DefaultSecret = "app-secret"
)

// An Option changes how a server is made. A bad one fails the test, or Start, with the option's
// name. A nil one does nothing.
type Option func(*config) error

type config struct {
	key, secret    string
	addr           string
	ping, pingOut  time.Duration
	maxPayload     int64
	transports     []string
	queueBytes     int
	connectTimeout time.Duration
	upgradeTimeout time.Duration
	recovery       time.Duration
	wait           time.Duration
	delivery       PresenceDelivery
	names          PresenceNames
	shape          MemberShape
	confirmation   PresenceConfirmation
	numericIDs     bool
	badKey         BadKey
	noEstablished  bool
	established    time.Duration
	noPong         bool
	dev            bool
	devToken       string
	gate           *sioserver.Gate
	random         io.Reader // what ids are made from; nil for crypto/rand
	logger         *slog.Logger
	recording      *Recording // to be replayed; nil if the server serves
	speed          float64
	observer       func(Activity)
}

func newConfig(opts []Option) (config, error) {
	c := config{wait: 10 * time.Second, logger: slog.New(slog.DiscardHandler), gate: new(sioserver.Gate)}
	for _, o := range opts {
		if o == nil {
			continue
		}
		if err := o(&c); err != nil {
			return c, err
		}
	}
	c.key = cmp.Or(c.key, DefaultKey)
	c.secret = cmp.Or(c.secret, DefaultSecret)
	c.addr = cmp.Or(c.addr, "127.0.0.1:0")
	c.gate.Listens(c.addr)
	return c, nil
}

func bad(option string, why string) error {
	return fmt.Errorf("rtxtest: %s: %s", option, why)
}

// WithKey sets the API key. Default: DefaultKey.
func WithKey(key string) Option {
	return func(c *config) error {
		if key == "" {
			return bad("WithKey", "empty")
		}
		c.key = key
		return nil
	}
}

// WithSecret sets the app's secret, which signatures are checked with. Default: DefaultSecret.
func WithSecret(secret string) Option {
	return func(c *config) error {
		if secret == "" {
			return bad("WithSecret", "empty")
		}
		c.secret = secret
		return nil
	}
}

// WithAddr sets the TCP address to listen on, such as "127.0.0.1:8080". Default: a free port of
// 127.0.0.1. Over pipes it has no effect.
func WithAddr(addr string) Option {
	return func(c *config) error {
		if addr == "" {
			return bad("WithAddr", "empty")
		}
		c.addr = addr
		return nil
	}
}

// WithPing sets the heartbeat: how often the server pings, and how long it waits for the pong.
// Default: 25 s and 20 s, as the service. Both are cut to whole milliseconds.
func WithPing(interval, timeout time.Duration) Option {
	return func(c *config) error {
		if interval < time.Millisecond || timeout < time.Millisecond {
			return bad("WithPing", "less than a millisecond")
		}
		c.ping, c.pingOut = interval, timeout
		return nil
	}
}

// WithMaxPayload sets what a client may send in one message or polling body, in bytes. Default:
// 1,000,000.
func WithMaxPayload(bytes int64) Option {
	return func(c *config) error {
		if bytes < 1 {
			return bad("WithMaxPayload", "less than 1")
		}
		c.maxPayload = bytes
		return nil
	}
}

// WithTransports sets what clients may connect with: "polling", "websocket", or both. A client that
// asks for another is refused, and one that polls is offered no upgrade to it. Default: both.
func WithTransports(names ...string) Option {
	names = slices.Clone(names)
	return func(c *config) error {
		if len(names) == 0 {
			return bad("WithTransports", "none")
		}
		for i, name := range names {
			if name != "polling" && name != "websocket" || slices.Contains(names[:i], name) {
				return bad("WithTransports", `want "polling", "websocket" or both`)
			}
		}
		c.transports = names
		return nil
	}
}

// WithQueueLimit sets how much may wait for one client that does not read, in bytes; past it the
// client is dropped. Default: 16 MiB.
func WithQueueLimit(bytes int) Option {
	return func(c *config) error {
		if bytes < 1 {
			return bad("WithQueueLimit", "less than 1")
		}
		c.queueBytes = bytes
		return nil
	}
}

// WithConnectTimeout sets how long a client may take to send its CONNECT. Default: 45 s.
func WithConnectTimeout(d time.Duration) Option {
	return func(c *config) error {
		if d <= 0 {
			return bad("WithConnectTimeout", "not positive")
		}
		c.connectTimeout = d
		return nil
	}
}

// WithUpgradeTimeout sets how long a change from polling to WebSocket may take. Default: 10 s.
func WithUpgradeTimeout(d time.Duration) Option {
	return func(c *config) error {
		if d <= 0 {
			return bad("WithUpgradeTimeout", "not positive")
		}
		c.upgradeTimeout = d
		return nil
	}
}

// WithRecovery turns connection state recovery on: a client that lost its link and is back within
// the window gets its socket id, its channels and the events that it missed. Default: off.
func WithRecovery(window time.Duration) Option {
	return func(c *config) error {
		if window <= 0 {
			return bad("WithRecovery", "window not positive")
		}
		c.recovery = window
		return nil
	}
}

// WithSeed makes socket ids, session ids and offsets from a seed, so that a client that is driven
// the same way sees the same bytes each time. What several clients do at one instant still comes in
// any order. Default: random ids.
func WithSeed(seed uint64) Option {
	return func(c *config) error {
		var key [32]byte
		binary.LittleEndian.PutUint64(key[:], seed)
		c.random = rand.NewChaCha8(key)
		return nil
	}
}

// WithWait sets how long the Wait functions wait before they fail the test. Default: 10 s.
func WithWait(d time.Duration) Option {
	return func(c *config) error {
		if d <= 0 {
			return bad("WithWait", "not positive")
		}
		c.wait = d
		return nil
	}
}

// WithDev serves the HTTP face under /dev/ on the server's own address: publishing, signing and
// disconnecting for whoever can reach it, without a password (see WithDevToken), but for web pages
// of other origins (see WithOrigins). Bodies are JSON, and their Content-Type must say so. Default:
// off.
func WithDev() Option {
	return func(c *config) error {
		c.dev = true
		return nil
	}
}

// WithLogger logs connections, subscriptions and refusals. Keys, secrets, signatures and payloads
// are never logged. Default: silent.
func WithLogger(l *slog.Logger) Option {
	return func(c *config) error {
		if l == nil {
			return errors.New("rtxtest: WithLogger: nil")
		}
		c.logger = l
		return nil
	}
}
