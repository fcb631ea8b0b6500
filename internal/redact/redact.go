// Package redact makes words of others fit for an error and a log: without the secrets in use,
// bounded, printable.
//
// A text that comes from the network, or from code that talks to it (an http.RoundTripper, a proxy,
// a certificate), may quote what it was sent, may be of any length, and may hold what a terminal
// obeys. All functions are pure.
package redact

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// Mark stands where a secret stood.
	Mark = "[redacted]"

	// MaxText is the most bytes that [Secrets.Text] returns.
	MaxText = 200

	// long is the length in bytes from which a secret is hidden wherever it stands. A shorter one
	// is hidden as a whole token only: the letters of the key "un" are part of many words, and
	// whoever reads half of them knows the key.
	long = 8

	cutMark = "…"
)

// Secrets are texts that nobody may be shown. The zero value hides nothing. It is not changed once
// made, and prints nothing of what it holds.
type Secrets struct {
	// Longest first, none twice, none empty. A function, because fmt prints what a field holds, and
	// what a pointer there leads to; of a function it prints the address.
	forms func() []string
}

// Of returns Secrets of these texts. Empty ones count for nothing.
func Of(texts ...string) Secrets { return Secrets{}.With(texts...) }

// With returns s and these texts, in each form in which they may be quoted: as they are, in a URL,
// in a string of JSON or Go, and in such a string that is quoted itself.
func (s Secrets) With(texts ...string) Secrets {
	forms := slices.Clone(s.all())
	for _, t := range texts {
		if t == "" {
			continue
		}
		if forms = append(forms, t); plain(t) {
			continue
		}
		forms = append(forms, url.QueryEscape(t), url.PathEscape(t), inString(t), inString(inString(t)))
		if quoted, err := json.Marshal(t); err == nil { // it escapes <, > and & too
			forms = append(forms, strings.Trim(string(quoted), `"`))
		}
	}
	slices.SortFunc(forms, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b))
	})
	forms = slices.Compact(forms)
	return Secrets{forms: func() []string { return forms }}
}

func (s Secrets) all() []string {
	if s.forms == nil {
		return nil
	}
	return s.forms()
}

// String returns "[redacted]".
func (s Secrets) String() string { return Mark }

// Format implements [fmt.Formatter]: String, whatever the verb.
func (s Secrets) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, Mark) }

// WithAuth returns s and a channel's signature: the whole of KEY:hex, and each of the two alone.
func (s Secrets) WithAuth(auth string) Secrets {
	key, sum, _ := strings.Cut(auth, ":")
	return s.With(auth, key, sum)
}

// WithHeader returns s and the value of a header such as Authorization: the whole, what follows the
// scheme ("Bearer x"), and both halves of what Basic has encoded.
func (s Secrets) WithHeader(value string) Secrets {
	scheme, rest, found := strings.Cut(value, " ")
	if !found {
		return s.With(value)
	}
	s = s.With(value, rest)
	if strings.EqualFold(scheme, "Basic") {
		if plain, err := base64.StdEncoding.DecodeString(rest); err == nil {
			user, password, _ := strings.Cut(string(plain), ":")
			s = s.With(string(plain), user, password)
		}
	}
	return s
}

// plain reports whether a text is the same in each form: keys and ids are, nearly all.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i] | 0x20; (c < 'a' || c > 'z') && (s[i] < '0' || s[i] > '9') && s[i] != '-' && s[i] != '_' {
			return false
		}
	}
	return true
}

// inString escapes what a JSON text or a Go string can't hold between quotation marks, and nothing
// else.
func inString(s string) string { return inStrings.Replace(s) }

var inStrings = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// Hide returns the text with each secret replaced by [Mark]. One of 8 bytes or more is replaced
// wherever it stands, a shorter one only where it is a whole token: where no letter, digit or
// underscore goes on from it on either side. The escapes of a URL or a string (%22, \n, \u0022) are
// no part of a token.
func (s Secrets) Hide(text string) string {
	return s.Replace(text, mark)
}

func mark(string) string { return Mark }

