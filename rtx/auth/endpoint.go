package auth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/realtimex/realtimex-go/internal/redact"
)

// maxAnswer bounds the answer of an endpoint, in bytes.
const maxAnswer = 64 << 10

// endpoint is what Endpoint makes, by pointer. What it knows, secrets among it, is behind a second one: fmt can't call the
// methods of a field that is not exported, and looks behind the first pointer when the verb is none for pointers, as %s is.
type endpoint struct{ *backend }

// backend is the user's backend and how it is asked. It is not changed once made, and shared by all who call Authorize.
type backend struct {
	url  *url.URL
	err  error        // why it can't be used; what Validate returns
	user *http.Client // the user's own; nil without one

	client    http.Client
	own       *http.Transport // nil if the client is the user's
	header    http.Header
	token     *tokens // nil: the API key is the bearer
	fields    map[string]jsontext.Value
	timeout   time.Duration
	slots     chan struct{}
	allowHTTP bool
	form      bool  // the request is one, and no JSON
	expired   []int // the statuses besides 401 that refuse a token for its age

	secrets redact.Secrets // of the options and the URL
}

// Endpoint returns an Authorizer that asks the user's own backend. It posts
//
//	{"socket_id":"…","channel_name":"…"}
//
// to the URL, or the same as a form with [Form], with "user_data" on a presence channel if there is any, and with the API key
// as the bearer unless [Token] or [Header] says otherwise. The backend answers {"auth":"KEY:signature"}, with "channel_data" on a presence channel;
// [Handler] is such a backend.
//
// What the answer means:
//
//   - 2xx with a good answer is a [Grant]. Anything else in it is an [*AnswerError], as are more than 64 KiB, and a
//     redirect that leads to another host, away from https, or does not keep the method: the bearer must not travel. A byte
//     order mark before the answer, fields of the backend's own, even twice, and half a surrogate pair (which is U+FFFD, as
//     JSON.parse has it) are no fault.
//   - 408, 429 and 5xx, no answer in time, and no connection are a [*RetryError], with the answer's Retry-After.
//   - 401, and what [Expired] says, asks the Token for a new one and then the backend again, once. A second such answer, or
//     no Token, is a [*DeniedError].
//   - Any other 4xx is a [*DeniedError].
//
// What an error says in words of others (the network's, a proxy's, an http.RoundTripper's, the Token's) is without the
// bearer and the other secrets in use, printable, and cut at 200 bytes; so is all that errors.Unwrap leads to. errors.Is and
// errors.As find the original's types.
//
// The URL must be https, or http on this machine, unless [AllowHTTP] is given. A URL or an option that can't be used is
// what Validate and Authorize return. The Authorizer has all the optional methods that [Authorizer] lists.
func Endpoint(url string, opts ...EndpointOption) Authorizer {
	b := &backend{
		header:  make(http.Header),
		fields:  make(map[string]jsontext.Value),
		timeout: defaultTimeout,
		slots:   make(chan struct{}, defaultConcurrency),
	}
	var faults []error
	for _, opt := range opts {
		if opt == nil {
			faults = append(faults, errors.New("an option is nil"))
		} else if err := opt(b); err != nil {
			faults = append(faults, err)
		}
	}
	if b.token == nil && len(b.expired) > 0 {
		faults = append(faults, errors.New("Expired needs a Token to ask"))
	}
	if b.token != nil && b.header.Get("Authorization") != "" {
		faults = append(faults, errors.New("Token and an Authorization in Header exclude each other"))
	}
	var err error
	if b.url, err = parseEndpoint(url, b.allowHTTP); err != nil {
		faults = append(faults, err)
	}
	if len(faults) > 0 {
		b.err = fmt.Errorf("auth: Endpoint: %w", errors.Join(faults...))
	}
	b.secrets = b.findSecrets()
	b.makeClient()
	return &endpoint{b}
}

func (b *backend) makeClient() {
	if b.user != nil {
		b.client = *b.user
	} else {
		b.own = &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			ForceAttemptHTTP2:      true,
			MaxIdleConnsPerHost:    cap(b.slots),
			IdleConnTimeout:        30 * time.Second,
			MaxResponseHeaderBytes: maxAnswer,
		}
		b.client.Transport = b.own
	}
	b.client.CheckRedirect = redirects(b.client.CheckRedirect)
}

// parseEndpoint returns errors that do not show the URL, which may hold a secret.
func parseEndpoint(raw string, allowHTTP bool) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, errors.New("the URL does not parse")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("the URL must begin with https:// (or http://)")
	case u.Hostname() == "":
		return nil, errors.New("the URL has no host")
	case u.User != nil:
		return nil, errors.New("the URL has a user or password in it: use Header or Token")
	case u.Scheme == "http" && !allowHTTP && !loopback(u.Hostname()):
		return nil, fmt.Errorf("plain http to %s would show the bearer to others: use https, or AllowHTTP", u.Hostname())
	}
	return u, nil
}

