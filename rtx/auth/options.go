package auth

import (
	"context"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// The defaults of an Endpoint.
const (
	defaultTimeout     = 5 * time.Second
	defaultConcurrency = 16
)

// An EndpointOption changes an [Endpoint]. A nil option is ignored. If an option is invalid,
// Validate and Authorize return an error with its name.
type EndpointOption interface{ applyEndpoint(*backend) error }

type endpointOption func(*backend) error

func (o endpointOption) applyEndpoint(b *backend) error { return o(b) }

// WithHTTPClient sets the HTTP client that sends the requests, with its TLS settings, proxy and
// cookies. Its CheckRedirect is called too, after the check of the Endpoint; an error from it is an
// [*AnswerError]. The Endpoint uses a copy: the client itself is not changed, and its owner closes
// its idle connections. A nil client is invalid. Default: a client of the Endpoint's own, with the
// proxy of the environment.
func WithHTTPClient(c *http.Client) EndpointOption {
	return endpointOption(func(b *backend) error {
		if c == nil {
			return errors.New("WithHTTPClient: nil")
		}
		b.user = c
		return nil
	})
}

// WithHeader adds headers to every request. If it is given several times, the headers add up. An
// Authorization header replaces the bearer token, and is invalid together with [WithToken]. Names
// and values that HTTP does not allow are invalid, and so are Content-Type, Content-Length,
// Transfer-Encoding, Host, Connection, Trailer and Upgrade. A nil header adds nothing. Default:
// none.
func WithHeader(h http.Header) EndpointOption {
	h = h.Clone()
	return endpointOption(func(b *backend) error {
		for name, values := range h {
			if fault := headerFault(name, values); fault != "" {
				return fmt.Errorf("WithHeader: %s", fault)
			}
			for _, v := range values {
				b.header.Add(name, v)
			}
		}
		return nil
	})
}

// WithToken sets the function that returns the bearer token, in place of the API key. get is called
// before every request, with refused false, and returns the present token. If the backend refuses
// that token, with 401 or a status of [WithExpired], get is called with refused true and returns a
// new token. The request is then sent once more. Requests that were refused at the same time share
// the new token.
//
// The outcome is a [*DeniedError] if the token is empty or has characters that a header can't have,
// or if get returns an error. It is a [*RetryError] if the error of get is one, or is a network
// error.
//
// Several goroutines may call get at the same time, but only one at a time with refused true. The
// context ends at the timeout of the request. A nil get is invalid. Default: the API key.
func WithToken(get func(ctx context.Context, refused bool) (string, error)) EndpointOption {
	return endpointOption(func(b *backend) error {
		if get == nil {
			return errors.New("WithToken: nil")
		}
		b.token = newTokens(get)
		return nil
	})
}

// WithField adds a field to the JSON, or the form ([WithForm]), that is sent. value is marshalled
// with encoding/json when WithField is called; nil becomes null. A second field of the same name
// replaces the first. The fields of the protocol (socket_id, channel_name and user_data) are
// invalid. Default: none.
func WithField(name string, value any) EndpointOption {
	raw, err := stdjson.Marshal(value)
	return endpointOption(func(b *backend) error {
		switch {
		case name == "":
			return errors.New("WithField: the name is empty")
		case name == "socket_id" || name == "user_data" || name == "channel_name" || strings.HasPrefix(name, "channel_name["):
			return fmt.Errorf("WithField: %s is the protocol's own", name)
		case err != nil:
			return fmt.Errorf("WithField: %q does not marshal to JSON", name)
		}
		b.fields[name] = raw
		return nil
	})
}

// WithTimeout limits the time of one request: getting the token, sending, and reading the answer.
// After that time the outcome is a [*RetryError]. The second request with a new token has the whole
// time again. d must be positive. Default: 5 s.
func WithTimeout(d time.Duration) EndpointOption {
	return endpointOption(func(b *backend) error {
		if d <= 0 {
			return fmt.Errorf("WithTimeout: %v is not positive", d)
		}
		b.timeout = d
		return nil
	})
}

// WithConcurrency limits how many requests run at the same time, at least 1. Others wait. Default:
// 16.
func WithConcurrency(n int) EndpointOption {
	return endpointOption(func(b *backend) error {
		if n < 1 {
			return fmt.Errorf("WithConcurrency: %d is not positive", n)
		}
		b.slots = make(chan struct{}, n)
		return nil
	})
}

// WithForm sends each request as a form (application/x-www-form-urlencoded) instead of JSON, with
// socket_id, channel_name and user_data. user_data is JSON text. A [WithField] is sent as it is if
// its value is a string, and as JSON text if not. Use this for backends that were written for
// clients that post forms. The answer is still JSON. Default: JSON.
func WithForm() EndpointOption {
	return endpointOption(func(b *backend) error {
		b.form = true
		return nil
	})
}

// WithExpired adds statuses with which the backend refuses an expired token, such as 403 or 419;
// 401 is always one. After such an answer the function of [WithToken] is asked for a new token, and
// the request is sent once more. If that is refused too, the outcome is a [*DeniedError].
// WithExpired needs a WithToken. The statuses must be from 400 to 499, except 408 and 429, which
// mean to come back later. At least one is needed. If WithExpired is given several times, the
// statuses add up. Default: 401 only.
func WithExpired(codes ...int) EndpointOption {
	codes = slices.Clone(codes)
	return endpointOption(func(b *backend) error {
		if len(codes) == 0 {
			return errors.New("WithExpired: no status")
		}
		for _, code := range codes {
			if code/100 != 4 || code == http.StatusRequestTimeout || code == http.StatusTooManyRequests {
				return fmt.Errorf("WithExpired: %d is not a status that can refuse a token", code)
			}
		}
		b.expired = append(b.expired, codes...)
		return nil
	})
}

// WithPlainHTTP allows a plain http URL on a host other than this machine. Everybody on the way can
// read the bearer token and the signatures, so use it only on networks that you trust. Default: not
// allowed.
func WithPlainHTTP() EndpointOption {
	return endpointOption(func(b *backend) error {
		b.allowHTTP = true
		return nil
	})
}

// headerFault returns what is wrong with a header, or "" if nothing is. net/http would find out at
// the first request, and its error would look like a failure of the network.
func headerFault(name string, values []string) string {
	const special = "!#$%&'*+-.^_`|~"
	token := func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune(special, r)
	}
	if name == "" || strings.ContainsFunc(name, func(r rune) bool { return !token(r) }) {
		return "a name that HTTP does not allow"
	}
	switch textproto.CanonicalMIMEHeaderKey(name) {
	case "Content-Type", "Content-Length", "Transfer-Encoding", "Host", "Connection", "Trailer", "Upgrade":
		return name + " can't be set"
	}
	if slices.ContainsFunc(values, func(v string) bool { return !headerValue(v) }) {
		return name + " has a value that HTTP does not allow"
	}
	return ""
}

