package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

// A failure is an error with the command that is to be run next.
type failure struct {
	err  error
	next string // such as "rtx doctor"
}

func (f *failure) Error() string { return f.err.Error() }

func (f *failure) Unwrap() error { return f.err }

// withNext is a line for people: what went wrong, and the command that comes next. It is the help of
// the command if nothing is better.
func withNext(err error, cmd *cobra.Command) string {
	if f, ok := errors.AsType[*failure](err); ok && cmd.Name() != "doctor" {
		return err.Error() + "; try " + f.next
	}
	if f, ok := errors.AsType[*checksError](err); ok {
		return f.Error() + "; what to do is in their lines"
	}
	return err.Error() + "; see " + cmd.CommandPath() + " --help"
}

// checksError is what the doctor ends with.
type checksError struct{ n int }

func (f *checksError) Error() string { return fmt.Sprintf("checks that failed: %d", f.n) }

// examined makes an error of the connection a failure that the doctor can say more of.
func (c *connection) examined(err error) error {
	next := "rtx doctor"
	switch {
	case c.context != "":
		next += " --context " + c.context
	case c.urlGiven:
		next += " " + c.target
		if c.path != "/" {
			next += printable(c.path)
		}
	}
	return &failure{err, next}
}
