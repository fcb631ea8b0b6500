package main

import (
	"bytes"
	"encoding/json"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"testing"
)

func info() *debug.BuildInfo {
	return &debug.BuildInfo{
		GoVersion: "go1.26.8",
		Main:      debug.Module{Path: "ours.test/cmd/x", Version: "v0.2.0"},
		Deps: []*debug.Module{
			{Path: "z.test/a+b", Version: "v1.0.0+incompatible", Sum: "h1:AQID"},
			{Path: "ours.test", Version: "(devel)"},
			{Path: "a.test", Version: "v1.0.0", Replace: &debug.Module{Path: "b.test/fork", Version: "v1.0.1"}},
		},
		Settings: []debug.BuildSetting{{Key: "GOOS", Value: "linux"}, {Key: "vcs.revision", Value: "1a2b3c"}},
	}
}

func TestDocument(t *testing.T) {
	d, err := documentOf(info())
	if err != nil {
		t.Fatal(err)
	}
	var refs []string
	for _, c := range d.Components {
		refs = append(refs, c.Ref)
	}
	want := []string{"pkg:golang/b.test/fork@v1.0.1", "pkg:golang/ours.test@v0.2.0", "pkg:golang/std@1.26.8", "pkg:golang/z.test/a+b@v1.0.0+incompatible"}
	if !slices.Equal(refs, want) {
		t.Errorf("%q, want %q", refs, want)
	}
	if on := d.DependsOn[0]; on.Ref != "pkg:golang/ours.test/cmd/x@v0.2.0" || !slices.Equal(on.DependsOn, refs) {
		t.Errorf("%+v", on)
	}
	if h := d.Components[3].Hashes; !slices.Equal(h, []hash{{"SHA-256", "010203"}}) {
		t.Errorf("%+v", h)
	}
	if p := d.Metadata.Component.Properties; !slices.Contains(p, property{"go:build:vcs.revision", "1a2b3c"}) {
		t.Errorf("%+v", p)
	}
}

func TestUnknownSum(t *testing.T) {
	for _, sum := range []string{"h2:AQID", "h1:*"} {
		i := info()
		i.Deps[0].Sum = sum
		if _, err := documentOf(i); err == nil {
			t.Errorf("%q is taken", sum)
		}
	}
}

// A real program: that of this test.
func TestProgram(t *testing.T) {
	at, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var first, second bytes.Buffer
	if err := run([]string{at}, &first); err != nil {
		t.Fatal(err)
	}
	if err := run([]string{at}, &second); err != nil {
		t.Fatal(err)
	}
	var d document
	if err := json.Unmarshal(first.Bytes(), &d); err != nil || "go"+d.Components[0].Version != runtime.Version() {
		t.Errorf("%v\n%s", err, first.String())
	}
	if first.String() != second.String() {
		t.Error("twice the same program, and different documents")
	}
	if run(nil, &first) == nil || run([]string{"main_test.go"}, &first) == nil {
		t.Error("something is written of what is no program")
	}
}
