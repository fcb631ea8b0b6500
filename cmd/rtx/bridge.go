package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/spf13/cobra"

	bridge "github.com/realtimex/realtimex-go/bridge/nats"
	"github.com/realtimex/realtimex-go/internal/advice"
)

func bridgeCommand(console *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "bridge",
		Short:   "Bring events to a bus",
		Long:    `bridge brings the events of channels to a bus, and keeps them in order there.`,
		Example: `  rtx bridge nats orders stock --app shop --check`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("no such bus; there is nats")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(bridgeNATSCommand(console))
	return cmd
}

// natsBridge is what the flags say of a replica.
type natsBridge struct {
	conn      connection
	cfg       bridge.Config
	url       string
	creds     string
	ringMiB   uint
	streamMiB uint
	check     bool
	console   *console
}

const defaultNATS = "nats://127.0.0.1:4222"

func bridgeNATSCommand(console *console) *cobra.Command {
	b := &natsBridge{console: console}
	cmd := &cobra.Command{
		Use:   "nats CHANNEL…",
		Short: "Bring events to NATS JetStream",
		Long: `nats brings the events of channels to a JetStream stream, until it is interrupted.

An event has the subject rtx.APP.CHANNEL.EVENT. Where events may be missing there is a
record with the subject rtx.APP.CHANNEL.!gap. In channels and events every byte but
letters, digits, - and _ is written as % and two hexadecimal digits.

Run it on several machines with the same --app. One of them publishes; if it dies or
loses its link, another goes on, and fills what it has missed from the others.`,
		Example: `  rtx bridge nats orders --app shop --url ws://127.0.0.1:6001 --key app-key
  rtx bridge nats orders --app shop --sharded --url ws://127.0.0.1:6001 --key app-key
  rtx bridge nats orders stock --app shop --check`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("CHANNEL is missing")
			}
			return nil
		},
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := b.conn.resolve(cmd); err != nil {
				return err
			}
			return b.run(cmd.Context(), args)
		},
	}
	b.conn.urlFlag(cmd)
	b.conn.keyFlag(cmd)
	b.conn.authFlags(cmd)
	f := cmd.Flags()
	f.StringVar(&b.url, "nats", "", "the `URL` of NATS (RTX_NATS, where a password is better) (default "+defaultNATS+")")
	f.StringVar(&b.creds, "nats-creds", "", "a `file` with credentials for NATS")
	f.StringVar(&b.cfg.App, "app", "", "the `name` under which replicas work together: letters, digits, - and _")
	f.StringVar(&b.cfg.Replica, "replica", "", "the `name` of this one (default the host's, and a random text)")
	f.BoolVar(&b.cfg.Sharded, "sharded", false, "distribute the channels over the replicas")
	f.StringVar(&b.cfg.Stream, "stream", "", "the `name` of the stream (default rtx-APP); it is created if there is none")
	f.IntVar(&b.cfg.StreamReplicas, "stream-replicas", 1, "how many servers keep a stream that is created")
	f.DurationVar(&b.cfg.StreamAge, "stream-age", 24*time.Hour, "how long it keeps events")
	f.UintVar(&b.streamMiB, "stream-size", 0, "how many `MiB` it keeps; 0 for no limit")
	f.DurationVar(&b.cfg.RingAge, "ring-age", 2*time.Minute, "how long each channel's newest events are kept for other replicas")
	f.UintVar(&b.ringMiB, "ring-size", 4, "how many `MiB` of them are kept for each channel")
	f.DurationVar(&b.cfg.Lease, "lease", 5*time.Second, "how long a replica that is silent counts as alive")
	f.DurationVar(&b.cfg.Fill, "fill", 2*time.Second, "how long others are asked for what was missed, before a gap is told")
	f.DurationVar(&b.cfg.Drain, "drain", grace*3/4, "how long it may publish what it has when it is interrupted, if there is no other replica")
	f.BoolVar(&b.check, "check", false, "show the subjects of the channels, and do nothing")
	return cmd
}

