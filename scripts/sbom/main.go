// Command sbom writes what a program is made of, as a CycloneDX document. It reads the program itself: the
// modules, with the sums that the go command checked, and the version of Go.
//
//	go run ./scripts/sbom PROGRAM >rtx.cdx.json
//
// The same program gives the same bytes: there is no time and no random number in it.
package main

import (
	"cmp"
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"runtime/debug"
	"slices"
	"strings"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

func run(args []string, w io.Writer) error {
	if len(args) != 1 {
		return errors.New("name one program")
	}
	info, err := buildinfo.ReadFile(args[0])
	if err != nil {
		return err
	}
	d, err := documentOf(info)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(d)
}

// A document is as much of CycloneDX 1.6 as there is to say.
type document struct {
	Format      string       `json:"bomFormat"`
	SpecVersion string       `json:"specVersion"`
	Version     int          `json:"version"`
	Metadata    metadata     `json:"metadata"`
	Components  []component  `json:"components"`
	DependsOn   []dependency `json:"dependencies"`
}

type metadata struct {
	Component component `json:"component"`
}

type component struct {
	Type       string     `json:"type"`
	Ref        string     `json:"bom-ref"`
	Name       string     `json:"name"`
	Version    string     `json:"version"`
	PURL       string     `json:"purl"`
	Hashes     []hash     `json:"hashes,omitempty"`
	Properties []property `json:"properties,omitempty"`
}

type hash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type dependency struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn"`
}

func documentOf(info *debug.BuildInfo) (*document, error) {
	main, err := componentOf("application", &info.Main)
	if err != nil {
		return nil, err
	}
	for _, s := range info.Settings { // how it was built: platform, flags, commit
		main.Properties = append(main.Properties, property{"go:build:" + s.Key, s.Value})
	}
	version := strings.TrimPrefix(info.GoVersion, "go")
	d := &document{Format: "CycloneDX", SpecVersion: "1.6", Version: 1, Metadata: metadata{main}}
	d.Components = []component{{Type: "library", Ref: "pkg:golang/std@" + version, Name: "std", Version: version, PURL: "pkg:golang/std@" + version}}
	for _, m := range info.Deps {
		if m.Version == "(devel)" { // of the workspace: the same commit, and in a release the same version
			m = &debug.Module{Path: m.Path, Version: info.Main.Version}
		}
		c, err := componentOf("library", m)
		if err != nil {
			return nil, err
		}
		d.Components = append(d.Components, c)
	}
	slices.SortFunc(d.Components, func(a, b component) int { return cmp.Compare(a.Ref, b.Ref) })
	on := dependency{Ref: main.Ref}
	for _, c := range d.Components {
		on.DependsOn = append(on.DependsOn, c.Ref)
	}
	d.DependsOn = []dependency{on}
	return d, nil
}

// componentOf tells of a module. What it is replaced by is what was built.
func componentOf(kind string, m *debug.Module) (component, error) {
	if m.Replace != nil {
		m = m.Replace
	}
	// Of a package URL, the path's slashes stay and what is special in its parts does not.
	parts := strings.Split(m.Path, "/")
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	ref := "pkg:golang/" + strings.Join(parts, "/") + "@" + url.PathEscape(m.Version)
	c := component{Type: kind, Ref: ref, Name: m.Path, Version: m.Version, PURL: ref}
	if m.Sum != "" {
		encoded, ok := strings.CutPrefix(m.Sum, "h1:")
		sum, err := base64.StdEncoding.DecodeString(encoded)
		if !ok || err != nil {
			return component{}, fmt.Errorf("%s has the sum %q, of which nothing is known", m.Path, m.Sum)
		}
		// It is that of a list of the files' sums, so a name says which one it is.
		c.Properties = []property{{"go:sum", m.Sum}}
		c.Hashes = []hash{{"SHA-256", hex.EncodeToString(sum)}}
	}
	return c, nil
}
