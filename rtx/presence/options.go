package presence

import (
	"fmt"

	"github.com/realtimex/realtimex-go/rtx"
)

// An Option configures one room. A nil Option does nothing. Of an option that is given twice the
// later one counts.
type Option interface{ apply(*config) error }

type option func(*config) error

func (o option) apply(c *config) error { return o(c) }

type config struct {
	maxMembers int
	maxBytes   int
}

// WithMaxMembers sets how many members a room may have. A larger roster ends the room with a
// [*LimitError]. n must be positive. Default 200,000.
func WithMaxMembers(n int) Option {
	return option(func(c *config) error {
		c.maxMembers = n
		return positive("WithMaxMembers", n)
	})
}

// WithMaxBytes sets how many bytes the user_ids and infos of all members may have together, in the
// JSON that the service sends. A larger roster ends the room with a [*LimitError]. An info that is
// too long or nested too deeply does not count. n must be positive. Default 64 MiB. A single
// message is limited by [rtx.WithReadLimit] too.
func WithMaxBytes(n int) Option {
	return option(func(c *config) error {
		c.maxBytes = n
		return positive("WithMaxBytes", n)
	})
}

func positive(option string, n int) error {
	if n > 0 {
		return nil
	}
	return &rtx.OptionError{Option: "presence." + option, Reason: fmt.Sprintf("%d is not positive", n)}
}

func newConfig(opts []Option) (config, error) {
	c := config{maxMembers: 200_000, maxBytes: 64 << 20}
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
