package main

import (
	"io"
	"strings"
	"testing"
)

const scan = `{"config":{"scanner_name":"govulncheck"}}
{"SBOM":{"modules":[{"path":"ours.test"},{"path":"theirs.test","version":"v1.0.0"}]}}
{"osv":{"id":"GO-1","summary":"reads too much"}}
`

func TestJudge(t *testing.T) {
	const (
		called = `{"finding":{"osv":"GO-1","fixed_version":"v1.0.1","trace":[{"module":"theirs.test","version":"v1.0.0","package":"theirs.test/p","function":"Read"},{"module":"ours.test","package":"ours.test/q","function":"Use"}]}}`
		there  = `{"finding":{"osv":"GO-1","trace":[{"module":"theirs.test","version":"v1.0.0","package":"theirs.test/p"}]}}`
		ofGo   = `{"finding":{"osv":"GO-2","fixed_version":"v1.26.9","trace":[{"module":"stdlib","version":"v1.26.8","package":"net/http","function":"Do"},{"module":"ours.test","package":"ours.test/q","function":"Get"}]}}`
	)
	for name, tt := range map[string]struct {
		findings string
		found    int
		says     string
	}{
		"nothing":                   {"", 0, "0 vulnerabilities of dependencies are called; 0 are"},
		"only there":                {there, 0, "0 vulnerabilities of dependencies are called; 1 are"},
		"called":                    {there + called, 1, "FAILED: GO-1, theirs.test v1.0.0 (reads too much), fixed in v1.0.1; called by ours.test/q.Use"},
		"called in two ways":        {called + called, 1, "1 vulnerabilities of dependencies are called; 0 are"},
		"of the standard library":   {ofGo, 0, "NOTE: GO-2, stdlib v1.26.8 (no summary), fixed in v1.26.9; called by ours.test/q.Get"},
		"of both":                   {ofGo + called, 1, "NOTE: GO-2"},
		"known by no fixed version": {strings.Replace(called, `"fixed_version":"v1.0.1",`, "", 1), 1, "fixed in no version"},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			found, err := judge(strings.NewReader(scan+tt.findings), &out)
			if err != nil || found != tt.found || !strings.Contains(out.String(), tt.says) {
				t.Errorf("%d, %v:\n%s", found, err, out.String())
			}
		})
	}
}

// A scan that did not take place must not pass for one that found nothing.
func TestJudgeNothing(t *testing.T) {
	for _, in := range []string{"", "{}", `{"SBOM":{}}`, "govulncheck: no such host", scan[:40]} {
		if _, err := judge(strings.NewReader(in), io.Discard); err == nil {
			t.Errorf("%q is taken for a scan", in)
		}
	}
}
