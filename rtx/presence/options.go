package presence

import (
	"fmt"

	"github.com/realtimex/realtimex-go/rtx"
)

// An Option configures one room.
type Option func(*config) error

type config struct {
	maxMembers int
	maxBytes   int
}

// MaxMembers sets how many members a room may have; a larger one ends with a [*LimitError]. Default 200,000.
func MaxMembers(n int) Option {
	return func(c *config) error {
		c.maxMembers = n
		return positive("MaxMembers", n)
	}
}

// MaxBytes sets how many bytes the user_ids and infos of all members may have together, as they come from the service; a
// larger room ends with a [*LimitError]. Default 64 MiB. An info that can't be taken counts nothing. One snapshot is
// bounded by [rtx.WithReadLimit] before that.
func MaxBytes(n int) Option {
	return func(c *config) error {
		c.maxBytes = n
		return positive("MaxBytes", n)
	}
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
		if err := o(&c); err != nil {
			return c, err
		}
	}
	return c, nil
}
