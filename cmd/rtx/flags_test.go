package main

import (
	"os"
	"testing"

	"github.com/spf13/pflag"
)

// A flag means the same in every command: a letter stands for one name, that name has one letter
// and one kind of value, and -n is --count wherever something can be counted.
func TestFlagsMeanTheSameInEveryCommand(t *testing.T) {
	type meaning struct{ name, letter, kind string }
	byName, byLetter, counted := map[string]meaning{}, map[string]meaning{}, 0
	for cmd := range commands(newRoot(newConsole(os.Stdin, os.Stdout, os.Stderr))) {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			m := meaning{f.Name, f.Shorthand, f.Value.Type()}
			if was, known := byName[m.name]; known && was != m {
				t.Errorf("%s: %+v, elsewhere %+v", cmd.Name(), m, was)
			}
			byName[m.name] = m
			if m.letter == "" {
				return
			}
			if was, known := byLetter[m.letter]; known && was != m {
				t.Errorf("%s: %+v, elsewhere %+v", cmd.Name(), m, was)
			}
			byLetter[m.letter] = m
			if m.letter == "n" {
				counted++
			}
		})
	}
	if got, want := byLetter["n"], (meaning{"count", "n", "uint"}); got != want || counted < 3 {
		t.Errorf("-n is %+v, in %d commands", got, counted)
	}
	if m, known := byLetter["c"]; known { // for counting there is one letter
		t.Errorf("-c is %+v, and -n counts", m)
	}
}
