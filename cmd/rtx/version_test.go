package main

import (
	"encoding/json"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
)

func TestVersion(t *testing.T) {
	flag, _ := once(t, nil, 0, "--version")
	out, _ := once(t, nil, 0, "version")
	if len(out) != 1 || !strings.HasPrefix(out[0], "rtx version ") || !strings.Contains(out[0], runtime.Version()) {
		t.Errorf("%q", out)
	}
	if len(flag) != 1 || flag[0] != out[0] {
		t.Errorf("--version says %q, and version %q", flag, out)
	}
	out, _ = once(t, nil, 0, "version", "--json")
	var made build
	if len(out) != 1 || json.Unmarshal([]byte(out[0]), &made) != nil || made.Go != runtime.Version() {
		t.Errorf("%q", out)
	}
}

func TestVersionTellsTheCommit(t *testing.T) {
	for want, settings := range map[string][]debug.BuildSetting{
		"v0.2.0 (go1.26.8)": nil, // from a module proxy
		"v0.2.0 (commit 1a2b3c, go1.26.8)": {
			{Key: "vcs", Value: "git"}, {Key: "vcs.revision", Value: "1a2b3c"}, {Key: "vcs.modified", Value: "false"},
		},
		"v0.2.0 (commit 1a2b3c with changes, go1.26.8)": {
			{Key: "vcs.revision", Value: "1a2b3c"}, {Key: "vcs.modified", Value: "true"},
		},
	} {
		info := &debug.BuildInfo{GoVersion: "go1.26.8", Main: debug.Module{Version: "v0.2.0"}, Settings: settings}
		if got := buildOf(info).String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
