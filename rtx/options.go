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

// An Option configures a [Client]. [New] returns an [*OptionError] with the option's name for a bad
// option, and for two options that contradict each other. If an option is given twice, the later
// one is used, except for [WithTrace]. A nil Option is ignored.
type Option interface{ applyClient(*config) error }

type option func(*config) error

func (o option) applyClient(c *config) error { return o(c) }

// config is the checked configuration of a client, with defaults filled in.
type config struct {
	apiKey           auth.Secret
	cluster          string
	host             string
	port             int
	encrypted        bool
	url              *url.URL
	address          string // the last of WithHost, WithPort, WithEncryption; "" if none
	dialer           transport.Dialer
	wrappers         []func(transport.Dialer) transport.Dialer
	transports       []transport.Kind // nil if WithTransports was not given
	authority        *authority       // nil if there is none
	endpoint         string
	userData         json.RawMessage
	http             *http.Client
	header           http.Header
	backoffInitial   time.Duration
	backoffMax       time.Duration
	connectRetry     bool
	readLimit        int64
	writeTimeout     time.Duration // 0: the transport's default, as handshakeTimeout
	handshakeTimeout time.Duration
	subscribeTimeout time.Duration
	leaveGrace       time.Duration
	grace            time.Duration
	log              *slog.Logger
	marshal          func(any) ([]byte, error)
	codec            codec
	unmarshal        func([]byte, any) error // the codec's, for rooms
	secrets          redact.Secrets          // of the client; the channels have more
	traces           []Trace
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
		if err := o.applyClient(&c); err != nil {
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

// agree refuses options that contradict each other.
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
	}{{"WithHTTPClient", c.http != nil}, {"WithHeader", len(c.header) > 0}, {"WithReadLimit", c.readLimit != 0},
		{"WithWriteTimeout", c.writeTimeout != 0}, {"WithHandshakeTimeout", c.handshakeTimeout != 0}, {"WithTransports", c.transports != nil}} {
		if o.set {
			return badOption("WithDialer", "can't be beside %s: what the dialer was made with decides", o.name)
		}
	}
	return nil
}

// resolveAuthorizer settles which authorizer is used. WithAuth has precedence over
// WithAuthEndpoint, as in the other SDKs.
func (c *config) resolveAuthorizer() error {
	if c.authority != nil || c.endpoint == "" {
		return nil
	}
	var err error
	if c.authority, err = newAuthority(auth.Endpoint(c.endpoint), nil); err != nil {
		return &OptionError{Option: "WithAuthEndpoint", Reason: err.Error()}
	}
	return nil
}

// serviceURL returns the address of the service: from WithURL, or from host, port and encryption.
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

// serviceHost returns the service's host and port, which an auth endpoint must not have.
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

// WithCluster sets the name of the service's cluster. It exists for parity with the other SDKs: the
// name is returned by [Client.Cluster] and is not part of any URL. Default: "eu".
func WithCluster(name string) Option {
	return option(func(c *config) error {
		if name == "" || !printable(name) {
			return badOption("WithCluster", "empty, or with control characters")
		}
		c.cluster = name
		return nil
	})
}

// WithHost sets the service's host name or IP address, without a port. An IPv6 address may have a
// zone ("fe80::1%eth0") and may be in brackets. Default: "ws.realtimex.net".
func WithHost(host string) Option {
	return option(func(c *config) error {
		bare, isHost := bareHost(host)
		if !isHost {
			return badOption("WithHost", "%.100q is not a host name or address", host)
		}
		c.host, c.address = bare, "WithHost"
		return nil
	})
}

// bareHost returns an address without its brackets, and reports whether it is a valid host.
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

// WithPort sets the service's port. Default: 443.
func WithPort(port int) Option {
	return option(func(c *config) error {
		if port < 1 || port > 65535 {
			return badOption("WithPort", "%d is not a port", port)
		}
		c.port, c.address = port, "WithPort"
		return nil
	})
}

// WithEncryption turns TLS on or off. Default: on.
func WithEncryption(on bool) Option {
	return option(func(c *config) error {
		c.encrypted, c.address = on, "WithEncryption"
		return nil
	})
}

// WithURL sets the service's scheme, host and port at once, for example "ws://127.0.0.1:6001". It
// is refused beside WithHost, WithPort and WithEncryption. The scheme is ws, wss, http or https.
// The path defaults to /socket.io/. A slash is added to a path without one at its end, as in
// Socket.IO's own clients. A query is kept. Default: the address that WithHost, WithPort and
// WithEncryption make.
func WithURL(raw string) Option {
	return option(func(c *config) error {
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
	})
}

