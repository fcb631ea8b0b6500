package bridge

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/realtimex/realtimex-go/rtx"
)

// The limits of a Config.
const (
	MaxChannels  = 100_000
	maxReplica   = 128
	maxRingBytes = 1 << 30
	maxErrorText = 200       // bytes of an error in a gap record
	maxRun       = 256 << 10 // bytes of events in one answer to a peer
	maxQuestions = 1024      // of peers that may wait for an answer; further ones are not answered
)

// A Config says what a replica of the bridge does. Client, NATS, App and Channels are required.
type Config struct {
	// Client is the connection to RealtimeX. The caller makes it, connects it and closes it after
	// Run. It may be used for other things too.
	Client *rtx.Client

	// NATS is the connection to NATS, which must have JetStream and be of version 2.11 or later. The
	// caller makes it and closes it after Run. Have it reconnect without end
	// (nats.MaxReconnects(-1)).
	NATS *nats.Conn

	// App is the second token of every subject, and part of the names of the stream and the bucket:
	// 1 to 64 letters, digits, "-" and "_". Replicas with the same App work together.
	App string

	// Channels are the names of the channels, up to MaxChannels. All replicas need the same ones.
	Channels []string

	// Replica is the name of this replica. No two that run at the same time may have the same one.
	// Default: the name of the host and a random text.
	Replica string

	// Sharded distributes the channels over the replicas. Each channel is received by two of them.
	// Default: every replica receives every channel, and one of them publishes.
	Sharded bool

	// Stream is the name of the JetStream stream. Run creates it if there is none. One that exists
	// is used as it is: its subjects must cover "rtx.<app>.*.*", its duplicate window must not be
	// shorter than RingAge, and its maximal age not shorter than twice that. Default: "rtx-<app>".
	Stream string

	// StreamReplicas, StreamAge and StreamBytes are how many servers keep the stream and the bucket,
	// and for how long and how many bytes the stream keeps records, if Run creates them. Defaults: 1,
	// 24 h, and no limit of bytes.
	StreamReplicas int
	StreamAge      time.Duration
	StreamBytes    int64

	// RingAge and RingBytes bound the ring of each channel, which keeps the newest events for peers
	// and for a takeover. The bytes count payloads, names and ids, and what the ring itself takes.
	// The newest event is kept whatever its size. Defaults: 2 min and 4 MiB.
	RingAge   time.Duration
	RingBytes int

	// Lease is how long a replica counts as alive after it has renewed its lease, which it does three
	// times in that time. A replica that is killed is replaced after it. From 1 s on. Default: 5 s.
	Lease time.Duration

	// Fill is how long peers are asked for events that this replica missed before a gap is told.
	// Default: 2 s.
	Fill time.Duration

	// Drain is how long Run may take after its context has ended: until others receive the channels, and
	// have had Fill to ask for what this replica has not published; or until it has published all, if it
	// is the only one. Default: 5 s.
	Drain time.Duration

	// Log gets what happens, without secrets and without payloads. Default: no log.
	Log *slog.Logger
}

// A ConfigError says that a field of a Config can't be used.
type ConfigError struct {
	Field  string // the field's name, such as "App"
	Reason string
}

// Error returns the field and the reason.
func (e *ConfigError) Error() string { return "bridge: Config." + e.Field + ": " + e.Reason }

func (c *Config) check() error {
	bad := func(field, reason string, args ...any) error {
		return &ConfigError{field, fmt.Sprintf(reason, args...)}
	}
	switch {
	case c.Client == nil:
		return bad("Client", "is nil")
	case c.NATS == nil:
		return bad("NATS", "is nil")
	case !validApp(c.App):
		return bad("App", "must be 1 to 64 letters, digits, - and _")
	case len(c.Channels) == 0 || len(c.Channels) > MaxChannels:
		return bad("Channels", "must be 1 to %d", MaxChannels)
	case len(c.Replica) > maxReplica:
		return bad("Replica", "must have at most %d bytes", maxReplica)
	case c.RingBytes < 0 || c.RingBytes > maxRingBytes:
		return bad("RingBytes", "must be at most %d", maxRingBytes)
	case c.Lease != 0 && c.Lease < time.Second:
		return bad("Lease", "must be at least 1 s")
	}
	for field, d := range map[string]time.Duration{"RingAge": c.RingAge, "Fill": c.Fill, "Drain": c.Drain, "StreamAge": c.StreamAge} {
		if d < 0 {
			return bad(field, "must not be negative")
		}
	}
	sorted := slices.Sorted(slices.Values(c.Channels))
	for i, name := range sorted {
		if i > 0 && name == sorted[i-1] {
			return bad("Channels", "%.200q is there twice", name)
		}
	}
	if c.Replica == "" {
		host, _ := os.Hostname()
		c.Replica = host + "-" + rand.Text()[:8]
	}
	c.Channels = slices.Clone(c.Channels)
	orElse(&c.Stream, "rtx-"+c.App)
	orElse(&c.StreamReplicas, 1)
	orElse(&c.StreamAge, 24*time.Hour)
	orElse(&c.RingAge, 2*time.Minute)
	orElse(&c.RingBytes, 4<<20)
	orElse(&c.Lease, 5*time.Second)
	orElse(&c.Fill, 2*time.Second)
	orElse(&c.Drain, 5*time.Second)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.StreamAge < 2*c.RingAge {
		return bad("StreamAge", "must be at least twice RingAge")
	}
	return nil
}

func orElse[T comparable](v *T, otherwise T) {
	var zero T
	if *v == zero {
		*v = otherwise
	}
}
