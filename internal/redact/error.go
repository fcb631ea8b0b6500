package redact

import (
	"errors"
	"fmt"
	"io"
	"reflect"
)

// Error returns err if each error in its tree reads as [Secrets.Text] would show it. Else it
// returns an error that reads so, and is all of the chain that errors.Unwrap sees: see
// [Secrets.Wrap].
func (s Secrets) Error(err error) error {
	if err == nil || s.fit(err) {
		return err
	}
	return s.Wrap(err, err.Error())
}

// Wrap returns an error that reads as [Secrets.Text] shows the text, and stands for err: errors.Is
// finds in it what it finds in err, errors.As too unless what it finds shows a secret, and Timeout
// is err's. errors.Unwrap does not lead to err, whose own words may be anything.
func (s Secrets) Wrap(err error, text string) error {
	return &wrapped{&original{text: s.Text(text), err: err, secrets: s}}
}

// fit tells whether each error of the tree may be shown as it is.
func (s Secrets) fit(err error) bool {
	return every(err, func(e error) bool {
		text := e.Error()
		return text == s.Text(text)
	})
}

// every tells whether ok holds for each error of the tree.
func every(err error, ok func(error) bool) bool {
	if err == nil {
		return true
	}
	if !ok(err) {
		return false
	}
	switch e := err.(type) { //nolint:errorlint // it walks the tree itself
	case interface{ Unwrap() error }:
		return every(e.Unwrap(), ok)
	case interface{ Unwrap() []error }:
		for _, below := range e.Unwrap() {
			if !every(below, ok) {
				return false
			}
		}
	}
	return true
}

// wrapped has no Unwrap on purpose: whoever walks a chain and prints it must not come to the
// original. That is behind a second pointer because fmt, which can't call the methods of a field
// that is not exported, looks behind the first one.
type wrapped struct{ *original }

type original struct {
	text    string
	err     error
	secrets Secrets
}

func (w *wrapped) Error() string { return w.text }

// Format implements fmt.Formatter: Error, whatever the verb but %q.
func (w *wrapped) Format(f fmt.State, verb rune) {
	if verb == 'q' {
		_, _ = fmt.Fprintf(f, "%q", w.text)
		return
	}
	_, _ = io.WriteString(f, w.text)
}

// Is implements what errors.Is asks for.
func (w *wrapped) Is(target error) bool { return errors.Is(w.err, target) }

// As implements what errors.As asks for.
func (w *wrapped) As(target any) bool {
	to := reflect.ValueOf(target).Elem()
	found := reflect.New(to.Type())
	if !errors.As(w.err, found.Interface()) {
		return false
	}
	if err, ok := reflect.TypeAssert[error](found.Elem()); ok && !every(err, func(e error) bool { return !w.secrets.Shows(e.Error()) }) {
		return false
	}
	to.Set(found.Elem())
	return true
}

// Timeout reports whether the original is a timeout.
func (w *wrapped) Timeout() bool {
	var timeout interface{ Timeout() bool }
	return errors.As(w.err, &timeout) && timeout.Timeout()
}