// WithAuthEndpoint sets the URL on the user's own backend that is asked for signatures. It is short
// for WithAuth(auth.Endpoint(url)). Default: none.
func WithAuthEndpoint(url string) Option {
	return option(func(c *config) error {
		if url == "" {
			return badOption("WithAuthEndpoint", "is empty")
		}
		c.endpoint = url
		return nil
	})
}

// WithTransports sets what may carry the connection, in the order in which it is tried.
//
//   - WithTransports(WebSocket, Polling) is the default. Polling is tried when the network lets no
//     WebSocket through: the handshake of the WebSocket was answered by something that is none, or a
//     connection stood, with TLS, and then nothing came for 5 seconds, or it was cut at once. If
//     polling works then, the next connections use it too. After five minutes the next connection
//     tries a WebSocket again.
//   - WithTransports(Polling, WebSocket) begins with polling, and goes on over a WebSocket as soon as
//     one stands. Nothing is lost or delivered twice by that.
//   - WithTransports(WebSocket) and WithTransports(Polling) use nothing else.
//
// A list that is empty, or has a transport twice or an unknown one, is refused. So is the option
// beside WithDialer, whose dialer decides. [Client.Transport] says what carries the connection.
func WithTransports(order ...Transport) Option {
	kinds := make([]transport.Kind, 0, len(order)) // which of them are known is for newDialer
	for _, t := range order {
		kinds = append(kinds, transport.Kind(t))
	}
	return option(func(c *config) error {
		if len(kinds) == 0 {
			return badOption("WithTransports", "is empty")
		}
		c.transports = kinds
		return nil
	})
}

// WithHTTPClient sets the HTTP client that makes the WebSocket handshake, and the requests of polling.
// TLS settings, proxy and dialer are those of its http.Transport. Its Timeout must be 0. If it has a
// Jar, that keeps the cookies of polling. Default: the settings of http.DefaultTransport.
func WithHTTPClient(h *http.Client) Option {
	return option(func(c *config) error {
		if h == nil {
			return badOption("WithHTTPClient", "is nil")
		}
		if h.Timeout != 0 {
			return badOption("WithHTTPClient", "has a Timeout, which would end the connection too")
		}
		c.http = h
		return nil
	})
}

// WithHeader adds headers to the WebSocket handshake, and to each request of polling. The case of their names does not matter
// ("host" is Host). Their values are treated as secrets and appear in no error. Default: none.
func WithHeader(h http.Header) Option {
	h = h.Clone()
	return option(func(c *config) error { c.header = h; return nil })
}

// WithBackoff sets the delays between attempts to reconnect. Each delay is random, evenly
// distributed between 0 and a bound. The bound starts at initial and doubles up to limit. Default:
// 250 ms and 30 s.
func WithBackoff(initial, limit time.Duration) Option {
	return option(func(c *config) error {
		if initial < time.Millisecond || limit < initial {
			return badOption("WithBackoff", "needs 1ms <= initial <= limit, has %v and %v", initial, limit)
		}
		c.backoffInitial, c.backoffMax = initial, limit
		return nil
	})
}

// WithConnectRetry makes [Client.Connect] try again until its context ends, if a failure may be
// temporary. Default: Connect makes one attempt.
func WithConnectRetry() Option {
	return option(func(c *config) error { c.connectRetry = true; return nil })
}

// WithReadLimit sets the largest size of one message from the service in bytes, from 1 KiB to 1
// GiB. A larger message ends the connection. Default: 16 MiB.
func WithReadLimit(bytes int64) Option {
	return option(func(c *config) error {
		if bytes < minReadLimit || bytes > maxReadLimit {
			return badOption("WithReadLimit", "%d bytes is not between %d and %d", bytes, minReadLimit, maxReadLimit)
		}
		c.readLimit = bytes
		return nil
	})
}

// WithWriteTimeout sets how long a write may stand still before the connection ends. A message may
// take any time on a slow link, as long as the system accepts it piece by piece: at least 4 KiB in
// this time. The service has a limit of its own: it ends the connection if a message takes longer
// than its ping timeout, because no pong gets through meanwhile. Default: 10 s.
func WithWriteTimeout(d time.Duration) Option {
	return option(func(c *config) error {
		if d <= 0 {
			return badOption("WithWriteTimeout", "%v is not positive", d)
		}
		c.writeTimeout = d
		return nil
	})
}

