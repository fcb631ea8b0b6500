package main

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"

	"github.com/realtimex/realtimex-go/internal/advice"
)

// A savedContext is a service that has a name. It holds no app secret: only where that is.
type savedContext struct {
	URL           string `json:"url"`
	Key           string `json:"key,omitempty"`
	KeyFile       string `json:"key_file,omitempty"`
	KeyCommand    string `json:"key_command,omitempty"`
	AuthEndpoint  string `json:"auth_endpoint,omitempty"`
	SecretFile    string `json:"secret_file,omitempty"`
	SecretCommand string `json:"secret_command,omitempty"`
	UserID        string `json:"user_id,omitempty"`
}

// savedContexts is the file of contexts.
type savedContexts struct {
	Version int                     `json:"version"`
	Current string                  `json:"current,omitempty"`
	Named   map[string]savedContext `json:"contexts"`
}

const (
	contextsVersion = 1
	maxContexts     = 1000
	maxContextsFile = 1 << 20 // bytes
)

var contextName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// names are sorted.
func (s savedContexts) names() []string { return slices.Sorted(maps.Keys(s.Named)) }

// contextsPath is where the file of contexts is, or would be.
func contextsPath() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", usage("there is no directory for contexts: set HOME or XDG_CONFIG_HOME")
	}
	return filepath.Join(dir, "rtx", "contexts.json"), nil
}

// loadContexts reads the file of contexts. Without one there are none. Others must not be able to
// read it, or to change where secrets come from.
func loadContexts() (savedContexts, error) {
	none := savedContexts{Version: contextsVersion, Named: make(map[string]savedContext)}
	path, err := contextsPath()
	if err != nil {
		return none, err
	}
	text, err := readPrivate(path, maxContextsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return none, nil
	}
	if err != nil {
		return none, err
	}
	saved := none
	switch err := json.Unmarshal(text, &saved); {
	case err != nil:
		return none, usage("%s is damaged: repair it, or remove it and begin anew with rtx context add", printable(path))
	case saved.Version != contextsVersion:
		return none, usage("%s has version %d, and this rtx reads version %d: update rtx", printable(path), saved.Version, contextsVersion)
	}
	if saved.Named == nil {
		saved.Named = none.Named
	}
	return saved, nil
}

// save replaces the file, as a whole or not at all.
func (s savedContexts) save() error {
	path, err := contextsPath()
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return usage("can't make %s: %s", printable(dir), advice.Bare(err))
	}
	file, err := os.CreateTemp(dir, ".contexts-*") // with mode 0600
	if err != nil {
		return usage("can't write to %s: %s", printable(dir), advice.Bare(err))
	}
	defer os.Remove(file.Name()) // nothing is left of it by then, unless it failed
	_, err = file.Write(append(text, '\n'))
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return usage("can't write %s: %s", printable(path), advice.Bare(err))
	}
	return nil
}

// readPrivate reads a file that only its owner may read or change.
func readPrivate(path string, limit int64) ([]byte, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err != nil {
		return nil, usage("can't open %s: %s", printable(path), advice.Bare(err))
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, usage("can't look at %s: %s", printable(path), advice.Bare(err))
	case !info.Mode().IsRegular():
		return nil, usage("%s is no file", printable(path))
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		return nil, usage("other users of this machine may read or change %s: chmod 600 it, and change what it holds if they could", printable(path))
	}
	text, err := io.ReadAll(io.LimitReader(file, limit+1))
	switch {
	case err != nil:
		return nil, usage("can't read %s: %s", printable(path), advice.Bare(err))
	case int64(len(text)) > limit:
		return nil, usage("%s is longer than %d bytes", printable(path), limit)
	}
	return text, nil
}
