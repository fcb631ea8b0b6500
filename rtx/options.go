package rtx

import (
	"encoding/json"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/realtimex/realtimex-go/rtx/auth"
)

// An Option configures a [Client]. New refuses a bad one with an [*OptionError] that has its name.
type Option func(*config) error

// config is what New was told, checked and with its defaults.
type config struct {
	apiKey           auth.Secret
	cluster          string
	host             string
	port             int
	encrypted        bool
	url              *url.URL
	authorizer       auth.Authorizer
	endpoint         string
	userData         json.RawMessage
	http             *http.Client
	header           http.Header
	backoffInitial   time.Duration
	backoffMax       time.Duration
	connectRetry     bool
	readLimit        int64
	subscribeTimeout time.Duration
	leaveGrace       time.Duration
	grace            time.Duration
	log              *slog.Logger
	marshal          func(any) ([]byte, error)
	codec            codec
	unmarshal        func([]byte, any) error // the codec's, for rooms
}

const (
	defaultHost             = "ws.realtimex.net"
	defaultPort             = 443
	defaultCluster          = "eu"
	defaultReadLimit        = 16 << 20
	defaultSubscribeTimeout = 10 * time.Second
	defaultGrace            = time.Second
)

func newConfig(apiKey string, opts []Option) (config, error) {
	c := config{
		apiKey: auth.NewSecret(apiKey), cluster: defaultCluster, host: defaultHost, port: defaultPort, encrypted: true,
		readLimit: defaultReadLimit, backoffInitial: defaultBackoffInitial, backoffMax: defaultBackoffMax,
		subscribeTimeout: defaultSubscribeTimeout, grace: defaultGrace,
		log: slog.New(slog.DiscardHandler), marshal: marshalJSON, codec: codec{maxDepth: decoderDepth},
	}
	if apiKey == "" || !printable(apiKey) {
		return c, badOption("apiKey", "is empty or holds control characters")
	}
	for _, o := range opts {
		if o == nil {
			return c, badOption("Option", "is nil")
		}
		if err := o(&c); err != nil {
			return c, err
		}
	}
	c.unmarshal = c.codec.unmarshal
	return c, c.resolveAuthorizer()
}

// resolveAuthorizer settles who signs: a callback wins over an endpoint, as in the other SDKs.
func (c *config) resolveAuthorizer() error {
	option := "WithAuth"
	if c.authorizer == nil && c.endpoint != "" {
		option = "WithAuthEndpoint"
		c.authorizer = auth.Endpoint(c.endpoint)
	}
	if v, ok := c.authorizer.(interface{ Validate() error }); ok {
		if err := v.Validate(); err != nil {
			return &OptionError{Option: option, Reason: err.Error()}
		}
	}
	return nil
}

// serviceURL is where the service is: WithURL, or host, port and encryption.
func (c *config) serviceURL() *url.URL {
	if c.url != nil {
		return c.url
	}
	scheme := "wss"
	if !c.encrypted {
		scheme = "ws"
	}
	return &url.URL{Scheme: scheme, Host: net.JoinHostPort(c.host, strconv.Itoa(c.port))}
}

