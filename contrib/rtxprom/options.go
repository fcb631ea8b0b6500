package rtxprom

import "fmt"

// An Option configures a [Collector]. A nil Option is ignored. Of two that are the same the later
// one is used.
type Option interface{ apply(*config) error }

type option func(*config) error

func (o option) apply(c *config) error { return o(c) }

type config struct {
	label     func(name string) string
	maxLabels int
}

// labelOf asks the user's function. Its panic would end the process, from a goroutine of a scrape.
func (c *config) labelOf(name string) (label string) {
	defer func() {
		if recover() != nil {
			label = ""
		}
	}()
	return c.label(name)
}

const defaultMaxLabels = 100

func newConfig(opts []Option) (config, error) {
	c := config{label: func(string) string { return "" }, maxLabels: defaultMaxLabels}
	for _, o := range opts {
		if o == nil {
			continue
		}
		if err := o.apply(&c); err != nil {
			return config{}, err
		}
	}
	return c, nil
}

// WithStreamLabel sets the function that gives a stream its value of the label stream. It gets the
// stream's name, which is CHANNEL/EVENT or that of rtx.WithName; for a room, the channel's name
// with " (room)" behind it. Streams with the same value are added up.
//
// The function should return one of few values, whatever the names are: the event's name, or the
// kind of a channel, and no id. It is called once for each stream, during a scrape, by one
// goroutine at a time, and must not call the Collector. If it panics, the stream has "". Default: every stream has "".
func WithStreamLabel(label func(name string) string) Option {
	return option(func(c *config) error {
		if label == nil {
			return badOption("WithStreamLabel", "is nil")
		}
		c.label = label
		return nil
	})
}

// WithMaxStreamLabels sets how many values the label stream can have for each client, from 1 to
// 10,000. A stream that would bring a further one has "". Default: 100.
func WithMaxStreamLabels(n int) Option {
	return option(func(c *config) error {
		if n < 1 || n > 10_000 {
			return badOption("WithMaxStreamLabels", "%d is not between 1 and 10,000", n)
		}
		c.maxLabels = n
		return nil
	})
}

func badOption(name, format string, args ...any) error {
	return fmt.Errorf("rtxprom: %s: %s", name, fmt.Sprintf(format, args...))
}
