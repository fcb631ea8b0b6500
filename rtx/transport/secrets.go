package transport

import (
	"net/http"
	"strings"
	"sync"

	"github.com/realtimex/realtimex-go/internal/redact"
)

const (
	// minSecret is the length from which the value of a header or of a query's
	// parameter counts as a secret, and an id of the server's. A shorter one
	// identifies nobody, and would be found everywhere.
	minSecret = 6

	// maxHidden bounds how many texts a session hides of those that Hide was
	// given: the newest.
	maxHidden = 1024

	// maxHiddenBytes bounds one of them.
	maxHiddenBytes = 4 << 10
)

// secrets are what no error of a session shows: a server may quote it.
type secrets struct {
	mu    sync.Mutex
	fixed redact.Secrets // of the configuration and the handshake
	sent  []string       // what Hide was given: a ring once it is full
	next  int            // the oldest of the ring
}

// add adds ids that the server gave.
func (s *secrets) add(ids ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		if len(id) >= minSecret {
			s.fixed = s.fixed.With(id)
		}
	}
}

func (s *secrets) hide(texts ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, text := range texts {
		switch {
		case text == "" || len(text) > maxHiddenBytes:
		case len(s.sent) < maxHidden:
			s.sent = append(s.sent, text)
		default:
			s.sent[s.next] = text
			s.next = (s.next + 1) % maxHidden
		}
	}
}

// all builds the set for each error, because there are many signatures and few errors.
func (s *secrets) all() redact.Secrets {
	s.mu.Lock()
	defer s.mu.Unlock()
	parts := make([]string, 0, 3*len(s.sent))
	for _, text := range s.sent {
		key, sum, _ := strings.Cut(text, ":") // as in "KEY:hex", where both halves are secret
		parts = append(parts, text, key, sum)
	}
	return s.fixed.With(parts...)
}

// text returns a text of the server in a form for an error: without secrets, printable, shortened.
func (s *secrets) text(words string) string { return s.all().Text(words) }

// error returns an error of the network in a form that can be wrapped: without secrets, printable,
// shortened.
func (s *secrets) error(err error) error { return s.all().Error(err) }

// secrets are what the configuration holds of them: the key, the password of the URL, and the
// values of the query and of headers.
func (c Config) secrets() redact.Secrets {
	s := redact.Of(c.APIKey)
	if password, ok := c.URL.User.Password(); ok {
		s = s.With(password)
	}
	for _, values := range c.URL.Query() {
		s = s.With(longEnough(values)...)
	}
	for name, values := range c.Header {
		switch name {
		case "Host":
		case "Authorization", "Proxy-Authorization":
			for _, v := range values {
				s = s.WithHeader(v)
			}
		case "Cookie":
			cookies := (&http.Request{Header: http.Header{name: values}}).Cookies()
			for _, cookie := range cookies {
				s = s.With(cookie.Value)
			}
			s = s.With(values...)
		default:
			s = s.With(longEnough(values)...)
		}
	}
	return s
}

func longEnough(values []string) (secrets []string) {
	for _, v := range values {
		if len(v) >= minSecret {
			secrets = append(secrets, v)
		}
	}
	return secrets
}

// redacted returns a mark in place of s, or "" in quotation marks if s is empty.
func redacted(s string) string {
	if s == "" {
		return `""`
	}
	return redact.Mark
}