// Shows reports whether a secret stands in the text: whether Hide would change it.
func (s Secrets) Shows(text string) bool {
	for _, form := range s.all() {
		for from := 0; ; {
			at := strings.Index(text[from:], form)
			if at < 0 {
				break
			}
			if at += from; stands(form, text[:at], text[at+len(form):]) {
				return true
			}
			from = at + 1
		}
	}
	return false
}

// replace works on the text until enough bytes are out; whole says whether that was all of it.
func (s Secrets) replace(text string, enough int, by func(form string) string) (out string, whole bool) {
	var b strings.Builder
	i := 0
	for i < len(text) && b.Len() < enough {
		n := s.match(text, i)
		if n == 0 {
			b.WriteByte(text[i])
			i++
			continue
		}
		form := text[i : i+n]
		// A secret may begin within another one.
		for end := i + n; i < end; i++ {
			end = max(end, i+s.match(text, i))
		}
		b.WriteString(by(form))
	}
	return b.String(), i == len(text)
}

// match returns the length of the longest secret that stands at text[i:], or 0.
func (s Secrets) match(text string, i int) int {
	for _, form := range s.all() {
		if text[i] == form[0] && strings.HasPrefix(text[i:], form) && stands(form, text[:i], text[i+len(form):]) {
			return len(form)
		}
	}
	return 0
}

// stands tells whether the secret between before and after is there as such, and not as letters of
// another word.
func stands(secret, before, after string) bool {
	if len(secret) >= long {
		return true
	}
	head, _ := utf8.DecodeRuneInString(secret)
	last, _ := utf8.DecodeLastRuneInString(before)
	tail, _ := utf8.DecodeLastRuneInString(secret)
	next, _ := utf8.DecodeRuneInString(after)
	return !(part(head) && part(last) && !escapeEnds(before)) && !(part(tail) && part(next))
}

// part tells whether r is part of a token.
func part(r rune) bool {
	return r != utf8.RuneError && (r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r))
}

// escapeEnds tells whether text ends with an escape of a URL or of a string.
func escapeEnds(text string) bool {
	tail := func(n int) string { return text[max(0, len(text)-n):] }
	hex := func(s string) bool { return strings.Trim(s, "0123456789abcdefABCDEF") == "" }
	if t := tail(3); len(t) == 3 && t[0] == '%' && hex(t[1:]) {
		return true
	}
	for _, e := range []struct {
		lead string
		size int
	}{{`\u`, 4}, {`\U`, 8}, {`\x`, 2}} {
		if t := tail(2 + e.size); len(t) == 2+e.size && strings.HasPrefix(t, e.lead) && hex(t[2:]) {
			return true
		}
	}
	t := tail(2)
	return len(t) == 2 && t[0] == '\\' && strings.IndexByte("abfnrtv", t[1]) >= 0
}

// Text returns words of a peer's as an error may show them: without the secrets, printable, and of
// at most [MaxText] bytes, the last of which are "…" where something was cut. It looks no further
// into a long text than it has to.
func (s Secrets) Text(text string) string {
	hidden, whole := s.replace(text, 4*MaxText, mark)
	shown := Printable(hidden)
	if !whole {
		shown += cutMark
	}
	return Bound(shown, MaxText)
}

// Printable returns the text with each code point that does not print, or that is not UTF-8,
// replaced by a full stop: what moves a cursor, colors a terminal, breaks a line of a log, turns
// the direction of the text, or can't be seen.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return '.'
		}
		return r
	}, text)
}

// Bound returns at most limit bytes of the text, cut between code points. What was cut ends in "…".
func Bound(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	end := max(0, limit-len(cutMark))
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + cutMark
}

// Forms returns a secret in each form in which it may be quoted, as [Secrets.With] has them.
func Forms(secret string) []string { return Of(secret).all() }

// Replace returns the text with each secret replaced by what by returns for the form that stands
// there. It finds what [Secrets.Hide] finds.
func (s Secrets) Replace(text string, by func(form string) string) string {
	replaced, _ := s.replace(text, math.MaxInt, by)
	return replaced
}
