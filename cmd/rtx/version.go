package main

import (
	"encoding/json"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

func versionCommand(console *console) *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Tell version, commit and Go version",
		Long: `version prints what this rtx was made of, for a report of a fault: its version, the
commit if it was built from a checkout, and the version of Go. go install with a version
takes it from a module proxy, which knows no commit: there the version says it.

With --json it is one line {"version","commit","modified","go"}; "commit" is "" if it is
not known, and "modified" tells that there were changes which the commit does not have.`,
		Example: `  rtx version
  rtx version --json`,
		Args:              between(0),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(*cobra.Command, []string) error {
			made := readBuild()
			if asJSON {
				line, err := json.Marshal(made)
				if err != nil {
					return err
				}
				return console.Print(line)
			}
			return console.Print([]byte("rtx version " + made.String()))
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}

// A build is what the program was made of.
type build struct {
	Version  string `json:"version"`
	Commit   string `json:"commit"`
	Modified bool   `json:"modified"`
	Go       string `json:"go"`
}

func readBuild() build {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return build{Version: "unknown"}
	}
	return buildOf(info)
}

func buildOf(info *debug.BuildInfo) build {
	b := build{Version: info.Main.Version, Go: info.GoVersion}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

// String is one line, such as "v0.2.0 (commit 1a2b3c…, go1.26.8)".
func (b build) String() string {
	var parts []string
	switch {
	case b.Commit != "" && b.Modified:
		parts = append(parts, "commit "+b.Commit+" with changes")
	case b.Commit != "":
		parts = append(parts, "commit "+b.Commit)
	}
	if b.Go != "" {
		parts = append(parts, b.Go)
	}
	if len(parts) == 0 {
		return b.Version
	}
	return b.Version + " (" + strings.Join(parts, ", ") + ")"
}
