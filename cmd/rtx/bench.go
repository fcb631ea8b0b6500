package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/spf13/cobra"
)

func benchCommand(console *console) *cobra.Command {
	b := &bench{console: console}
	cmd := &cobra.Command{
		Use:   "bench [URL]",
		Short: "Measure a service under load",
		Long: `bench makes connections, publishes client events between them on private channels of
its own, at a fixed rate, and shows how long they took to arrive. Each connection is
on one channel, and the first of each channel publishes to the others. It needs
somebody who signs: --secret, RTX_SECRET or --auth-endpoint.

The rate is kept whatever the service does, and an event that goes out late counts from
when it was to go out: a service that stands still is seen in all that it held up. All
runs in one process and on one clock, so bench itself is part of what is measured: late
shows by how much it missed its own times.

With --listen it publishes nothing, and counts what comes on channels that others
publish to.

A load can take a service down, and may cost money. So bench refuses a service that is
not on this machine, unless you say --yes-load-this-server. Ask its owner first.

It fails if not all events arrived. With --json the result is one line.`,
		Example: `  RTX_SECRET=app-secret rtx bench ws://127.0.0.1:6001 --key app-key --rate 200 --for 2s
  RTX_SECRET=app-secret rtx bench ws://127.0.0.1:6001 --key app-key --connections 50 --channels 5 --size 1024 --for 2s --json
  rtx bench ws://127.0.0.1:6001 --key app-key --listen orders --connections 20 --for 1s`,
		Args:              between(0, "URL"),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 { // as if by --url: a context's key is for its own service
				if err := cmd.Flags().Set("url", args[0]); err != nil {
					return err
				}
			}
			if err := errors.Join(b.conn.resolve(cmd), b.check()); err != nil {
				return err
			}
			return b.run(cmd.Context())
		},
	}
	b.conn.urlFlag(cmd)
	b.conn.keyFlag(cmd)
	b.conn.authFlags(cmd)
	flags := cmd.Flags()
	flags.UintVar(&b.connections, "connections", 10, "how many connections")
	flags.UintVar(&b.channels, "channels", 1, "how many channels they are spread over")
	flags.Float64Var(&b.rate, "rate", 100, "how many events a second are published, in all")
	flags.UintVar(&b.size, "size", 128, "`bytes` of the data of an event")
	flags.DurationVar(&b.duration, "for", 10*time.Second, "end after that time, such as 10s; connecting is not part of it")
	flags.StringArrayVar(&b.listen, "listen", nil, "publish nothing, and count what comes on this `channel`; may be given several times")
	flags.BoolVar(&b.yes, "yes-load-this-server", false, "load a service that is not on this machine")
	flags.BoolVar(&b.asJSON, "json", false, "one JSON object a line")
	if err := cmd.RegisterFlagCompletionFunc("listen", b.conn.completeChannels); err != nil {
		panic(err) // the flag is there
	}
	return cmd
}

type bench struct {
	conn                 connection
	connections          uint
	channels             uint
	rate                 float64
	size                 uint
	duration             time.Duration
	listen               []string
	yes, asJSON          bool
	console              *console
	latency, ready, late histogram
}

// The bounds of a load.
const (
	maxBenchConnections = 10_000
	maxBenchRate        = 100_000   // events published a second
	maxBenchFanOut      = 1_000_000 // events received a second
	minBenchSize        = 64        // room for the number and the time of an event
	maxBenchSize        = 64 << 10
	maxBenchDuration    = time.Hour
)

// check says what is wrong with the load that was asked for.
func (b *bench) check() error {
	u, err := url.Parse(b.conn.url)
	if err != nil {
		return usage("--url (RTX_URL) is not a URL")
	}
	switch {
	case !b.yes && !isLoopback(u.Hostname()):
		return usage("%s is not on this machine, and a load can take it down: give --yes-load-this-server if its owner knows, or try rtx serve", b.conn.target)
	case b.connections < 1 || b.connections > maxBenchConnections:
		return usage("--connections must be between 1 and %d", maxBenchConnections)
	case b.duration <= 0 || b.duration > maxBenchDuration:
		return usage("--for must be more than 0, and at most %v", maxBenchDuration)
	case len(b.listen) > 0:
		return nil
	case b.channels < 1 || b.connections < 2*b.channels:
		return usage("--channels must be at least 1, and there must be two --connections for each")
	case !(b.rate > 0) || b.rate > maxBenchRate:
		return usage("--rate must be more than 0, and at most %d", maxBenchRate)
	case b.rate*float64(b.connections)/float64(b.channels) > maxBenchFanOut:
		return usage("these are %.0f events a second to receive, and bench can't do more than %d: lower --rate or --connections, or raise --channels",
			b.rate*float64(b.connections)/float64(b.channels), maxBenchFanOut)
	case b.size < minBenchSize || b.size > maxBenchSize:
		return usage("--size must be between %d and %d", minBenchSize, maxBenchSize)
	case b.conn.signing == byNobody:
		return usage("bench publishes on private channels: %s, or give --listen CHANNEL to publish nothing", b.conn.names().Sign)
	}
	return nil
}

func (b *bench) run(ctx context.Context) error {
	result, err := b.measure(ctx)
	if err != nil || ctx.Err() != nil {
		return err
	}
	if b.asJSON {
		err = b.console.Print(result.json())
	} else {
		for _, line := range result.lines(b.console.outColour, b.console.outIsTerminal) {
			err = errors.Join(err, b.console.Print([]byte(line)))
		}
	}
	if err = errors.Join(err, b.console.Flush()); err != nil {
		return err
	}
	if lost := result.expected - min(result.expected, result.received); lost > 0 {
		return fmt.Errorf("%d of %d events did not arrive: lower --rate or --connections", lost, result.expected)
	}
	return nil
}
