// Command licences finds out under which licence each dependency is, of all modules of the workspace and
// of their tests, and fails if one is not among those that are taken, or can't be told.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// taken are the licences that a program under any licence can be made with, if it names them.
var taken = []string{"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "Unlicense"}

func main() {
	err := check(os.Stdout, "go", "list", "-deps", "-test", "-json=Module", "work")
	if err != nil {
		fmt.Fprintln(os.Stderr, "licences:", err)
		os.Exit(1)
	}
}

// A dependency is a module that something here is made of.
type dependency struct {
	Path, Version, Dir string
	Main               bool
	Replace            *dependency
}

func check(w io.Writer, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	dependencies, err := read(out)
	if err != nil {
		return err
	}
	if len(dependencies) == 0 {
		return errors.New("there are no dependencies, which can't be")
	}
	count, failed := make(map[string]int), false
	for _, d := range dependencies {
		licence, err := licenceOf(d.Dir)
		if err == nil && !slices.Contains(taken, licence) {
			err = fmt.Errorf("%s is not among the licences that are taken", licence)
		}
		if err != nil {
			failed = true
			fmt.Fprintf(w, "FAILED: %s %s: %v\n", d.Path, d.Version, err)
			continue
		}
		count[licence]++
	}
	for _, licence := range taken {
		if count[licence] > 0 {
			fmt.Fprintf(w, "%s: %d modules\n", licence, count[licence])
		}
	}
	if failed {
		return errors.New("a licence is not taken or not known: see above, and the list in scripts/licences")
	}
	return nil
}

// read takes the modules from what go list prints of packages: each once, and not those of this
// repository.
func read(list []byte) (found []dependency, err error) {
	for dec := json.NewDecoder(bytes.NewReader(list)); ; {
		var p struct{ Module *dependency }
		if err := dec.Decode(&p); err == io.EOF {
			return found, nil
		} else if err != nil {
			return nil, err
		}
		if m := p.Module; m != nil && !m.Main && !slices.ContainsFunc(found, func(d dependency) bool { return d.Path == m.Path }) {
			if m.Replace != nil {
				m.Dir = m.Replace.Dir
			}
			found = append(found, *m)
		}
	}
}

// fileName matches the files that state a licence: LICENSE, LICENCE.md, LICENSE-MIT, COPYING.
var fileName = regexp.MustCompile(`(?i)^(licen[cs]e|copying|unlicense)([-.].*)?$`)

// licenceOf tells the licence in a folder. A module with several is under that which can be told and is
// taken.
func licenceOf(dir string) (string, error) {
	if dir == "" {
		return "", errors.New("is not downloaded")
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	var told []string
	for _, e := range entries {
		if e.IsDir() || !fileName.MatchString(e.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return "", err
		}
		if licence := classify(string(text)); licence != "" {
			told = append(told, licence)
		}
	}
	if len(told) == 0 {
		return "", errors.New("has no licence that can be told")
	}
	if i := slices.IndexFunc(told, func(l string) bool { return slices.Contains(taken, l) }); i > 0 {
		return told[i], nil
	}
	return told[0], nil
}

// marks are what a licence's text has, all of it, apart from spaces and case. The first that fits counts:
// so a text that says more comes before one that says less, and one with conditions before one without.
var marks = []struct {
	licence string
	has     []string
}{
	{"AGPL-3.0", []string{"gnu affero general public license"}},
	{"LGPL", []string{"gnu lesser general public license"}},
	{"GPL", []string{"gnu general public license"}},
	{"MPL-2.0", []string{"mozilla public license version 2.0"}},
	{"BUSL-1.1", []string{"business source license"}},
	{"SSPL-1.0", []string{"server side public license"}},
	{"Apache-2.0", []string{"apache license version 2.0"}},
	{"BSD-3-Clause", []string{"redistribution and use in source and binary forms", "name of", "endorse or promote"}},
	{"BSD-2-Clause", []string{"redistribution and use in source and binary forms", "redistributions in binary form must reproduce"}},
	{"MIT", []string{"permission is hereby granted, free of charge", "the above copyright notice and this permission notice"}},
	{"ISC", []string{"permission to use, copy, modify, and/or distribute this software", "the above copyright notice and this permission notice appear"}},
	{"ISC", []string{"permission to use, copy, modify, and distribute this software", "the above copyright notice and this permission notice appear"}},
	{"0BSD", []string{"permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted"}},
	{"Unlicense", []string{"this is free and unencumbered software released into the public domain"}},
}

// spaces are what lies between words, commas and quotes of a title among it.
var spaces = regexp.MustCompile(`[\s*#>"“”]+`)

func classify(text string) string {
	text = spaces.ReplaceAllString(strings.ToLower(text), " ")
	text = strings.ReplaceAll(text, "license, version", "license version")
	for _, m := range marks {
		if !slices.ContainsFunc(m.has, func(part string) bool { return !strings.Contains(text, part) }) {
			return m.licence
		}
	}
	return ""
}
