package rtx

import "github.com/realtimex/realtimex-go/internal/stream"

// A StreamOption configures one stream. A nil one does nothing.
type StreamOption func(*streamConfig) error

type streamConfig struct {
	buffer int
	policy Policy
	name   string
	named  bool
}

const (
	defaultBuffer = 256
	maxBuffer     = 1 << 24
)

func newStreamConfig(opts []StreamOption) (streamConfig, error) {
	c := streamConfig{buffer: defaultBuffer}
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

func (c streamConfig) queue(src Source) stream.Config {
	_, one := src.(*Channel)
	return stream.Config{Capacity: c.buffer, Policy: c.policy, MultiSource: !one, Tally: &src.owner().stats.losses}
}

// Buffer sets how many values C buffers. Default 256.
func Buffer(n int) StreamOption {
	return func(c *streamConfig) error {
		if n < 1 || n > maxBuffer {
			return badOption("Buffer", "%d is not between 1 and %d", n, maxBuffer)
		}
		c.buffer = n
		return nil
	}
}

// Overflow sets what becomes of a value that does not fit: [DropOldest], [DropNewest], [End] or [Grow].
// Default DropOldest.
func Overflow(p Policy) StreamOption {
	return func(c *streamConfig) error {
		if err := p.Validate(); err != nil {
			return badOption("Overflow", "%v", err)
		}
		c.policy = p
		return nil
	}
}

// Name sets the stream's name in its Stats and in the log. Default "CHANNEL/EVENT", and the event alone where the source
// is not one channel; several events are joined by "|".
func Name(s string) StreamOption {
	return func(c *streamConfig) error {
		if s == "" || !printable(s) {
			return badOption("Name", "empty, or with control characters")
		}
		c.name, c.named = s, true
		return nil
	}
}
