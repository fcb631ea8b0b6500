package rtx

import (
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/realtimex/realtimex-go/internal/redact"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtx/transport"
)

// An Option configures a [Client]. New refuses a bad one, and two that contradict each other, with an [*OptionError] that has
// the name. Of one that is given twice the later counts. A nil Option does nothing.
type Option func(*config) error

// config is what New was told, checked and with its defaults.
type config struct {
	apiKey           auth.Secret
	cluster          string
	host             string
	port             int
	encrypted        bool
	url              *url.URL
	address          string // the option that set a part of the address beside url; "" if none did
	dialer           transport.Dialer
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
	secrets          redact.Secrets          // what the client itself may show to nobody; those of a channel come on top
}

const (
	defaultHost             = "ws.realtimex.net"
	defaultPort             = 443
	defaultCluster          = "eu"
	minReadLimit            = 1 << 10
	maxReadLimit            = 1 << 30
	defaultSubscribeTimeout = 10 * time.Second
	defaultGrace            = time.Second
)

func newConfig(apiKey string, opts []Option) (config, error) {
	c := config{
		apiKey: auth.NewSecret(apiKey), cluster: defaultCluster, host: defaultHost, port: defaultPort, encrypted: true,
		backoffInitial: defaultBackoffInitial, backoffMax: defaultBackoffMax,
		subscribeTimeout: defaultSubscribeTimeout, grace: defaultGrace,
		log: slog.New(slog.DiscardHandler), marshal: marshalJSON, codec: codec{maxDepth: decoderDepth},
	}
	if apiKey == "" || !printable(apiKey) {
		return c, badOption("apiKey", "is empty or holds control characters")
	}
	for _, o := range opts {
		if o == nil {
			continue
		}
		if err := o(&c); err != nil {
			return c, err
		}
	}
	c.unmarshal = c.codec.unmarshal
	if err := c.agree(); err != nil {
		return c, err
	}
	c.secrets = c.ownSecrets()
	return c, c.resolveAuthorizer()
}

// agree refuses options of which one would be passed over in silence.
func (c *config) agree() error {
	if c.url != nil && c.address != "" {
		return badOption("WithURL", "can't be beside %s: it sets scheme, host and port at once", c.address)
	}
	if c.dialer == nil {
		return nil
	}
	for _, o := range []struct {
		name string
		set  bool
	}{{"WithHTTPClient", c.http != nil}, {"WithHeader", len(c.header) > 0}, {"WithReadLimit", c.readLimit != 0}} {
		if o.set {
			return badOption("WithDialer", "can't be beside %s: what the dialer was made with decides", o.name)
		}
	}
	return nil
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

// WithHost sets the service's host name or address, without a port; an IPv6 address may have a zone ("fe80::1%eth0") and be in
// brackets. Default "ws.realtimex.net".
func WithHost(host string) Option {
	return func(c *config) error {
		bare, isHost := bareHost(host)
		if !isHost {
			return badOption("WithHost", "%.100q is not a host name or address", host)
		}
		c.host, c.address = bare, "WithHost"
		return nil
	}
}

// bareHost takes the brackets off an address, and says whether it is a host at all.
func bareHost(host string) (bare string, ok bool) {
	bare, bracketed := host, false
	if inner, ok := strings.CutPrefix(host, "["); ok {
		if bare, bracketed = strings.CutSuffix(inner, "]"); !bracketed {
			return "", false
		}
	}
	if bracketed || strings.Contains(bare, ":") {
		ip, err := netip.ParseAddr(bare)
		return bare, err == nil && ip.Is6() && redact.Printable(bare) == bare && !strings.ContainsAny(bare, " []/")
	}
	return bare, bare != "" && redact.Printable(bare) == bare && !strings.ContainsAny(bare, `/\?#@%<>"[] `)
}

// WithPort sets the service's port. Default 443.
func WithPort(port int) Option {
	return func(c *config) error {
		if port < 1 || port > 65535 {
			return badOption("WithPort", "%d is not a port", port)
		}
		c.port, c.address = port, "WithPort"
		return nil
	}
}

// WithEncryption turns TLS on or off. Default on.
func WithEncryption(on bool) Option {
	return func(c *config) error {
		c.encrypted, c.address = on, "WithEncryption"
		return nil
	}
}

// WithURL sets scheme, host and port at once, in place of WithHost, WithPort and WithEncryption, beside which it is refused:
// ws, wss, http or https, "ws://127.0.0.1:6001" for one. The path defaults to /socket.io/; one without a slash at its end gets
// one, as in Socket.IO's own clients. A query is kept.
func WithURL(raw string) Option {
	return func(c *config) error {
		u, err := url.Parse(raw)
		switch {
		case err != nil:
			return badOption("WithURL", "is not a URL")
		case u.Scheme != "ws" && u.Scheme != "wss" && u.Scheme != "http" && u.Scheme != "https":
			return badOption("WithURL", "scheme %.100q is none of ws, wss, http, https", u.Scheme)
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

// WithHeader adds headers to the WebSocket handshake, whatever the letters that their names are written in ("host" is Host).
// Their values are taken for secrets, which no error shows. Default none.
func WithHeader(h http.Header) Option {
	h = h.Clone()
	return func(c *config) error { c.header = h; return nil }
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

// WithReadLimit sets how many bytes one message from the service may have, 1 KiB to 1 GiB; a larger one ends the connection.
// Default 16 MiB.
func WithReadLimit(bytes int64) Option {
	return func(c *config) error {
		if bytes < minReadLimit || bytes > maxReadLimit {
			return badOption("WithReadLimit", "%d bytes is not between %d and %d", bytes, minReadLimit, maxReadLimit)
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

// A ChannelOption configures one handle of a channel. A nil one does nothing.
type ChannelOption func(*Channel)

// UserData sets who this client is on one presence channel, in place of [WithUserData]. A channel has one user data at a time:
// that of the handle by which it was first held, for as long as something holds it. A handle with other user data can't hold it
// meanwhile; a handle with none takes what is there. Who holds it next with other user data leaves it first ([WithLeaveGrace]).
//
// A value that can't be encoded, and a channel that is no presence channel, fail the subscription with an [*OptionError], and
// so does other user data than the channel is held with.
func UserData(v any) ChannelOption {
	return func(ch *Channel) {
		data, err := marshalUserData(v)
		switch {
		case err != nil:
			ch.err = &OptionError{Option: "UserData", Reason: err.Error()}
		case ch.kind != presence:
			ch.err = badOption("UserData", "%q is no presence channel: nobody would see it", ch.name)
		}
		ch.userData = data
	}
}
