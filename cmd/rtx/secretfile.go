package main

import (
	"io"
	"os"
	"runtime"
	"strings"

	"github.com/realtimex/realtimex-go/internal/advice"
)

// maxSecretFile bounds what is read of a file that should have a secret, in bytes.
const maxSecretFile = 4 << 10

// readSecret returns the secret in a file: its only line. It tells of a file that others can read.
// No error shows what the file has.
func readSecret(path string, console *console) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", usage("--secret-file: can't open %s: %s", printable(path), advice.Bare(err))
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && runtime.GOOS != "windows" && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
		console.Notef("other users of this machine may read %s: chmod 600", path)
	}
	text, err := io.ReadAll(io.LimitReader(file, maxSecretFile+1))
	secret := strings.TrimRight(string(text), "\r\n")
	switch {
	case err != nil:
		return "", usage("--secret-file: can't read %s: %s", printable(path), advice.Bare(err))
	case len(text) > maxSecretFile:
		return "", usage("--secret-file: %s is longer than %d bytes: it is no secret", printable(path), maxSecretFile)
	case secret == "":
		return "", usage("--secret-file: %s is empty", printable(path))
	case strings.ContainsAny(secret, "\r\n"):
		return "", usage("--secret-file: %s has more than one line", printable(path))
	}
	return secret, nil
}
