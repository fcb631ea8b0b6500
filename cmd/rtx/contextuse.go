package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// chosenContext is the context that a command is to use, with its name, or nil. One that is named, by --context or
// RTX_CONTEXT, stands in place of the other variables of the environment. The one of rtx context use
// stands behind them as a whole, so that a key never goes to a service that it is not for, and is not
// for commands that are servers themselves.
func chosenContext(cmd *cobra.Command) (chosen *savedContext, name string, err error) {
	name = os.Getenv("RTX_CONTEXT")
	named := name != ""
	if f := cmd.Flags().Lookup("context"); f != nil && f.Changed {
		if name, named = f.Value.String(), true; name == "" {
			return nil, "", nil
		}
	}
	if !named {
		for _, variable := range []string{"RTX_URL", "RTX_KEY", "RTX_AUTH_ENDPOINT", "RTX_SECRET"} {
			if os.Getenv(variable) != "" {
				return nil, "", nil
			}
		}
		if cmd.Flags().Lookup("addr") != nil || saidAll(cmd) {
			return nil, "", nil
		}
		if path, err := contextsPath(); err != nil || !exists(path) {
			return nil, "", nil //nolint:nilerr // without a folder for it there is no file
		}
	}
	saved, err := loadContexts()
	if err != nil {
		return nil, "", err
	}
	if !named {
		if name = saved.Current; name == "" {
			return nil, "", nil
		}
	}
	found, ok := saved.Named[name]
	if !ok {
		return nil, "", noContext(name)
	}
	if f := cmd.Flags().Lookup("url"); f != nil && f.Changed && f.Value.String() != found.URL {
		return nil, "", nil // its key is for its own service
	}
	return &found, name, nil
}

// saidAll reports whether the flags say which service it is, and with which key.
func saidAll(cmd *cobra.Command) bool {
	return cmd.Flags().Changed("url") && cmd.Flags().Changed("key")
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func noContext(name string) error {
	return usage("there is no context %q: rtx context list shows those that there are", printable(name))
}

// fill takes from a context what the flags left out.
func (c *connection) fill(cmd *cobra.Command, from *savedContext) error {
	flags := cmd.Flags()
	lacks := func(name string) bool { f := flags.Lookup(name); return f != nil && !f.Changed }
	if lacks("url") {
		c.url = from.URL
	}
	if lacks("user-id") {
		c.userID = from.UserID
	}
	var err error
	if lacks("key") {
		if c.key, err = c.secretOf(cmd.Context(), from.Key, from.KeyFile, from.KeyCommand); err != nil {
			return err
		}
	}
	if flags.Changed("auth-endpoint") || flags.Changed("secret") || flags.Changed("secret-file") {
		return nil
	}
	if flags.Lookup("auth-endpoint") != nil {
		c.endpoint = from.AuthEndpoint
	}
	if c.endpoint == "" && (flags.Lookup("secret") != nil || flags.Lookup("secret-file") != nil) {
		c.secret, err = c.secretOf(cmd.Context(), "", from.SecretFile, from.SecretCommand)
	}
	return err
}

// secretOf is the text, or what the file has, or what the command prints; "" if none is given, or if
// it is a command and none is to be run.
func (c *connection) secretOf(ctx context.Context, text, file, command string) (string, error) {
	switch {
	case file != "":
		read, err := readPrivate(file, maxSecretFile)
		if errors.Is(err, fs.ErrNotExist) {
			return "", usage("the context's file %s does not exist: rtx context add names another", printable(file))
		}
		if err != nil {
			return "", err
		}
		return onlyLine(read, "the context's file "+printable(file))
	case command != "" && !c.completing:
		return askCommand(ctx, command)
	}
	return text, nil
}

// commandWithin bounds a command that gives a secret. A password manager may ask somebody.
const commandWithin = time.Minute

// askCommand runs a command of the shell's and returns the only line that it prints. What it says on
// standard error is shown; it has no standard input, which may be rtx's own.
func askCommand(ctx context.Context, command string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, commandWithin)
	defer cancel()
	shell, flag := "sh", "-c"
	if runtime.GOOS == "windows" {
		shell, flag = "cmd", "/C"
	}
	cmd := exec.CommandContext(ctx, shell, flag, command)
	cmd.Stderr = os.Stderr
	cmd.WaitDelay = time.Second
	out := &boundedBuffer{limit: maxSecretFile}
	cmd.Stdout = out
	switch err := cmd.Run(); {
	case out.over:
		return "", usage("the context's command prints more than %d bytes: it prints no secret", maxSecretFile)
	case ctx.Err() != nil:
		return "", usage("the context's command did not end within %v", commandWithin)
	case err != nil:
		return "", usage("the context's command failed (%v): run it by itself, and see why", err)
	}
	return onlyLine(out.text, "what the context's command prints")
}

// A boundedBuffer fails once it is full, which ends the command that writes to it.
type boundedBuffer struct {
	text  []byte
	limit int
	over  bool
}

func (b *boundedBuffer) Write(p []byte) (int, error) {
	if b.over = b.over || len(b.text)+len(p) > b.limit; b.over {
		return 0, errors.New("too much")
	}
	b.text = append(b.text, p...)
	return len(p), nil
}

// onlyLine is the text without its line break.
func onlyLine(text []byte, what string) (string, error) {
	line := strings.TrimRight(string(text), "\r\n")
	switch {
	case line == "":
		return "", usage("%s is empty", what)
	case strings.ContainsAny(line, "\r\n"):
		return "", usage("%s has more than one line", what)
	}
	return line, nil
}

// absolute is a path that means the same from anywhere.
func absolute(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	return filepath.Abs(path)
}

// completeContext has the names of contexts.
func completeContext(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	saved, err := loadContexts()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return saved.names(), cobra.ShellCompDirectiveNoFileComp
}