func (b *natsBridge) run(ctx context.Context, channels []string) error {
	if b.ringMiB == 0 || b.ringMiB > 1<<10 {
		return usage("--ring-size must be between 1 and %d", 1<<10)
	}
	if b.streamMiB > 1<<30 {
		return usage("--stream-size must be at most %d", 1<<30)
	}
	switch _, _, _, _, err := bridge.ParseSubject(bridge.Subject(b.cfg.App, "channel", "event")); {
	case b.cfg.App == "":
		return usage("--app is missing")
	case err != nil:
		return usage("--app must be 1 to 64 letters, digits, - and _")
	}
	b.cfg.Channels = channels
	b.cfg.RingBytes = int(b.ringMiB) << 20
	b.cfg.StreamBytes = int64(b.streamMiB) << 20
	if b.check {
		return b.show()
	}
	bus := cmp.Or(b.url, os.Getenv("RTX_NATS"), defaultNATS)
	hosts, err := natsHosts(bus)
	if err != nil {
		return err
	}
	opts := []nats.Option{nats.Name("rtx bridge"), nats.MaxReconnects(-1),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { b.console.Note("NATS: " + advice.Bare(err)) }),
		nats.DisconnectErrHandler(func(c *nats.Conn, _ error) {
			if !c.IsClosed() { // by us, at the end
				b.console.Note("the connection to NATS is lost")
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { b.console.Note("connected to NATS again") })}
	if b.creds != "" {
		opts = append(opts, nats.UserCredentials(b.creds))
	}
	conn, err := nats.Connect(bus, opts...)
	if err != nil {
		return fmt.Errorf("can't connect to NATS at %s (%s): check --nats (RTX_NATS), and that nats-server -js runs there", hosts, advice.Bare(err))
	}
	defer conn.Close()
	s, err := b.conn.open(ctx, b.console)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.connect(ctx, limit{}); err != nil {
		return err
	}
	b.cfg.Client, b.cfg.NATS = s.Client, conn
	b.cfg.Log = slog.New(slog.NewTextHandler(noteWriter{b.console}, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == slog.LevelKey {
			return slog.Attr{}
		}
		return a
	}}))
	replica, err := bridge.New(b.cfg)
	if err != nil {
		return explainConfig(err)
	}
	b.console.ShowStatus(func() string {
		st := replica.Stats()
		return fmt.Sprintf("%d of %d channels are published from here, %d events so far, %d replicas", st.Leading, st.Channels, st.Published, st.Members)
	})
	b.console.Notef("bringing %s to %s", strings.Join(channels, ", "), "rtx."+b.cfg.App+".*.*")
	return explainConfig(replica.Run(ctx))
}

// explainConfig says which flag a field of the bridge's configuration is.
func explainConfig(err error) error {
	e, ok := errors.AsType[*bridge.ConfigError](err)
	if !ok {
		return err
	}
	flags := map[string]string{"App": "--app", "Channels": "CHANNEL", "Replica": "--replica", "Stream": "--stream", "StreamAge": "--stream-age",
		"RingAge": "--ring-age", "RingBytes": "--ring-size", "Lease": "--lease", "Fill": "--fill", "Drain": "--drain"}
	return usage("%s: %s", flags[e.Field], e.Reason)
}

func (b *natsBridge) show() error {
	for _, channel := range b.cfg.Channels {
		if err := b.console.Print([]byte(printable(channel) + "  " + bridge.ChannelSubject(b.cfg.App, channel))); err != nil {
			return err
		}
	}
	return b.console.Flush()
}

// natsHosts returns the hosts of the URLs of NATS, without users, passwords and tokens.
func natsHosts(urls string) (string, error) {
	var hosts []string
	for one := range strings.SplitSeq(urls, ",") {
		if one = strings.TrimSpace(one); !strings.Contains(one, "://") {
			one = "nats://" + one
		}
		u, err := url.Parse(one)
		if err != nil || u.Host == "" {
			return "", usage("--nats (RTX_NATS) is not a URL of NATS, such as nats://127.0.0.1:4222") // the error would quote it
		}
		hosts = append(hosts, printable(u.Host))
	}
	return strings.Join(hosts, ", "), nil
}

// A noteWriter takes lines of a log for standard error.
type noteWriter struct{ console *console }

func (w noteWriter) Write(line []byte) (int, error) {
	note := strings.TrimPrefix(strings.TrimSpace(string(line)), "msg=")
	if quoted, err := strconv.QuotedPrefix(note); err == nil {
		if text, err := strconv.Unquote(quoted); err == nil {
			note = text + note[len(quoted):]
		}
	}
	w.console.Note(note)
	return len(line), nil
}
