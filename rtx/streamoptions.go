package rtx

import (
	"reflect"
	"time"

	"github.com/realtimex/realtimex-go/internal/stream"
)

// A StreamOption configures one stream, or all streams of a [Partition]. A nil StreamOption is
// ignored.
type StreamOption interface{ applyStream(*streamConfig) error }

type streamOption func(*streamConfig) error

func (o streamOption) applyStream(c *streamConfig) error { return o(c) }

type streamConfig struct {
	buffer int
	policy Policy
	name   string
	named  bool
	index  any // makes the stream.Index of T; nil without WithConflate

	arrived *time.Time // when the event came that is decoded now; nil without WithLag
}

const (
	defaultBuffer = 256      // values
	defaultBytes  = 16 << 10 // of them
	leastBuffer   = 32       // values, however large they are
	maxBuffer     = 1 << 24
)

// bufferOf returns how many values of type T a stream buffers by default. A Go channel takes the
// memory for its buffer at once, so many idle streams of large values would take a lot.
func bufferOf[T any]() int {
	size := max(int(reflect.TypeFor[T]().Size()), 1)
	return min(max(defaultBytes/size, leastBuffer), defaultBuffer)
}

func newStreamConfig(opts []StreamOption) (streamConfig, error) {
	var c streamConfig
	for _, o := range opts {
		if o == nil {
			continue
		}
		if err := o.applyStream(&c); err != nil {
			return c, err
		}
	}
	return c, nil
}

// maxNamedGaps is how many gaps a stream of several channels keeps for its reader, in addition to
// one for each of its channels.
const maxNamedGaps = 256

func (c streamConfig) queue(src Source) stream.Config {
	cfg := stream.Config{Capacity: c.buffer, Policy: stream.Policy(c.policy), Tally: &src.owner().stats.losses, Arrived: c.arrived}
	if _, one := src.(*Channel); !one {
		cfg.MultiSource = true
		cfg.NamedGaps = func() int { return maxNamedGaps + src.size() }
	}
	return cfg
}

// openQueue opens a queue of the stream, which may conflate.
func openQueue[T any](q *stream.Queue[T], c streamConfig, src Source) error {
	cfg := c.queue(src)
	switch index := c.index.(type) {
	case nil:
		if cfg.Capacity == 0 {
			cfg.Capacity = bufferOf[T]()
		}
		q.Open(cfg)
	case func() stream.Index[T]:
		if cfg.Capacity == 0 {
			cfg.Capacity = defaultBuffer // of keys, which take memory as they come
		}
		q.OpenConflated(cfg, index())
	default:
		return badOption("WithConflate", "the stream has values of type %v, and key takes another type", reflect.TypeFor[T]())
	}
	return nil
}

// WithBuffer sets how many values the stream buffers. Default: 256, or as many as fit into 16 KiB if
// that is fewer, but at least 32. The memory of the buffer is taken when the stream opens: for many
// streams that are mostly idle, On[*T] takes less than On[T]. With [WithConflate] n is the number of
// keys, and the default is 256.
func WithBuffer(n int) StreamOption {
	return streamOption(func(c *streamConfig) error {
		if n < 1 || n > maxBuffer {
			return badOption("WithBuffer", "%d is not between 1 and %d", n, maxBuffer)
		}
		c.buffer = n
		return nil
	})
}

// WithOverflow sets what happens to a value that does not fit into the buffer: [DropOldest],
// [DropNewest], [EndStream] or [Grow]. Default: DropOldest.
func WithOverflow(p Policy) StreamOption {
	return streamOption(func(c *streamConfig) error {
		if fault := p.fault(); fault != "" {
			return badOption("WithOverflow", "%s", fault)
		}
		c.policy = p
		return nil
	})
}

// WithName sets the stream's name, which Stream.Stats and the log show. Default: "CHANNEL/EVENT",
// or the event alone if the source is not one channel. Several events are joined by "|".
func WithName(s string) StreamOption {
	return streamOption(func(c *streamConfig) error {
		if s == "" || !printable(s) {
			return badOption("WithName", "empty, or with control characters")
		}
		c.name, c.named = s, true
		return nil
	})
}

// WithLag makes a stream measure the lag of its values for [StreamStats].Lag: the time from
// ReceivedAt until the value is taken. Default: off.
//
// A value is taken when it leaves the stream's buffer:
//
//   - by All, Pending, [Batches], [Window], [Debounce], [Sample] and [Timeout]: at the moment when
//     the loop takes it. If one holds a value back, such as a batch that is not full, that is no lag.
//     A value that Debounce or Sample leaves out was taken all the same.
//   - by a receive from C: if the receiver was waiting, at once. Otherwise nobody tells the stream of
//     the receive. It is noticed when the next value comes, by Stats and StreamStats, and by a
//     look from time to time: after an eighth of the time that the oldest value in the buffer has
//     waited, but no less than 1 ms and no more than 1 s. The lag is too long by as much. After the
//     end of the stream the looks stop once nothing was received for a second.
//
// A value that was dropped has no lag. With [WithConflate] a value that was replaced has none, and
// the one in its place has the lag from its own ReceivedAt. What a stream under [Grow] keeps behind
// its buffer is in the buffer in this sense. Each stream of a [Partition] has its own figures. The
// stream of a [Group] or of a client has the lags of all its channels together.
func WithLag() StreamOption {
	return streamOption(func(c *streamConfig) error { c.arrived = new(time.Time); return nil })
}
