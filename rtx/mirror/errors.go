package mirror

import (
	"errors"
	"log/slog"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
)

var (
	// ErrClosed is why a mirror that was closed is stale and never fresh again.
	ErrClosed = errors.New("mirror: closed")
	// ErrBehind means that more events came during a load than [WithMaxEvents] allows, so its
	// result was not used.
	ErrBehind = errors.New("mirror: too many events came while the state was loaded; load faster, or allow more by WithMaxEvents")
	// ErrLoadTimeout means that load did not return in the time of [WithLoadTimeout].
	ErrLoadTimeout = errors.New("mirror: load took too long")

	errNoMirror   = errors.New("mirror: not made by Open")
	errNilContext = errors.New("mirror: context is nil")
	errForeign    = errors.New("mirror: load returned keys of channels that it was not asked for")
	errReload     = errors.New("mirror: Reload was called")
	errNotLoaded  = errors.New("mirror: nothing was loaded yet")
)

// A StaleError says why a mirror is stale.
type StaleError struct {
	// Gap is the loss that made it stale, the first if there were several; nil if there was none.
	Gap *rtx.Gap
	// Err is why it is stale still: why the last load failed, that there is no connection, that a
	// channel is not confirmed, or that nothing was loaded yet. It is nil if a load is under way.
	Err error
}

func (e *StaleError) Error() string {
	s := "mirror: stale"
	if e.Gap != nil {
		s += ": " + e.Gap.Error()
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns Gap and Err, those of them that are there.
func (e *StaleError) Unwrap() (errs []error) {
	if e.Gap != nil {
		errs = append(errs, e.Gap)
	}
	if e.Err != nil {
		errs = append(errs, e.Err)
	}
	return errs
}

// LogValue implements slog.LogValuer with the text of Error.
func (e *StaleError) LogValue() slog.Value { return slog.StringValue(e.Error()) }

// MarshalText implements encoding.TextMarshaler with the text of Error.
func (e *StaleError) MarshalText() ([]byte, error) { return []byte(e.Error()), nil }

// staleness is since when and why a mirror is stale.
type staleness struct {
	since time.Time
	gap   *rtx.Gap
	err   error
}

// with returns the earlier of two, either of which may be nil.
func (s *staleness) with(other *staleness) *staleness {
	switch {
	case s == nil:
		return other
	case other == nil || !other.since.Before(s.since):
		return s
	}
	return other
}
