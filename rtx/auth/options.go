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

// An EndpointOption changes how an [Endpoint] asks. One that can't be used makes Validate and Authorize fail, by name.
type EndpointOption func(*backend) error

// HTTPClient sets the client that asks, with its TLS settings, proxy and cookies. Its redirect policy is asked too, after
// the Endpoint's own; the client itself is not changed. Default: one of the Endpoint's own, on the proxy of the environment.
func HTTPClient(c *http.Client) EndpointOption {
	return func(b *backend) error {
		if c == nil {
			return errors.New("HTTPClient: nil")
		}
		b.user = c
		return nil
	}
}

// Header adds headers to every request. An Authorization among them replaces the bearer. Default: none.
func Header(h http.Header) EndpointOption {
	h = h.Clone()
	return func(b *backend) error {
		for name, values := range h {
			if fault := headerFault(name, values); fault != "" {
				return fmt.Errorf("Header: %s", fault)
			}
			for _, v := range values {
				b.header.Add(name, v)
			}
		}
		return nil
	}
}

// Token replaces the API key as the bearer: get is asked before every request, with refused false, and returns the token
// that is held then. Once a request is answered with 401, or what [Expired] says, get is asked with refused true and returns
// a new one, with which the request is made once more; requests that were refused at the same time share it. An empty token, or one that no
// header can carry, is a refusal. An error of get's is one too, unless it is a [*RetryError] or a network failure.
//
// get may be called by several goroutines at once, never with refused true by two. Its context ends with the request's
// timeout.
func Token(get func(ctx context.Context, refused bool) (string, error)) EndpointOption {
	return func(b *backend) error {
		if get == nil {
			return errors.New("Token: nil")
		}
		b.token = newTokens(get)
		return nil
	}
}

// Field adds a field to the JSON, or the [Form], that is sent. The value is marshalled at once, by encoding/json. The
// protocol's own fields (socket_id, channel_name and user_data) can't be set. Default: none.
func Field(name string, value any) EndpointOption {
	raw, err := stdjson.Marshal(value)
	return func(b *backend) error {
		switch {
		case name == "":
			return errors.New("Field: the name is empty")
		case name == "socket_id" || name == "channel_name" || name == "user_data":
			return fmt.Errorf("Field: %s is the protocol's own", name)
		case err != nil:
			return fmt.Errorf("Field: %q does not marshal to JSON", name)
		}
		b.fields[name] = raw
		return nil
	}
}

// Timeout bounds one request: getting the token, sending, and reading the answer. Past it the outcome is a [*RetryError].
// The request that follows a 401 has a time of its own. Default: 5 s.
func Timeout(d time.Duration) EndpointOption {
	return func(b *backend) error {
		if d <= 0 {
			return fmt.Errorf("Timeout: %v is not positive", d)
		}
		b.timeout = d
		return nil
	}
}

// Concurrency bounds the requests that are under way at a time; others wait. Default: 16.
func Concurrency(n int) EndpointOption {
	return func(b *backend) error {
		if n < 1 {
			return fmt.Errorf("Concurrency: %d is not positive", n)
		}
		b.slots = make(chan struct{}, n)
		return nil
	}
}

// Form has the request sent as a form, application/x-www-form-urlencoded, in place of JSON: socket_id, channel_name and, as
// JSON text, user_data, with each [Field] as its string or else as JSON text. It is for backends written for clients that
// post forms. The answer is JSON all the same. Default: JSON.
func Form() EndpointOption {
	return func(b *backend) error {
		b.form = true
		return nil
	}
}

// Expired says by which other statuses than 401 the backend refuses a token that has expired, such as 403 or 419: upon one of
// them, too, the [Token], without which this can't be used, is asked for a new one and the request made once more. What is
// refused then is a [*DeniedError]. The statuses are from 400 to 499 and neither 408 nor 429, which say to come back later.
// Given again, it adds. Default: 401 alone.
func Expired(codes ...int) EndpointOption {
	codes = slices.Clone(codes)
	return func(b *backend) error {
		if len(codes) == 0 {
			return errors.New("Expired: no status")
		}
		for _, code := range codes {
			if code/100 != 4 || code == http.StatusRequestTimeout || code == http.StatusTooManyRequests {
				return fmt.Errorf("Expired: %d is no status that refuses a token", code)
			}
		}
		b.expired = append(b.expired, codes...)
		return nil
	}
}

// AllowHTTP lets the endpoint be plain http on a host other than this machine. Whoever is on the way reads the bearer and
// the signatures, so this is for networks where that is nobody. Default: not allowed.
func AllowHTTP() EndpointOption {
	return func(b *backend) error {
		b.allowHTTP = true
		return nil
	}
}

// headerFault tells what is wrong with a header; "" if nothing is. net/http would find out at the first request, and its
// error would look like trouble with the network.
func headerFault(name string, values []string) string {
	const special = "!#$%&'*+-.^_`|~"
	token := func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune(special, r)
	}
	if name == "" || strings.ContainsFunc(name, func(r rune) bool { return !token(r) }) {
		return "a name that is none"
	}
	switch textproto.CanonicalMIMEHeaderKey(name) {
	case "Content-Type", "Content-Length", "Transfer-Encoding", "Host", "Connection", "Trailer", "Upgrade":
		return name + " can't be set"
	}
	if slices.ContainsFunc(values, func(v string) bool { return !headerValue(v) }) {
		return name + " has a value that no header can carry"
	}
	return ""
}

func headerValue(v string) bool {
	return !strings.ContainsFunc(v, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}

// body returns the JSON or the form that asks for r.
func (b *backend) body(r Request) ([]byte, error) {
	if !r.Presence() || len(r.UserData) == 0 {
		r.UserData = nil
	}
	if len(r.UserData) > 0 && !validJSON(r.UserData) {
		return nil, errors.New("auth: the user data is not JSON text")
	}
	if b.form {
		return b.formBody(r), nil
	}
	asked, err := json.Marshal(r, lenient)
	if err != nil || len(b.fields) == 0 {
		return asked, err
	}
	more, err := json.Marshal(b.fields, lenient, json.Deterministic(true))
	if err != nil {
		return nil, err
	}
	return slices.Concat(asked[:len(asked)-1], []byte{','}, more[1:]), nil
}

func (b *backend) formBody(r Request) []byte {
	form := url.Values{"socket_id": {r.SocketID}, "channel_name": {r.Channel}}
	if r.UserData != nil {
		form.Set("user_data", string(r.UserData))
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
