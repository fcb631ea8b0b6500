package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/realtimex/realtimex-go/internal/advice"
)

// flushAt is how much output is gathered before it is written, even if more is at hand.
const flushAt = 64 << 10

// A console is the process's standard streams: results on standard output, notes on standard error,
// and where that is a terminal a status line beneath them. Print and Flush are for one goroutine;
// the other methods may be called by any.
type console struct {
	stdin, stdout, stderr *os.File

	outColour, errColour style
	outIsTerminal        bool
	statusful            bool // standard error is a terminal that can hold a status line

	out []byte // results that are not written yet

	mu       sync.Mutex // orders what goes to the terminal
	status   func() string
	shown    string    // what the status line says; "" if there is none
	shownAt  time.Time // when it was last drawn
	tickStop func()
}

func newConsole(stdin, stdout, stderr *os.File) *console {
	c := &console{stdin: stdin, stdout: stdout, stderr: stderr}
	dumb := os.Getenv("TERM") == "dumb"
	plain := dumb || os.Getenv("NO_COLOR") != ""
	c.outIsTerminal = term.IsTerminal(int(stdout.Fd()))
	errIsTerminal := term.IsTerminal(int(stderr.Fd()))
	c.outColour = style(c.outIsTerminal && !plain)
	c.errColour = style(errIsTerminal && !plain)
	c.statusful = errIsTerminal && !dumb
	return c
}

// Print gathers one result, without its newline.
func (c *console) Print(line []byte) error {
	c.out = append(append(c.out, line...), '\n')
	if len(c.out) < flushAt {
		return nil
	}
	return c.Flush()
}

// Flush writes the gathered results. It waits for as long as the reader of standard output makes
// it.
func (c *console) Flush() error {
	if len(c.out) == 0 {
		return nil
	}
	if c.outIsTerminal { // else a reader that stands still would hold up notes
		c.mu.Lock()
		defer c.mu.Unlock()
		c.erase()
		defer c.draw(false)
	}
	_, err := c.stdout.Write(c.out)
	c.out = c.out[:0]
	if err != nil {
		return &outputError{err}
	}
	return nil
}

// Note writes a line to standard error, after the program's name. Results that were gathered stay
// so.
func (c *console) Note(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.erase()
	line := c.errColour.dim("rtx:") + " " + printable(strings.ReplaceAll(text, "\n", "; ")) + "\n"
	_, _ = c.stderr.WriteString(line) // there is nobody left to tell
	c.draw(true)
}

func (c *console) Notef(format string, args ...any) { c.Note(fmt.Sprintf(format, args...)) }

const (
	statusEvery = 250 * time.Millisecond // how often the status line is brought up to date
	statusPause = 50 * time.Millisecond  // how often at most it is drawn under a flood of results
)

// ShowStatus shows a status line until HideStatus, where there is a terminal for it. The function
// must not call the console.
func (c *console) ShowStatus(status func() string) {
	if !c.statusful {
		return
	}
	ticker := time.NewTicker(statusEvery)
	quit := make(chan struct{})
	var wg sync.WaitGroup
	c.mu.Lock()
	c.status = status
	c.tickStop = func() {
		ticker.Stop()
		close(quit)
		wg.Wait()
	}
	c.draw(true)
	c.mu.Unlock()
	wg.Go(func() {
		for {
			select {
			case <-ticker.C:
				c.mu.Lock()
				c.draw(true)
				c.mu.Unlock()
			case <-quit:
				return
			}
		}
	})
}

// HideStatus ends the status line.
func (c *console) HideStatus() {
	c.mu.Lock()
	c.erase()
	stop := c.tickStop
	c.status, c.tickStop = nil, nil
	c.mu.Unlock()
	if stop != nil {
		stop()
	}
}

const eraseLine = "\r\x1b[K"

// erase clears the status line, if one is shown. The caller holds mu.
func (c *console) erase() {
	if c.shown == "" {
		return
	}
	_, _ = c.stderr.WriteString(eraseLine)
	c.shown = ""
}

// draw shows the status line, or brings it up to date. The caller holds mu.
func (c *console) draw(now bool) {
	if c.status == nil || (!now && time.Since(c.shownAt) < statusPause) {
		return
	}
	text := c.status()
	if width, _, err := term.GetSize(int(c.stderr.Fd())); err == nil && width > 0 {
		text = cut(text, width-1)
	}
	if text == c.shown {
		return
	}
	_, _ = c.stderr.WriteString(eraseLine + c.errColour.dim(text))
	c.shown, c.shownAt = text, time.Now()
}

// cut shortens a text to that many characters.
func cut(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:max(0, width)])
}

// A style colours text, if it is true.
type style bool

func (s style) dim(text string) string   { return s.paint("2", text) }
func (s style) name(text string) string  { return s.paint("36", text) }
func (s style) event(text string) string { return s.paint("1", text) }
func (s style) good(text string) string  { return s.paint("32", text) }
func (s style) bad(text string) string   { return s.paint("31", text) }

func (s style) paint(code, text string) string {
	if !s || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// printable writes control characters as JSON does: what comes from the network must not move the
// cursor.
func printable(text string) string {
	if !strings.ContainsFunc(text, unprintable) && utf8.ValidString(text) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if unprintable(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// unprintable is true of C0 and C1 control characters and of those that turn the direction of
// writing.
func unprintable(r rune) bool {
	return r < 0x20 || (r >= 0x7f && r < 0xa0) || (r >= 0x202a && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069)
}

// An outputError is a failure to write results.
type outputError struct{ err error }

func (e *outputError) Error() string { return "can't write to standard output: " + advice.Bare(e.err) }

func (e *outputError) Unwrap() error { return e.err }

// brokenPipe reports whether the reader of standard output has gone.
func brokenPipe(err error) bool {
	if _, ok := errors.AsType[*outputError](err); !ok {
		return false
	}
	const errorBrokenPipe, errorNoData = syscall.Errno(109), syscall.Errno(232) // of Windows
	return errors.Is(err, syscall.EPIPE) ||
		runtime.GOOS == "windows" && (errors.Is(err, errorBrokenPipe) || errors.Is(err, errorNoData))
}
