package stream

import (
	"encoding/json"
	"log/slog"
	"time"
)

// LogValue is a group of the fields that are set: channel, dropped, malformed, reconnected, ended, since, until, error.
func (g Gap) LogValue() slog.Value {
	var a []slog.Attr
	if g.Channel != "" {
		a = append(a, slog.String("channel", g.Channel))
	}
	if g.Dropped > 0 {
		a = append(a, slog.Uint64("dropped", g.Dropped))
	}
	if g.Malformed > 0 {
		a = append(a, slog.Uint64("malformed", g.Malformed))
	}
	if g.Reconnected {
		a = append(a, slog.Bool("reconnected", true))
	}
	if g.Ended {
		a = append(a, slog.Bool("ended", true))
	}
	for _, t := range []struct {
		name string
		at   time.Time
	}{{"since", g.Since}, {"until", g.Until}} {
		if !t.at.IsZero() {
			a = append(a, slog.Time(t.name, t.at))
		}
	}
	if g.Err != nil {
		a = append(a, slog.String("error", g.Err.Error()))
	}
	return slog.GroupValue(a...)
}

// MarshalJSON writes the same fields as an object.
func (g Gap) MarshalJSON() ([]byte, error) {
	fields := struct {
		Channel     string    `json:"channel,omitempty"`
		Dropped     uint64    `json:"dropped,omitempty"`
		Malformed   uint64    `json:"malformed,omitempty"`
		Reconnected bool      `json:"reconnected,omitempty"`
		Ended       bool      `json:"ended,omitempty"`
		Since       time.Time `json:"since,omitzero"`
		Until       time.Time `json:"until,omitzero"`
		Err         string    `json:"error,omitempty"`
	}{g.Channel, g.Dropped, g.Malformed, g.Reconnected, g.Ended, g.Since, g.Until, ""}
	if g.Err != nil {
		fields.Err = g.Err.Error()
	}
	return json.Marshal(fields)
}

// LogValue is String for slog.
func (p Policy) LogValue() slog.Value { return slog.StringValue(p.String()) }

// MarshalText is String for encoding/json and others.
func (p Policy) MarshalText() ([]byte, error) { return []byte(p.String()), nil }
