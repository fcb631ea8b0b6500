package transport

import (
	"errors"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// maxServerText bounds, in bytes, what of the server's words an error shows.
	maxServerText = 200

	// minSecret is the length from which an id of the server's is looked for in
	// texts. A shorter one identifies nobody, and would be found everywhere.
	minSecret = 6
)

// secrets are texts that no error may show: a server, or somebody's
// RoundTripper, may quote them.
type secrets []string

// keySecrets are the key, and the key as it stands in the URL.
func keySecrets(key string) secrets {
	if escaped := url.QueryEscape(key); escaped != key {
		return secrets{escaped, key}
	}
	return secrets{key}
}

// with adds ids of the server's.
func (s secrets) with(ids ...string) secrets {
	s = append(secrets{}, s...)
	for _, id := range ids {
		if len(id) >= minSecret {
			s = append(s, id)
		}
	}
	return s
}

// hide replaces them.
func (s secrets) hide(text string) string {
	for _, secret := range s {
		text = strings.ReplaceAll(text, secret, "[redacted]")
	}
	return text
}

// hideIn drops an error whose text shows one of them.
func (s secrets) hideIn(err error) error {
	text := err.Error()
	if clean := s.hide(text); clean != text {
		return errors.New(clean)
	}
	return err
}

// serverText makes words of the server fit for an error: without secrets,
// bounded, printable.
func (s secrets) serverText(text string) string {
	text = s.hide(text)
	if len(text) > maxServerText {
		end := maxServerText
		for end > 0 && !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end]
	}
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return '.'
		}
		return r
	}, text)
}

// redacted tells whether s is set.
func redacted(s string) string {
	if s == "" {
		return `""`
	}
	return "[redacted]"
}
