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

// endpoint is what Endpoint makes, by pointer. What it knows, secrets among it, is behind a second
// one: fmt can't call the methods of a field that is not exported, and looks behind the first
// pointer when the verb is none for pointers, as %s is.
type endpoint struct{ *backend }

// backend is the user's backend and how it is asked. It is not changed once made, and shared by all
// who call Authorize.
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
	form      bool          // the request is one, and no JSON
	expired   []int         // the statuses besides 401 that refuse a token for its age
	window    time.Duration // of batches
	size      batchSize

	secrets redact.Secrets // of the options and the URL
}

// Endpoint returns an Authorizer that asks your backend for each signature. It posts
//
//	{"socket_id":"…","channel_name":"…"}
//
// to the URL, or a form with the same fields if [WithForm] is given. On a presence channel it adds
// "user_data", if the client has any. The bearer token is the API key, unless [WithToken] or
// [WithHeader] sets another. The backend answers {"auth":"KEY:signature"}, with "channel_data" on a
// presence channel. [Handler] is such a backend.
//
// The answer decides the outcome:
//
//   - 2xx is a [Grant]. It is an [*AnswerError] if the body is not a valid grant or is longer than
//     64 KiB. A byte order mark before the JSON is ignored, and so are other fields, even if they
//     appear twice. A lone surrogate is read as U+FFFD, as JSON.parse reads it.
//   - 3xx is followed, up to three times, if it keeps the method (307 and 308) and leads to the
//     same host and port, or from http to https on that host. Any other redirect is an
//     [*AnswerError], because the bearer token must not reach another host.
//   - 401, and each status of [WithExpired], means that the token has expired. The function of
//     [WithToken] is asked for a new one, and the backend is asked once more. A second such answer
//     is a [*DeniedError], and so is the first one without WithToken.
//   - 408, 429 and 5xx are a [*RetryError], with the Retry-After of the answer. So are a timeout
//     and a connection that fails.
//   - Any other 4xx is a [*DeniedError].
//
// An error may quote the text of others: of the network, a proxy, an http.RoundTripper, or the
// function of WithToken. Such a text shows neither the bearer token nor the other secrets in use,
// is printable, and is cut at 200 bytes. The same goes for every error that errors.Unwrap returns.
// errors.Is and errors.As still find the types of the original.
//
// The URL must be https. It may be http on this machine, and on any host if [WithPlainHTTP] is
// given. If the URL or an option is invalid, Validate and Authorize return an error that says so.
// The Authorizer has all the optional methods that [Authorizer] lists, and is a [BatchAuthorizer];
// see [WithBatch].
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
			continue
		}
		if err := opt.applyEndpoint(b); err != nil {
			faults = append(faults, err)
		}
	}
	if b.token == nil && len(b.expired) > 0 {
		faults = append(faults, errors.New("WithExpired needs a WithToken to ask"))
	}
	if b.token != nil && b.header.Get("Authorization") != "" {
		faults = append(faults, errors.New("WithToken and an Authorization in WithHeader exclude each other"))
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
		return nil, errors.New("the URL has a user or password in it: use WithHeader or WithToken")
	case u.Scheme == "http" && !allowHTTP && !loopback(u.Hostname()):
		return nil, fmt.Errorf("plain http to %s would show the bearer to others: use https, or WithPlainHTTP", u.Hostname())
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

// CloseIdleConnections closes the connections that are kept for the next request. Those of a client
// given by WithHTTPClient are its owner's.
func (b *backend) CloseIdleConnections() {
	if b.own != nil {
		b.own.CloseIdleConnections()
	}
}

// Authorize implements Authorizer.
func (b *backend) Authorize(ctx context.Context, r Request) (Grant, error) {
	release, err := b.acquire(ctx)
	if err != nil {
		return Grant{}, err
	}
	defer release()
	return b.askOne(ctx, r)
}

// acquire waits for one of the slots of WithConcurrency. It returns an error if the endpoint can't
// be used, or if ctx ends first.
func (b *backend) acquire(ctx context.Context) (release func(), err error) {
	if b.err != nil {
		return nil, b.err
	}
	select {
	case b.slots <- struct{}{}:
		return func() { <-b.slots }, nil
	case <-ctx.Done():
		return nil, ended(ctx)
	}
}

// askOne asks for one channel.
func (b *backend) askOne(ctx context.Context, r Request) (Grant, error) {
	body, err := b.body(r)
	if err != nil {
		return Grant{}, err
	}
	a := &asking{backend: b, request: r, body: body, limit: maxAnswer}
	got, err := a.ask(ctx)
	if err != nil {
		return Grant{}, err
	}
	return a.outcome(got)
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
	if cause := context.Cause(ctx); cause != ctx.Err() { //nolint:errorlint // whether it is that very value is the question
		return fmt.Errorf("auth: %w: %w", ctx.Err(), cause)
	}
	return fmt.Errorf("auth: %w", ctx.Err())
}

// asking is one question to the backend, for one channel or for several.
type asking struct {
	*backend
	request Request // of the channel that errors are about
	body    []byte
	limit   int      // of the answer, in bytes; one more is read
	tokens  []string // those that were used
	last    bearer   // the last of them
	renewed bool     // a token was refused, and a new one was asked for
}

// A reply is what the backend answered.
type reply struct {
	status   int
	header   http.Header
	body     []byte
	redirect string // why a redirect was not followed; "" if there was none
}

func (r reply) ok() bool { return r.status/100 == 2 }

// about returns the question as one about r, so that errors have the name of that channel.
func (a *asking) about(r Request) *asking {
	one := *a
	one.request = r
	return &one
}

// ask sends the question. If the backend refuses the token, it is sent once more, with a new one.
func (a *asking) ask(ctx context.Context) (reply, error) {
	got, err := a.once(ctx)
	if err == nil && a.renews(got.status) {
		return a.again(ctx)
	}
	return got, err
}

// again sends the question with a new token.
func (a *asking) again(ctx context.Context) (reply, error) {
	a.renewed = true
	return a.once(ctx)
}

// renews reports whether a status is a reason to ask again with a new token. A token that is
// refused although it is new is the verdict.
func (a *asking) renews(status int) bool {
	return a.token != nil && !a.renewed && a.tokenExpired(status)
}

// tokenExpired reports whether the status means that the token may have expired.
func (b *backend) tokenExpired(status int) bool {
	return status == http.StatusUnauthorized || slices.Contains(b.expired, status)
}

// once makes one request.
func (a *asking) once(parent context.Context) (reply, error) {
	ctx, cancel := context.WithTimeout(parent, a.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url.String(), bytes.NewReader(a.body))
	if err != nil {
		return reply{}, fmt.Errorf("auth: the request can't be made: %w", quiet(err, a.inUse()))
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
		if a.renewed {
			a.last, err = a.token.renew(ctx, a.last)
		} else {
			a.last, err = a.token.current(ctx)
		}
		a.tokens = append(a.tokens, a.last.token)
		if err != nil {
			return reply{}, a.tokenFailed(parent, ctx, err)
		}
		req.Header.Set("Authorization", "Bearer "+a.last.token)
	case req.Header.Get("Authorization") == "" && a.request.Key.Reveal() != "":
		req.Header.Set("Authorization", "Bearer "+a.request.Key.Reveal())
	}
	resp, err := a.client.Do(req)
	if err != nil {
		if resp != nil { // the user's own redirect policy failed; see http.Client.Do
			return reply{}, a.malformed(resp.StatusCode, "Location", "a redirect that the HTTP client refuses")
		}
		return reply{}, a.failed(parent, err)
	}
	defer resp.Body.Close()
	got := reply{status: resp.StatusCode, header: resp.Header}
	if got.status/100 == 3 {
		got.redirect = redirectFault(resp)
	}
	got.body, err = io.ReadAll(io.LimitReader(resp.Body, int64(a.limit)+1))
	if err != nil && got.ok() {
		return reply{}, a.failed(parent, err)
	}
	return got, nil
}
