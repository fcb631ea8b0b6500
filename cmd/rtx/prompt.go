package main

import (
	"context"
	"errors"

	"golang.org/x/term"
)

// askSecret asks for the secret on the terminal, without echo.
func askSecret(ctx context.Context, console *console) (string, error) {
	fd := int(console.stdin.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", usage("there is no secret, and no terminal to ask for it: set RTX_SECRET")
	}
	_, _ = console.stderr.WriteString("App secret: ") // if it can't be seen, it can still be answered
	type answer struct {
		text []byte
		err  error
	}
	read := make(chan answer, 1) // reading a terminal can't be interrupted: the goroutine ends with the process then
	go func() {
		text, err := term.ReadPassword(fd)
		read <- answer{text, err}
	}()
	select {
	case a := <-read:
		_, _ = console.stderr.WriteString("\n")
		if a.err != nil || len(a.text) == 0 {
			return "", errors.New("no secret was given: set RTX_SECRET, or answer the prompt")
		}
		return string(a.text), nil
	case <-ctx.Done():
		_ = term.Restore(fd, before) // echo was off
		_, _ = console.stderr.WriteString("\n")
		return "", context.Cause(ctx)
	}
}
