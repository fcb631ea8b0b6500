package transport

import (
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
	// path is DefaultPath; one without a slash at its end gets one, as Socket.IO's
	// own clients do it. A query is kept; api_key, EIO and transport are set.
	URL *url.URL

	// APIKey goes into the query. Required.
	APIKey string

	// Header is added to the handshake request, whatever the letters that its
	// names are written in. Host, in it, replaces the URL's.
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

	// HandshakeTimeout bounds everything up to the answer to CONNECT. Where an
	// earlier session is asked for it bounds the time up to that, and from then
	// on the time without a packet of what was missed, nor as much of a large one
	// as comes within it at 100 bytes a second. 0: DefaultHandshakeTimeout.
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

// A ConfigError names the field of a [Config] that can't be used, and says why.
type ConfigError struct {
	Field  string // "URL", "Header" …
	Reason string // goes on from the field's name; printable, without secrets
}

func (e *ConfigError) Error() string { return "transport: Config." + e.Field + " " + e.Reason }

// validate names the field that is wrong, and fills in the defaults.
func (c Config) validate() (Config, error) {
	if err := checkURL(c.URL); err != nil {
		return c, err
	}
	if c.APIKey == "" {
		return c, &ConfigError{"APIKey", "is missing"}
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
		u.Path, u.RawPath = DefaultPath, ""
	} else if !strings.HasSuffix(u.Path, "/") { // as Socket.IO's own clients do
		u.RawPath = u.EscapedPath() + "/"
		u.Path += "/"
	}
	q := u.Query()
	q.Set("api_key", c.APIKey)
	q.Set("EIO", "4")
	q.Set("transport", "websocket")
	u.RawQuery = q.Encode()
	return u.String()
}
