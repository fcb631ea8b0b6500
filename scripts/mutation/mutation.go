package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A mutation breaks one promise of the library in one place, which it finds by the shape of the
// code. Where the code stands, how it is formatted and what its comments say does not count. See
// the package comment for patterns.
type mutation struct {
	name string // what is broken, in a few words; unique in the list
	in   string // the package's directory
	fn   string // "Func" or "Type.Method", as its author would say it; "" is the whole package
	do   operator

	by         string  // which tests of the package must fail, as a regular expression; all by default
	tests      []tests // or which of other packages
	equivalent string  // the proof that no test can fail; "" for all but a few
}

// tests is one run of go test.
type tests struct {
	pkg  string   // its directory
	run  string   // which tests; all by default
	args []string // flags of the test binary
}

// fewer is the flags with which a package's tests repeat themselves less often than they do by
// themselves.
var fewer = map[string][]string{"rtx/mirror": {"-schedules=40"}, "rtx/presence": {"-histories=300"}}

// slow is the packages whose tests take many seconds.
var slow = map[string]bool{"internal/core": true, "internal/simulation": true}

// list is all mutations, one file for each area.
var list = slices.Concat(coreMutations, faultMutations, rtxMutations, flowMutations, mirrorMutations, presenceMutations,
	authMutations, transportMutations, pollingMutations, engineioMutations, streamMutations, plainMutations, testserverMutations, consoleMutations, programMutations, recordMutations, rtxotelMutations, bridgeMutations, toolMutations)

// checks returns what is run on the mutated tree, in order.
func (m mutation) checks() []tests {
	if len(m.tests) == 0 {
		return []tests{{pkg: m.in, run: m.by, args: fewer[m.in]}}
	}
	return m.tests
}

// command is what follows "go".
func (t tests) command(limit time.Duration) []string {
	c := []string{"test", "-json", "-count=1", "-failfast", "-vet=off", "-timeout=" + limit.String()}
	if t.run != "" {
		c = append(c, "-run="+t.run)
	}
	return append(append(c, "./"+t.pkg), t.args...)
}

// slow tells whether the tests take many seconds.
func (m mutation) slow() bool {
	return slices.ContainsFunc(m.checks(), func(t tests) bool { return slow[t.pkg] })
}

// apply returns the file that m changes, and its text before and after. A mutation that finds no
// place, or more than one, is an error: the list is to be brought up to date.
func (m mutation) apply(root string) (path string, before, after []byte, err error) {
	p, err := load(root, m.in)
	if err != nil {
		return "", nil, nil, fmt.Errorf("%q: %w", m.name, err)
	}
	return m.applyTo(p)
}

// applyTo is apply with the package that m is in.
func (m mutation) applyTo(p pkg) (path string, before, after []byte, err error) {
	scopes := p.scopes(m.fn)
	if len(scopes) == 0 {
		return "", nil, nil, fmt.Errorf("%q: %s has no function %s", m.name, m.in, m.fn)
	}
	var found []edit
	for _, s := range scopes {
		found = append(found, m.do(s)...)
	}
	found = unique(found)
	switch {
	case len(found) == 0:
		return "", nil, nil, fmt.Errorf("%q: nothing in %s %s is of that shape", m.name, m.in, m.fn)
	case len(found) > 1:
		places := make([]string, len(found))
		for i, e := range found {
			places[i] = e.file.fset.Position(e.from).String()
		}
		return "", nil, nil, fmt.Errorf("%q: %d places are of that shape: %s", m.name, len(found), strings.Join(places, ", "))
	}
	e := found[0]
	return e.file.path, e.file.src, e.apply(), nil
}
