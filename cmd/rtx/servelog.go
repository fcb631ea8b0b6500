package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
)

// A noteHandler makes each record of the server's log a note: the time, what happened, and the
// facts.
type noteHandler struct{ console *console }

func (h noteHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelInfo
}

func (h noteHandler) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s", r.Time.Format(clock), r.Message)
	r.Attrs(func(a slog.Attr) bool {
		fmt.Fprintf(&b, "  %s=%v", a.Key, a.Value.Resolve())
		return true
	})
	h.console.Note(b.String())
	return nil
}

// WithAttrs and WithGroup leave the handler as it is: the server uses neither.
func (h noteHandler) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h noteHandler) WithGroup(string) slog.Handler      { return h }