// WithHandshakeTimeout sets how long an attempt to connect may take, from the first byte to the
// service's answer to CONNECT. While missed events arrive after a reconnection, it limits only how
// long nothing arrives: a packet, or a part of a large one at 100 bytes a second. Default: 20 s.
func WithHandshakeTimeout(d time.Duration) Option {
	return option(func(c *config) error {
		if d <= 0 {
			return badOption("WithHandshakeTimeout", "%v is not positive", d)
		}
		c.handshakeTimeout = d
		return nil
	})
}

// WithSubscribeTimeout sets how long the client waits for the answer to a subscription. Without an
// answer it asks once more and waits as long again, then gives up with [ErrSubscribeTimeout].
// Default: 10 s.
func WithSubscribeTimeout(d time.Duration) Option {
	return option(func(c *config) error {
		if d <= 0 {
			return badOption("WithSubscribeTimeout", "%v is not positive", d)
		}
		c.subscribeTimeout = d
		return nil
	})
}

// WithLeaveGrace sets how long a channel stays subscribed after nothing holds it any more. If it is
// held again within that time, there is no traffic and no wait. That helps programs that open and
// close streams of one channel in quick succession. Events that come meanwhile reach no stream.
// [Client.ForceUnsubscribe] does not wait for the grace. Default: 0.
func WithLeaveGrace(d time.Duration) Option {
	return option(func(c *config) error {
		if d < 0 {
			return badOption("WithLeaveGrace", "%v is negative", d)
		}
		c.leaveGrace = d
		return nil
	})
}

// WithLogger sets the logger of the client. It logs lost connections and refusals at Warn,
// connections at Info and details at Debug. It never logs a secret. Default: no log.
func WithLogger(l *slog.Logger) Option {
	return option(func(c *config) error {
		if l == nil {
			return badOption("WithLogger", "is nil")
		}
		c.log = l
		return nil
	})
}

// WithTrace has the hooks of t called: see [Trace]. It can be given several times; then the hooks of
// all traces are called, in the order of the options. The Trace is copied. Default: none.
func WithTrace(t *Trace) Option {
	return option(func(c *config) error {
		switch {
		case t == nil:
			return badOption("WithTrace", "is nil")
		case !(t.SlowShare >= 0 && t.SlowShare <= 1):
			return badOption("WithTrace", "SlowShare %v is not between 0 and 1", t.SlowShare)
		}
		c.traces = append(c.traces, *t)
		return nil
	})
}

// WithJSON sets the functions that encode and decode payloads, instead of the built-in JSON codec.
// Both may be called concurrently. unmarshal gets one valid JSON value, no deeper than WithMaxDepth
// allows. It runs on the reading goroutine and must not keep its input. Default: a codec with the
// semantics of encoding/json; see "JSON" in the package documentation. To use
// github.com/bytedance/sonic: WithJSON(sonic.ConfigStd.Marshal, sonic.ConfigStd.Unmarshal). For most
// types the default takes less time.
func WithJSON(marshal func(any) ([]byte, error), unmarshal func([]byte, any) error) Option {
	return option(func(c *config) error {
		if marshal == nil || unmarshal == nil {
			return badOption("WithJSON", "needs both functions")
		}
		c.marshal, c.codec.own = marshal, unmarshal
		return nil
	})
}

// WithMaxDepth sets how many levels of objects and arrays a payload may have: [[1]] has two. A
// deeper payload is a [Gap] with Malformed, whose Err wraps [ErrTooDeep], on the streams that it
// was for. That is so for every type of stream, raw views included. Default and maximum: 10,000, as
// in encoding/json. The member infos of package presence have their own limit, 512.
func WithMaxDepth(levels int) Option {
	return option(func(c *config) error {
		if levels < 1 || levels > decoderDepth {
			return badOption("WithMaxDepth", "%d is not between 1 and %d", levels, decoderDepth)
		}
		c.codec.maxDepth = levels
		return nil
	})
}

// ownSecrets returns the secrets of the configuration: the API key, header values, the password and
// the query of the URL, and the user data.
func (c *config) ownSecrets() redact.Secrets {
	s := redact.Of(c.apiKey.Reveal()).With(longEnough(string(c.userData))...)
	if c.url != nil {
		for _, values := range c.url.Query() {
			s = s.With(longEnough(values...)...)
		}
	}
	for name, values := range c.header {
		switch http.CanonicalHeaderKey(name) {
		case "Host":
		case "Authorization", "Proxy-Authorization":
			for _, v := range values {
				s = s.WithHeader(v)
			}
		case "Cookie":
			for _, v := range values {
				for pair := range strings.SplitSeq(v, ";") {
					_, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
					s = s.With(longEnough(value)...)
				}
			}
			s = s.With(values...)
		default:
			s = s.With(longEnough(values...)...)
		}
	}
	return s
}
