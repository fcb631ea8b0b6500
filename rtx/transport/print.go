package transport

import "log/slog"

// Errors print as text in slog and as JSON. Without these methods an error in a struct would print
// its fields, and {} for what it wraps.

func text(err error) ([]byte, error) { return []byte(err.Error()), nil }
func logText(err error) slog.Value   { return slog.StringValue(err.Error()) }

// LogValue returns the text of Error, for log/slog.
func (e *HandshakeError) LogValue() slog.Value { return logText(e) }

// MarshalText returns the text of Error, for encoding/json and others.
func (e *HandshakeError) MarshalText() ([]byte, error) { return text(e) }

// LogValue returns the text of Error, for log/slog.
func (e *ConnectError) LogValue() slog.Value { return logText(e) }

// MarshalText returns the text of Error, for encoding/json and others.
func (e *ConnectError) MarshalText() ([]byte, error) { return text(e) }

// LogValue returns the text of Error, for log/slog.
func (e *CloseError) LogValue() slog.Value { return logText(e) }

// MarshalText returns the text of Error, for encoding/json and others.
func (e *CloseError) MarshalText() ([]byte, error) { return text(e) }

// LogValue returns the text of Error, for log/slog.
func (e *ProtocolError) LogValue() slog.Value { return logText(e) }

// MarshalText returns the text of Error, for encoding/json and others.
func (e *ProtocolError) MarshalText() ([]byte, error) { return text(e) }

// LogValue returns the text of Error, for log/slog.
func (e *DeadLinkError) LogValue() slog.Value { return logText(e) }

// MarshalText returns the text of Error, for encoding/json and others.
func (e *DeadLinkError) MarshalText() ([]byte, error) { return text(e) }

// LogValue returns the text of Error, for log/slog.
func (e *LostError) LogValue() slog.Value { return logText(e) }

// MarshalText returns the text of Error, for encoding/json and others.
func (e *LostError) MarshalText() ([]byte, error) { return text(e) }

// LogValue returns the text of Error, for log/slog.
func (e *WriteError) LogValue() slog.Value { return logText(e) }

// MarshalText returns the text of Error, for encoding/json and others.
func (e *WriteError) MarshalText() ([]byte, error) { return text(e) }

// LogValue returns the text of Error, for log/slog.
func (e *StatusError) LogValue() slog.Value { return logText(e) }

// MarshalText returns the text of Error, for encoding/json and others.
func (e *StatusError) MarshalText() ([]byte, error) { return text(e) }

// LogValue returns the text of Error, for log/slog.
func (e *SizeError) LogValue() slog.Value { return logText(e) }

// MarshalText returns the text of Error, for encoding/json and others.
func (e *SizeError) MarshalText() ([]byte, error) { return text(e) }

// LogValue returns the text of Error, for log/slog.
func (e *FrameError) LogValue() slog.Value { return logText(e) }

// MarshalText returns the text of Error, for encoding/json and others.
func (e *FrameError) MarshalText() ([]byte, error) { return text(e) }

// LogValue returns the text of Error, for log/slog.
func (e *ConfigError) LogValue() slog.Value { return logText(e) }

// MarshalText returns the text of Error, for encoding/json and others.
func (e *ConfigError) MarshalText() ([]byte, error) { return text(e) }
