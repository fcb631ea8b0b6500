package auth

import "log/slog"

// Errors print as text in slog and as JSON. Without these methods an error in a struct would print
// its fields, and {} for what it wraps.

func text(err error) ([]byte, error) { return []byte(err.Error()), nil }
func logText(err error) slog.Value   { return slog.StringValue(err.Error()) }

// LogValue returns the text of Error, for log/slog.
func (e *DeniedError) LogValue() slog.Value { return logText(e) }

// MarshalText returns the text of Error, for encoding/json and others.
func (e *DeniedError) MarshalText() ([]byte, error) { return text(e) }

// LogValue returns the text of Error, for log/slog.
func (e *RetryError) LogValue() slog.Value { return logText(e) }

// MarshalText returns the text of Error, for encoding/json and others.
func (e *RetryError) MarshalText() ([]byte, error) { return text(e) }

// LogValue returns the text of Error, for log/slog.
func (e *AnswerError) LogValue() slog.Value { return logText(e) }

// MarshalText returns the text of Error, for encoding/json and others.
func (e *AnswerError) MarshalText() ([]byte, error) { return text(e) }

// LogValue returns the text of Error, for log/slog.
func (e *InputError) LogValue() slog.Value { return logText(e) }

// MarshalText returns the text of Error, for encoding/json and others.
func (e *InputError) MarshalText() ([]byte, error) { return text(e) }
