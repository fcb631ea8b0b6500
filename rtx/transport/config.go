package transport

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// The defaults of a [Config]. DefaultReadLimit is in bytes.
const (
	DefaultPath             = "/socket.io/"
	DefaultReadLimit        = 16 << 20
	DefaultWriteTimeout     = 10 * time.Second
	DefaultCloseTimeout     = time.Second
	DefaultHandshakeTimeout = 20 * time.Second
)

// maxReadLimit bounds Config.ReadLimit, in bytes.
const maxReadLimit = 1 << 30

// A Config says where and how a [Dialer] connects. Only URL and APIKey are required. A Config
// prints without the key, the headers and the query of the URL.
type Config struct {
	// URL is the address of the server. The scheme is ws, wss, http or https. An empty path stands
	// for DefaultPath. A slash is added to a path without one at the end, as the Socket.IO clients
	// do. The query is kept, except that api_key, EIO and transport are set. Required.
	URL *url.URL

	// APIKey is sent in the query of the URL. Required.
	APIKey string

	// Header is added to the request of the handshake. The case of the names does not matter. A
	// Host replaces the host of the URL. Default: none.
	Header http.Header

	// HTTPClient makes the connection, with its TLS settings, proxy and dial functions. Its Timeout
	// applies to the WebSocket upgrade too, and its CheckRedirect is called for redirects on the
	// same host. If its Transport is an *http.Transport, the Dialer uses a clone without
	// keep-alives, so that nothing is left of a dial that failed. Any other RoundTripper is used as
	// it is; the body that it returns for an upgrade must be an io.ReadWriteCloser. For polling the
	// clone has keep-alives and belongs to the session, Timeout has no effect, and a Jar is used if
	// there is one; another RoundTripper must not send a GET again that failed. Default, if
	// nil: http.DefaultTransport as it is when the first such Dialer is made. It verifies
	// certificates, and uses the proxy of the environment. A proxy is asked by CONNECT or SOCKS5, for
	// ws as for wss, and one that does not connect is a *ProxyError.
	HTTPClient *http.Client

	// Transports are what may carry a session, in the order in which they are tried. If WebSocket
	// comes first, Polling is tried when the network lets no WebSocket through: the handshake was
	// answered by something that is no WebSocket, or a connection stood and then timed out or was
	// cut before the first packet. If that works, the next dials use Polling, and try a WebSocket
	// again after five minutes. If Polling comes first, the session begins with it and is upgraded
	// to a WebSocket, while it is used, if the server offers that. Default, if empty: WebSocket
	// only.
	Transports []Kind

	// ReadLimit is the longest frame that is accepted, and the longest packet with its attachments,
	// in bytes. A longer one ends the session with a *FrameError. At most 1 GiB. Default, if 0:
	// DefaultReadLimit.
	ReadLimit int64

	// WriteTimeout limits how long a write may stand still. A frame may take any time while the
	// system accepts it piece by piece. A piece has 4 KiB of a large frame, or at most 20 KiB of many
	// small ones. Over polling it limits the time without progress of a POST; the answer may take as
	// long as Info.LinkTimeout. Default, if 0: DefaultWriteTimeout.
	WriteTimeout time.Duration

	// CloseTimeout limits the time that Close waits for the server to answer. Default, if 0:
	// DefaultCloseTimeout.
	CloseTimeout time.Duration

	// HandshakeTimeout limits the time from the first byte to the answer to CONNECT. If a dial asks
	// to resume a session, this is the limit until it asks. After that it is the longest time
	// without progress. A packet is progress, and so is a part of a large one that is as long as
	// what comes in that time at 100 bytes a second. Default, if 0: DefaultHandshakeTimeout.
	HandshakeTimeout time.Duration

	// Logger gets a debug record for each step of a dial. Default, if nil: nothing is logged.
	Logger *slog.Logger
}

