package main

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

//go:embed node/client.cjs
var nodeScript string

// nodePackages finds the folder in which npm's clients are installed: the one of the
// interoperability tests, whose lock file pins their versions.
func nodePackages() (folder string, err error) {
	if _, err := exec.LookPath("node"); err != nil {
		return "", errors.New("there is no Node")
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		folder = filepath.Join(dir, "interop")
		if _, err := os.Stat(filepath.Join(folder, "package-lock.json")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("no interop folder here or above: run it in the repository")
		}
	}
	for _, name := range []string{"socket.io-client", "realtimex-js"} {
		if _, err := os.Stat(filepath.Join(folder, "node_modules", name)); err != nil {
			return "", fmt.Errorf("npm's %s is not installed: run npm ci in interop", name)
		}
	}
	return folder, nil
}

// nodeCommand is the child process of a row on Node.
func nodeCommand(folder string, s spec) (*exec.Cmd, error) {
	told, err := json.Marshal(struct {
		spec
		Channel  string `json:"channel"`
		Event    string `json:"event"`
		Cycle    int    `json:"cycle"`
		Verified int    `json:"verified"`
		Grain    int    `json:"grain"`
	}{s, channelName, eventName, cycle, verified, grain})
	if err != nil {
		return nil, err
	}
	return exec.Command("node", "-e", nodeScript, folder, string(told)), nil
}

// packageVersion reads the version of an installed npm package.
func packageVersion(folder, name string) string {
	b, err := os.ReadFile(filepath.Join(folder, "node_modules", name, "package.json"))
	if err != nil {
		return "?"
	}
	var p struct{ Version string }
	if json.Unmarshal(b, &p) != nil {
		return "?"
	}
	return p.Version
}
