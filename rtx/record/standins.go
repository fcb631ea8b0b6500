package record

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/realtimex/realtimex-go/internal/redact"
)

// maxSecrets bounds the texts that a recording hides. A recording that meets more stops.
const maxSecrets = 1 << 16

// standIns are the texts that a recording hides, each with what stands in its place.
type standIns struct {
	of     map[string]string // by the secret
	counts map[string]int    // by the kind of stand-in
	forms  map[string]string // the stand-in by each form in which a secret may be quoted
	short  redact.Secrets    // those that are hidden as whole words only
	long   *strings.Replacer // made when it is needed; nil if a secret came since
	full   bool
}

// shortest is the length in bytes from which on a secret is hidden also inside of a word, as in
// package redact.
const shortest = 8

// add returns the stand-in of a secret, such as "socket-1" for the kind "socket".
func (s *standIns) add(kind, secret string) string {
	if secret == "" {
		return ""
	}
	if known, ok := s.of[secret]; ok {
		return known
	}
	if s.of == nil {
		s.of, s.counts, s.forms = make(map[string]string), make(map[string]int), make(map[string]string)
	}
	if len(s.of) == maxSecrets {
		s.full = true
		return ""
	}
	s.counts[kind]++
	in := fmt.Sprintf("%s-%d", kind, s.counts[kind])
	s.of[secret] = in
	for _, form := range redact.Forms(secret) {
		s.forms[form] = in
	}
	if len(secret) < shortest {
		s.short = s.short.With(secret)
	}
	s.long = nil
	return in
}

// hide adds a text as transport.Session.Hide has it: the whole, and its parts before and after the
// first colon.
func (s *standIns) hide(text string) {
	s.add("secret", text)
	if before, after, ok := strings.Cut(text, ":"); ok {
		s.add("secret", before)
		s.add("secret", after)
	}
}

// replace returns the text with the stand-ins.
func (s *standIns) replace(text string) string {
	if len(s.of) == 0 {
		return text
	}
	if s.long == nil {
		s.long = s.replacer()
	}
	text = s.long.Replace(text)
	return s.short.Replace(text, func(form string) string { return s.forms[form] })
}

func (s *standIns) replacer() *strings.Replacer {
	var forms []string
	for form := range s.forms {
		if len(form) >= shortest {
			forms = append(forms, form)
		}
	}
	// Of two that begin at one place the longer one counts.
	slices.SortFunc(forms, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b))
	})
	pairs := make([]string, 0, 2*len(forms))
	for _, form := range forms {
		pairs = append(pairs, form, s.forms[form])
	}
	return strings.NewReplacer(pairs...)
}