// String returns the scheme and the host of the URL, and no secret.
func (c Config) String() string {
	host := "?"
	if c.URL != nil {
		host = c.URL.Scheme + "://" + c.URL.Host
	}
	return "transport.Config{URL:" + host + " APIKey:" + redacted(c.APIKey) + "}"
}

// Format implements [fmt.Formatter]. It writes String, whatever the verb.
func (c Config) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(c.String())) }

// LogValue implements [slog.LogValuer]. It shows String.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// A ConfigError means that a field of a [Config] is invalid.
type ConfigError struct {
	Field  string // the name of the field, such as "URL"
	Reason string // what is wrong with it, such as "is missing"; printable, without secrets
}

func (e *ConfigError) Error() string { return "transport: Config." + e.Field + " " + e.Reason }

// validate returns the configuration with its defaults, or a *ConfigError.
func (c Config) validate() (Config, error) {
	if err := checkURL(c.URL); err != nil {
		return c, err
	}
	if c.APIKey == "" {
		return c, &ConfigError{"APIKey", "is missing"}
	}
	if fault := checkKinds(c.Transports); fault != "" {
		return c, &ConfigError{"Transports", fault}
	}
	c.Transports = slices.Clone(c.Transports)
	if len(c.Transports) == 0 {
		c.Transports = []Kind{WebSocket}
	}
	if c.ReadLimit < 0 || c.ReadLimit > maxReadLimit {
		return c, &ConfigError{"ReadLimit", fmt.Sprintf("%d is not between 0 and %d", c.ReadLimit, maxReadLimit)}
	}
	for _, t := range []struct {
		field string
		value time.Duration
	}{{"WriteTimeout", c.WriteTimeout}, {"CloseTimeout", c.CloseTimeout}, {"HandshakeTimeout", c.HandshakeTimeout}} {
		if t.value < 0 {
			return c, &ConfigError{t.field, t.value.String() + " is negative"}
		}
	}
	var err error
	if c.Header, err = canonicalHeader(c.Header); err != nil {
		return c, err
	}
	if c.ReadLimit == 0 {
		c.ReadLimit = DefaultReadLimit
	}
	if c.WriteTimeout == 0 {
		c.WriteTimeout = DefaultWriteTimeout
	}
	if c.CloseTimeout == 0 {
		c.CloseTimeout = DefaultCloseTimeout
	}
	if c.HandshakeTimeout == 0 {
		c.HandshakeTimeout = DefaultHandshakeTimeout
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

func checkURL(u *url.URL) error {
	fault := ""
	switch {
	case u == nil:
		fault = "is missing"
	case u.Opaque != "" || u.Fragment != "":
		fault = "is opaque or has a fragment"
	default:
		fault = hostFault(u.Host)
	}
	if fault != "" {
		return &ConfigError{"URL", fault}
	}
	switch u.Scheme {
	case "ws", "wss", "http", "https":
	default:
		return &ConfigError{"URL", fmt.Sprintf("has the scheme %.100q, not ws, wss, http or https", u.Scheme)}
	}
	if _, err := url.ParseQuery(u.RawQuery); err != nil {
		return &ConfigError{"URL", "has a query that can't be parsed"}
	}
	return nil
}

// target returns the URL of the WebSocket. It has the key, so it must not be shown.
func (c Config) target() string {
	u := c.address(WebSocket)
	return u.String()
}

// address returns the URL of a transport, with the key.
func (c Config) address(kind Kind) url.URL {
	u := *c.URL
	switch u.Scheme {
	case "ws":
		u.Scheme = "http"
	case "wss":
		u.Scheme = "https"
	}
	if strings.Trim(u.Path, "/") == "" {
		u.Path, u.RawPath = DefaultPath, ""
	} else if !strings.HasSuffix(u.Path, "/") { // as Socket.IO's own clients do
		u.RawPath = u.EscapedPath() + "/"
		u.Path += "/"
	}
	q := u.Query()
	q.Set("api_key", c.APIKey)
	q.Set("EIO", "4")
	q.Set("transport", string(kind))
	u.RawQuery = q.Encode()
	return u
}
