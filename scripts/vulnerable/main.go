// Command vulnerable judges what govulncheck -format json prints. It fails if this repository's code
// calls, by whatever way, what is known to be vulnerable in a dependency. What it calls in the standard
// library is a note: that is mended by a newer Go, which is not in this repository's hands.
package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

func main() {
	found, err := judge(os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "vulnerable:", err)
	}
	if err != nil || found > 0 {
		os.Exit(1)
	}
}

// A message is one of the values that govulncheck prints, as far as it is of use here.
type message struct {
	SBOM *struct {
		Modules []struct{ Path string }
	}
	OSV *struct {
		ID, Summary string
	}
	Finding *finding
}

type finding struct {
	OSV          string
	FixedVersion string `json:"fixed_version"`
	// Trace goes from what is vulnerable to what calls it. Without a function it says only that the
	// module or the package is there.
	Trace []struct{ Module, Version, Package, Function, Receiver string }
}

// judge reads what govulncheck prints, tells each vulnerability that is called once, and counts those
// of dependencies.
func judge(r io.Reader, w io.Writer) (found int, err error) {
	summaries, told := make(map[string]string), make(map[string]bool)
	scanned, uncalled := false, make(map[string]bool)
	var called []finding
	for dec := json.NewDecoder(r); ; {
		var m message
		if err := dec.Decode(&m); err == io.EOF {
			break
		} else if err != nil {
			return 0, fmt.Errorf("this is not what govulncheck prints: %w", err)
		}
		scanned = scanned || m.SBOM != nil && len(m.SBOM.Modules) > 0
		if m.OSV != nil {
			summaries[m.OSV.ID] = m.OSV.Summary
		}
		switch f := m.Finding; {
		case f == nil || len(f.Trace) == 0:
		case f.Trace[0].Function == "":
			uncalled[f.OSV] = true
		default:
			called = append(called, *f)
		}
	}
	if !scanned {
		return 0, errors.New("govulncheck has looked at no module")
	}
	for _, f := range called {
		if told[f.OSV] {
			continue
		}
		told[f.OSV] = true
		kind := "NOTE"
		if f.Trace[0].Module != "stdlib" {
			kind = "FAILED"
			found++
		}
		by := f.Trace[len(f.Trace)-1]
		fmt.Fprintf(w, "%s: %s, %s %s (%s), fixed in %s; called by %s\n", kind, f.OSV, f.Trace[0].Module, f.Trace[0].Version,
			cmp.Or(summaries[f.OSV], "no summary"), cmp.Or(f.FixedVersion, "no version"), by.Package+"."+by.Function)
	}
	for id := range told {
		delete(uncalled, id)
	}
	fmt.Fprintf(w, "%d vulnerabilities of dependencies are called; %d are in what is required, and not called\n", found, len(uncalled))
	return found, nil
}
