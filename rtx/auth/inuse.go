package auth

import (
	"errors"
	"strings"

	"github.com/realtimex/realtimex-go/internal/redact"
)

// minData is the length, in bytes, from which user data counts as a secret and is removed from
// texts.
const minData = 8

// findSecrets returns the secrets of the options and the URL: its path and query, the values of
// headers but those that say what kind of program asks, and the fields.
func (b *backend) findSecrets() redact.Secrets {
	var s redact.Secrets
	if b.url != nil {
		for name, values := range b.url.Query() {
			if s = s.With(values...); strings.Join(values, "") == "" {
				s = s.With(name) // all there is
			}
		}
		if path := b.url.RequestURI(); path != "/" {
			s = s.With(path)
		}
	}
	for name, values := range b.header {
		switch name {
		case "Accept", "Accept-Encoding", "Accept-Language", "User-Agent":
			continue
		}
		for _, v := range values {
			s = s.WithHeader(v)
		}
	}
	for _, value := range b.fields {
		text, ok := stringOf(value)
		if !ok && len(value) >= minData {
			text = string(value)
		}
		s = s.With(text)
	}
	return s
}

// inUse returns all secrets that this call of Authorize has sent, or may have.
func (a *asking) inUse() redact.Secrets {
	return requestSecrets(a.secrets, a.request).With(a.tokens...)
}

// requestSecrets returns s with the secrets of a request added.
func requestSecrets(s redact.Secrets, r Request) redact.Secrets {
	s = s.With(r.Key.Reveal())
	if len(r.UserData) >= minData {
		s = s.With(string(r.UserData))
	}
	return s
}

// tidy returns an error of the user's own Authorizer without the secrets of the request. If it has
// a RetryError, so does the result.
func tidy(err error, r Request) error {
	clean := requestSecrets(redact.Secrets{}, r).Error(err)
	if _, stays := errors.AsType[*RetryError](clean); stays {
		return clean
	}
	if retry, ok := errors.AsType[*RetryError](err); ok {
		return &RetryError{Channel: retry.Channel, Status: retry.Status, After: retry.After, OnServer: retry.OnServer, Err: clean}
	}
	return clean
}
