package mirror

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
)

// An Option configures a mirror. A nil Option is ignored. Of an option that is given twice the
// later one counts.
type Option interface{ apply(*config) error }

type option func(*config) error

func (o option) apply(c *config) error { return o(c) }

type config struct {
	timeout   time.Duration
	initial   time.Duration
	limit     time.Duration
	maxEvents int
	stream    []rtx.StreamOption

	// These are functions over the mirror's types.
	older any // func(*State[K, V], E) bool
	equal any // func(a, b V) bool
	parts any // parts[K, V]
}

// WithLoadTimeout sets how long one load may take. Its context ends then, and it counts as failed.
// Default 30 s.
func WithLoadTimeout(d time.Duration) Option {
	return option(func(c *config) error {
		c.timeout = d
		return positive("WithLoadTimeout", d)
	})
}

// WithBackoff sets the delays between loads. After a load that failed, or whose result was too old
// when it came, the delay is random between 0 and a bound that grows from initial to limit. Loads
// begin initial apart in any case, so that gaps that follow each other closely do not ask for too
// much. Default: 250 ms and 30 s.
func WithBackoff(initial, limit time.Duration) Option {
	return option(func(c *config) error {
		c.initial, c.limit = initial, limit
		if limit < initial {
			return badOption("WithBackoff", "the limit %v is less than %v", limit, initial)
		}
		return positive("WithBackoff", initial)
	})
}

// WithMaxEvents sets how many events may come during one load. They are kept, to be applied to its
// result. If more come, the result is not used and the load counts as failed, with [ErrBehind].
// Default 65,536.
func WithMaxEvents(n int) Option {
	return option(func(c *config) error {
		c.maxEvents = n
		return positive("WithMaxEvents", n)
	})
}

// WithStream sets options of the stream of events, such as [rtx.WithBuffer] and [rtx.WithName].
func WithStream(opts ...rtx.StreamOption) Option {
	return option(func(c *config) error {
		c.stream = append(c.stream, opts...)
		return nil
	})
}

// WithVersion leaves out events that are not newer than what the map has. event returns the key
// that an event is about and its version; value returns the version of a value in the map. An event
// is left out if its key is in the map with the same version or a later one. Without it, an event
// may be applied to a state that was loaded later and has its effect already: for a moment the
// value may be older than what was loaded, and apply must be a function that may be repeated, such
// as setting a value, and not such as adding to one.
//
// A key that is not in the map has no version. For state whose version is of a whole, such as an
// order book with its sequence number, make the whole one value.
func WithVersion[K comparable, V, E any, N cmp.Ordered](event func(E) (K, N), value func(V) N) Option {
	return option(func(c *config) error {
		if event == nil || value == nil {
			return badOption("WithVersion", "a function is nil")
		}
		c.older = func(s *State[K, V], e E) bool {
			k, version := event(e)
			v, ok := s.Get(k)
			return ok && cmp.Compare(version, value(v)) <= 0
		}
		return nil
	})
}

// WithEqual sets what makes two values equal, so that a load or an event that leaves a value as it
// was is no change. Default: reflect.DeepEqual.
func WithEqual[V any](equal func(a, b V) bool) Option {
	return option(func(c *config) error {
		c.equal = equal
		if equal == nil {
			return badOption("WithEqual", "equal is nil")
		}
		return nil
	})
}

// WithParts is for a source of several channels each of which has its own part of the map. channel
// says which channel a key belongs to. After a gap of one channel, load is called in place of the
// load given to Open, for these channels only, and replaces their part of the map. Without it,
// every gap has everything loaded.
func WithParts[K comparable, V any](channel func(K) string, load func(ctx context.Context, channels []string) (map[K]V, error)) Option {
	return option(func(c *config) error {
		if channel == nil || load == nil {
			return badOption("WithParts", "a function is nil")
		}
		c.parts = parts[K, V]{channel, load}
		return nil
	})
}

// parts is how a part of the map is loaded.
type parts[K comparable, V any] struct {
	channel func(K) string
	load    func(ctx context.Context, channels []string) (map[K]V, error)
}

func newConfig(opts []Option) (config, error) {
	c := config{timeout: 30 * time.Second, initial: 250 * time.Millisecond, limit: 30 * time.Second, maxEvents: 1 << 16}
	for _, o := range opts {
		if o == nil {
			continue
		}
		if err := o.apply(&c); err != nil {
			return c, err
		}
	}
	return c, nil
}

// typed returns an option's function if it is over the mirror's types, and the zero F if the option
// was not given.
func typed[F any](name string, given any) (f F, err error) {
	if given == nil {
		return f, nil
	}
	f, ok := given.(F)
	if !ok {
		return f, badOption(name, "its functions take other types than the mirror has: %v, want %v", reflect.TypeOf(given), reflect.TypeFor[F]())
	}
	return f, nil
}

func positive[N ~int | ~int64](option string, n N) error {
	if n > 0 {
		return nil
	}
	return badOption(option, "%v is not positive", n)
}

func badOption(name, format string, args ...any) error {
	return &rtx.OptionError{Option: "mirror." + name, Reason: fmt.Sprintf(format, args...)}
}
