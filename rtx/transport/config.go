package transport

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Defaults of [Config].
const (
	DefaultPath             = "/socket.io/"
	DefaultReadLimit        = 16 << 20
	DefaultWriteTimeout     = 10 * time.Second
	DefaultCloseTimeout     = time.Second
	DefaultHandshakeTimeout = 20 * time.Second
)

// maxReadLimit bounds Config.ReadLimit, in bytes.
const maxReadLimit = 1 << 30

// Config says where and how to dial. It prints without the key, the headers and
// the query of the URL.
type Config struct {
	// URL is the server, with scheme ws, wss, http or https. Required. An empty
	// path is DefaultPath. A query is kept; api_key, EIO and transport are set.
	URL *url.URL

	// APIKey goes into the query. Required.
	APIKey string

	// Header is added to the handshake request. Host, in it, replaces the
	// URL's.
	Header http.Header

	// HTTPClient dials, and so decides on TLS, proxy and dialler. Its Transport,
	// if an *http.Transport, is cloned without keep-alives, so that nothing of
	// a failed dial stays behind; another RoundTripper is used as it is and
	// must return writable bodies for an upgrade. Its Timeout bounds the
	// upgrade too. Nil: http.DefaultTransport as it is at the first such dialer,
	// which verifies TLS and heeds the proxy variables of the environment.
	HTTPClient *http.Client

	// ReadLimit is the longest frame, and the longest packet with its
	// attachments, that is accepted, in bytes, 1 GiB at most. 0: DefaultReadLimit.
	ReadLimit int64

	// WriteTimeout bounds the writing of one frame. 0: DefaultWriteTimeout.
	WriteTimeout time.Duration

	// CloseTimeout bounds leaving politely. 0: DefaultCloseTimeout.
	CloseTimeout time.Duration

	// HandshakeTimeout bounds everything up to the answer to CONNECT. 0:
	// DefaultHandshakeTimeout.
	HandshakeTimeout time.Duration

	// Logger gets a debug line for each step of a dial. Nil: silent.
	Logger *slog.Logger
}

// String tells the host, not the secrets.
func (c Config) String() string {
	host := "?"
	if c.URL != nil {
		host = c.URL.Scheme + "://" + c.URL.Host
	}
	return "transport.Config{URL:" + host + " APIKey:" + redacted(c.APIKey) + "}"
}

// Format writes String, whatever the verb.
func (c Config) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(c.String())) }

// LogValue is String for slog.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// validate names the field that is wrong, and fills in the defaults.
func (c Config) validate() (Config, error) {
	switch {
	case c.URL == nil:
		return c, errors.New("transport: Config.URL is missing")
	case c.URL.Host == "" || c.URL.Hostname() == "":
		return c, errors.New("transport: Config.URL has no host")
	case c.URL.Opaque != "" || c.URL.Fragment != "":
		return c, errors.New("transport: Config.URL is opaque or has a fragment")
	case c.APIKey == "":
		return c, errors.New("transport: Config.APIKey is missing")
	case c.ReadLimit < 0 || c.ReadLimit > maxReadLimit:
		return c, fmt.Errorf("transport: Config.ReadLimit %d is not between 0 and %d", c.ReadLimit, maxReadLimit)
	case c.WriteTimeout < 0:
		return c, fmt.Errorf("transport: Config.WriteTimeout %s is negative", c.WriteTimeout)
	case c.CloseTimeout < 0:
		return c, fmt.Errorf("transport: Config.CloseTimeout %s is negative", c.CloseTimeout)
	case c.HandshakeTimeout < 0:
		return c, fmt.Errorf("transport: Config.HandshakeTimeout %s is negative", c.HandshakeTimeout)
	}
	switch c.URL.Scheme {
	case "ws", "wss", "http", "https":
	default:
		return c, fmt.Errorf("transport: Config.URL has scheme %q, not ws, wss, http or https", c.URL.Scheme)
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
	c.Header = c.Header.Clone()
	return c, nil
}

// target is the URL to dial, key included: it must not be shown.
func (c Config) target() string {
	u := *c.URL
	switch u.Scheme {
	case "ws":
		u.Scheme = "http"
	case "wss":
		u.Scheme = "https"
	}
	if strings.Trim(u.Path, "/") == "" {
		u.Path = DefaultPath
	}
	q := u.Query()
	q.Set("api_key", c.APIKey)
	q.Set("EIO", "4")
	q.Set("transport", "websocket")
	u.RawQuery = q.Encode()
	return u.String()
}
