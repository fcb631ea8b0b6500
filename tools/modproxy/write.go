package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// writeModule adds a module to the proxy in dir.
func writeModule(root string, m checkedOut, dir string) error {
	escaped, err := module.EscapePath(m.Path)
	if err != nil {
		return err
	}
	at := filepath.Join(dir, filepath.FromSlash(escaped), "@v")
	if err := os.MkdirAll(at, 0o755); err != nil {
		return err
	}
	// The time is one and the same: it is not part of what is tested.
	info, err := json.Marshal(struct {
		Version string
		Time    time.Time
	}{m.Version.Version, time.Unix(0, 0).UTC()})
	if err != nil {
		return err
	}
	var archive bytes.Buffer
	if err := zipModule(&archive, root, m); err != nil {
		return err
	}
	for name, content := range map[string][]byte{
		"list":                      []byte(m.Version.Version + "\n"),
		m.Version.Version + ".info": info,
		m.Version.Version + ".mod":  m.gomod,
		m.Version.Version + ".zip":  archive.Bytes(),
	} {
		if err := os.WriteFile(filepath.Join(at, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// zipModule writes a module's archive, with the bytes that the go command would take from a tag.
func zipModule(w io.Writer, root string, m checkedOut) error {
	cmd := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = filepath.Join(root, m.dir)
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("git ls-files: %w", err)
	}
	var files []zip.File
	licence := false
	for name := range strings.SplitSeq(strings.TrimRight(string(out), "\x00"), "\x00") {
		f := checkedOutFile{name: name, at: filepath.Join(cmd.Dir, filepath.FromSlash(name))}
		if info, err := f.Lstat(); err == nil && info.Mode().IsRegular() {
			files = append(files, f)
			licence = licence || name == "LICENSE"
		} // else it is deleted and not yet committed, or a link, which no module contains
	}
	if !licence {
		// The go command does the same for a module in a folder.
		files = append(files, checkedOutFile{name: "LICENSE", at: filepath.Join(root, "LICENSE")})
	}
	return zip.Create(w, m.Version, files)
}

type checkedOutFile struct{ name, at string }

func (f checkedOutFile) Path() string                 { return path.Clean(f.name) }
func (f checkedOutFile) Lstat() (fs.FileInfo, error)  { return os.Lstat(f.at) }
func (f checkedOutFile) Open() (io.ReadCloser, error) { return os.Open(f.at) }