// serviceHost is the service's host and port, for telling whether an auth endpoint was confused with it.
func (c *config) serviceHost() string {
	u := c.serviceURL()
	if u.Port() != "" {
		return u.Host
	}
	port := "443"
	if u.Scheme == "ws" || u.Scheme == "http" {
		port = "80"
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// WithCluster names the service's cluster. Default "eu". As in the other SDKs it is kept and reported by
// [Client.Cluster], and part of no URL.
func WithCluster(name string) Option {
	return func(c *config) error {
		if name == "" || !printable(name) {
			return badOption("WithCluster", "empty, or with control characters")
		}
		c.cluster = name
		return nil
	}
}

// WithHost sets the service's host name or address, without a port. Default "ws.realtimex.net".
func WithHost(host string) Option {
	return func(c *config) error {
		bare := strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
		if bare == "" || strings.ContainsAny(bare, "/?#@ ") || (strings.Contains(bare, ":") && net.ParseIP(bare) == nil) {
			return badOption("WithHost", "%q is not a host name or address", host)
		}
		c.host = bare
		return nil
	}
}

// WithPort sets the service's port. Default 443.
func WithPort(port int) Option {
	return func(c *config) error {
		if port < 1 || port > 65535 {
			return badOption("WithPort", "%d is not a port", port)
		}
		c.port = port
		return nil
	}
}

// WithEncryption turns TLS on or off. Default on.
func WithEncryption(on bool) Option {
	return func(c *config) error { c.encrypted = on; return nil }
}

// WithURL sets scheme, host and port at once, in place of WithHost, WithPort and WithEncryption: ws, wss, http or https,
// "ws://127.0.0.1:6001" for one. The path defaults to /socket.io/.
func WithURL(raw string) Option {
	return func(c *config) error {
		u, err := url.Parse(raw)
		switch {
		case err != nil:
			return badOption("WithURL", "is not a URL")
		case u.Scheme != "ws" && u.Scheme != "wss" && u.Scheme != "http" && u.Scheme != "https":
			return badOption("WithURL", "scheme %q is none of ws, wss, http, https", u.Scheme)
		case u.Hostname() == "":
			return badOption("WithURL", "has no host")
		case u.User != nil || u.Fragment != "":
			return badOption("WithURL", "must not have a user or a fragment")
		}
		c.url = u
		return nil
	}
}

// WithAuth sets who signs for private and presence channels: [auth.Func] for a callback, [auth.Endpoint] for the
// user's own backend, a [auth.Signer]'s Authorizer where the secret is at hand. It wins over WithAuthEndpoint.
// Default none: such channels fail at once with ErrAuthRequired.
func WithAuth(a auth.Authorizer) Option {
	return func(c *config) error {
		if a == nil {
			return badOption("WithAuth", "is nil")
		}
		c.authorizer = a
		return nil
	}
}

// WithAuthEndpoint is WithAuth(auth.Endpoint(url)): the URL on the user's own backend that is asked for signatures.
func WithAuthEndpoint(url string) Option {
	return func(c *config) error {
		if url == "" {
			return badOption("WithAuthEndpoint", "is empty")
		}
		c.endpoint = url
		return nil
	}
}

// WithUserData sets who this client is on presence channels: {"user_id":…,"user_info":…} or any other JSON object. It is
// sent to the auth endpoint, and is the channel data where the endpoint's answer has none. [UserData] sets it for one
// channel. Default none.
func WithUserData(v any) Option {
	return func(c *config) error {
		data, err := marshalUserData(v)
		if err != nil {
			return badOption("WithUserData", "%v", err)
		}
		c.userData = data
		return nil
	}
}

// WithHTTPClient sets the client that makes the WebSocket handshake: TLS settings, proxy and dialler are those of its
// http.Transport. Its Timeout must be zero. Default: http.DefaultTransport's settings.
func WithHTTPClient(h *http.Client) Option {
	return func(c *config) error {
		if h == nil {
			return badOption("WithHTTPClient", "is nil")
		}
		if h.Timeout != 0 {
			return badOption("WithHTTPClient", "has a Timeout, which would end the connection too")
		}
		c.http = h
		return nil
	}
}

// WithHeader adds headers to the WebSocket handshake. Default none.
func WithHeader(h http.Header) Option {
	return func(c *config) error { c.header = maps.Clone(h); return nil }
}

// WithBackoff sets the pace of reconnecting: each delay is drawn evenly between 0 and a bound, which starts at initial
// and doubles up to limit. Default 250 ms and 30 s.
func WithBackoff(initial, limit time.Duration) Option {
	return func(c *config) error {
		if initial < time.Millisecond || limit < initial {
			return badOption("WithBackoff", "needs 1ms <= initial <= limit, has %v and %v", initial, limit)
		}
		c.backoffInitial, c.backoffMax = initial, limit
		return nil
	}
}

// WithConnectRetry has Connect retry what can heal until its context ends. Default: Connect makes one attempt.
func WithConnectRetry() Option {
	return func(c *config) error { c.connectRetry = true; return nil }
}

// WithReadLimit sets how many bytes one message from the service may have; a larger one ends the connection.
// Default 16 MiB.
func WithReadLimit(bytes int64) Option {
	return func(c *config) error {
		if bytes < 1024 {
			return badOption("WithReadLimit", "%d bytes is below 1024", bytes)
		}
		c.readLimit = bytes
		return nil
	}
}

// WithSubscribeTimeout sets how long the answer to a subscription may take before it is asked for once more; after the
// same time again it is given up with ErrSubscribeTimeout. Default 10 s.
func WithSubscribeTimeout(d time.Duration) Option {
	return func(c *config) error {
		if d <= 0 {
			return badOption("WithSubscribeTimeout", "%v is not positive", d)
		}
		c.subscribeTimeout = d
		return nil
	}
}

// WithLeaveGrace sets how long a channel that nothing holds any more stays subscribed. Holding it again within that time
// costs no traffic and no wait, which helps programs that open and close streams of one channel in quick succession. Events
// that come meanwhile reach nobody. [Channel.Unsubscribe] leaves at once. Default 0.
func WithLeaveGrace(d time.Duration) Option {
	return func(c *config) error {
		if d < 0 {
			return badOption("WithLeaveGrace", "%v is negative", d)
		}
		c.leaveGrace = d
		return nil
	}
}

// WithLogger sets where the client logs: lost connections and refusals at Warn, connections at Info, steps at Debug.
// No secret is ever logged. Default: nowhere.
func WithLogger(l *slog.Logger) Option {
	return func(c *config) error {
		if l == nil {
			return badOption("WithLogger", "is nil")
		}
		c.log = l
		return nil
	}
}

// WithJSON replaces the JSON codec of payloads, both ways. Both functions may be called concurrently; unmarshal gets one valid
// JSON value, no deeper than [WithMaxDepth] allows, runs on the connection's reader, and must not keep its input.
// Default: the semantics of encoding/json; the package documentation says more.
func WithJSON(marshal func(any) ([]byte, error), unmarshal func([]byte, any) error) Option {
	return func(c *config) error {
		if marshal == nil || unmarshal == nil {
			return badOption("WithJSON", "needs both functions")
		}
		c.marshal, c.codec.own = marshal, unmarshal
		return nil
	}
}

// WithMaxDepth sets how many levels of objects and arrays a payload may be nested: [[1]] has two. A deeper one is a [Gap] with
// Malformed and an Err that is [ErrTooDeep], on just the streams that it was for; whatever the type of the stream is, raw views
// included. Default, and the most that is possible, 10,000, as in encoding/json.
func WithMaxDepth(levels int) Option {
	return func(c *config) error {
		if levels < 1 || levels > decoderDepth {
			return badOption("WithMaxDepth", "%d is not between 1 and %d", levels, decoderDepth)
		}
		c.codec.maxDepth = levels
		return nil
	}
}

// A ChannelOption configures one handle of a channel.
type ChannelOption func(*Channel)

// UserData sets who this client is on one presence channel, in place of [WithUserData]. A value that can't be encoded
// fails the subscription.
func UserData(v any) ChannelOption {
	return func(ch *Channel) { ch.userData, ch.err = marshalUserData(v) }
}