func headerValue(v string) bool {
	return !strings.ContainsFunc(v, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}

var errUserData = errors.New("auth: the user data is not JSON text")

// body returns the JSON or the form that asks for r.
func (b *backend) body(r Request) ([]byte, error) {
	if !r.Presence() || len(r.UserData) == 0 {
		r.UserData = nil
	}
	if len(r.UserData) > 0 && !validJSON(r.UserData) {
		return nil, errUserData
	}
	if b.form {
		return b.formBody(url.Values{"socket_id": {r.SocketID}, "channel_name": {r.Channel}}, r.UserData), nil
	}
	return b.jsonBody(r)
}

// jsonBody returns the JSON of what is asked for, with the fields of WithField.
func (b *backend) jsonBody(asked any) ([]byte, error) {
	text, err := json.Marshal(asked, lenient)
	if err != nil || len(b.fields) == 0 {
		return text, err
	}
	more, err := json.Marshal(b.fields, lenient, json.Deterministic(true))
	if err != nil {
		return nil, err
	}
	return slices.Concat(text[:len(text)-1], []byte{','}, more[1:]), nil
}

// formBody returns the form of what is asked for, with the user data and the fields of WithField.
func (b *backend) formBody(form url.Values, userData stdjson.RawMessage) []byte {
	if userData != nil {
		form.Set("user_data", string(userData))
	}
	for name, value := range b.fields {
		text := string(value)
		if s, ok := stringOf(value); ok && value.Kind() == '"' {
			text = s
		}
		form.Set(name, text)
	}
	return []byte(form.Encode())
}