func loopback(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// Validate returns what is wrong with the URL and the options, or nil.
func (b *backend) Validate() error { return b.err }

// Concurrency returns how many requests may be under way at a time.
func (b *backend) Concurrency() int { return cap(b.slots) }

// SameServer reports whether the endpoint is on that host and port; a host alone means port 443.
func (b *backend) SameServer(hostport string) bool {
	if b.url == nil || hostport == "" {
		return false
	}
	host, port, err := net.SplitHostPort(hostport)
	if err != nil {
		host, port = strings.Trim(hostport, "[]"), "443"
	}
	same := func(a, b string) bool {
		return strings.EqualFold(strings.TrimSuffix(a, "."), strings.TrimSuffix(b, "."))
	}
	return same(b.url.Hostname(), host) && portOf(b.url) == port
}

// CloseIdleConnections closes the connections that are kept for the next request. Those of a client given with HTTPClient
// are its owner's.
func (b *backend) CloseIdleConnections() {
	if b.own != nil {
		b.own.CloseIdleConnections()
	}
}

// Authorize implements Authorizer.
func (b *backend) Authorize(ctx context.Context, r Request) (Grant, error) {
	if b.err != nil {
		return Grant{}, b.err
	}
	select {
	case b.slots <- struct{}{}:
		defer func() { <-b.slots }()
	case <-ctx.Done():
		return Grant{}, ended(ctx)
	}
	body, err := b.body(r)
	if err != nil {
		return Grant{}, err
	}
	a := &asking{backend: b, request: r, body: body}
	return a.authorize(ctx)
}

// String returns where the endpoint is, without the path, which may hold a secret.
func (b *backend) String() string {
	if b.url == nil {
		return "auth.Endpoint{}"
	}
	return "auth.Endpoint{" + b.url.Scheme + "://" + b.url.Host + "}"
}

// Format implements fmt.Formatter: String, whatever the verb.
func (b *backend) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(b.String())) }

// ended returns the error of a context that has ended, with its cause.
func ended(ctx context.Context) error {
	if cause := context.Cause(ctx); cause != ctx.Err() {
		return fmt.Errorf("auth: %w: %w", ctx.Err(), cause)
	}
	return fmt.Errorf("auth: %w", ctx.Err())
}

// asking is one call of Authorize.
type asking struct {
	*backend
	request Request
	body    []byte
	tokens  []string // those that were used
}

func (a *asking) authorize(ctx context.Context) (Grant, error) {
	var refused *bearer
	for {
		status, used, g, err := a.once(ctx, refused)
		if a.token == nil || !a.tokenExpired(status) {
			return g, err
		}
		if refused != nil {
			// Asked again once: a token that is refused although it is new is the verdict.
			if denied, ok := errors.AsType[*DeniedError](err); ok {
				denied.Reason = strings.TrimPrefix(denied.Reason+", with a new token too", ", ")
			}
			return g, err
		}
		refused = &used
	}
}

// tokenExpired tells whether the status refuses a token that may have expired.
func (b *backend) tokenExpired(status int) bool {
	return status == http.StatusUnauthorized || slices.Contains(b.expired, status)
}

// once makes one request, with a renewed token if the last one was refused.
func (a *asking) once(parent context.Context, refused *bearer) (status int, used bearer, g Grant, err error) {
	ctx, cancel := context.WithTimeout(parent, a.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url.String(), bytes.NewReader(a.body))
	if err != nil {
		return 0, used, Grant{}, fmt.Errorf("auth: the request can't be made: %w", quiet(err, a.inUse()))
	}
	maps.Copy(req.Header, a.header)
	req.Header.Set("Content-Type", jsonType)
	if a.form {
		req.Header.Set("Content-Type", formType)
	}
	if req.Header.Get("Accept") == "" {
		req.Header.Set("Accept", jsonType)
	}
	switch {
	case a.token != nil:
		if refused == nil {
			used, err = a.token.current(ctx)
		} else {
			used, err = a.token.renew(ctx, *refused)
		}
		a.tokens = append(a.tokens, used.token)
		if err != nil {
			return 0, used, Grant{}, a.tokenFailed(parent, ctx, err)
		}
		req.Header.Set("Authorization", "Bearer "+used.token)
	case req.Header.Get("Authorization") == "" && a.request.Key.Reveal() != "":
		req.Header.Set("Authorization", "Bearer "+a.request.Key.Reveal())
	}
	resp, err := a.client.Do(req)
	if err != nil {
		if resp != nil { // the user's own redirect policy failed; see http.Client.Do
			return 0, used, Grant{}, a.malformed(resp.StatusCode, "Location", "a redirect that the HTTP client refuses")
		}
		return 0, used, Grant{}, a.failed(parent, err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil && resp.StatusCode/100 == 2 {
		return resp.StatusCode, used, Grant{}, a.failed(parent, err)
	}
	g, err = a.outcome(resp, answer)
	return resp.StatusCode, used, g, err
}
