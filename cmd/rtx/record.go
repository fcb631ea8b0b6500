package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/realtimex/realtimex-go/internal/advice"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/record"
)

func recordCommand(console *console) *cobra.Command {
	r := &recording{console: console}
	cmd := &cobra.Command{
		Use:   "record FILE CHANNEL…",
		Short: "Write down what a client sees, to replay it",
		Long: `record subscribes to channels, and writes down all that the client sees, with the
times: packets, how each connection ended, and how it came back. rtx replay shows the
file, rtx serve --replay plays it to any client, and rtxtest.Replay plays it in a test:
a fault that was seen once becomes a test.

The API key, signatures and the ids of sessions and sockets are replaced by stand-ins.
The payloads of events are recorded as they are.

FILE must not exist, unless --force is given. Only you can read it. Recording ends
with --for, --count or Ctrl-C. At --max-size it stops, and the command fails.

With --json the only line on standard output, at the end, is
{"time","file","entries","bytes","events"}.`,
		Example: `  rtx record session.jsonl orders --for 2s --url ws://127.0.0.1:6001 --key app-key
  RTX_SECRET=app-secret rtx record private.jsonl private-orders --for 2s --url ws://127.0.0.1:6001 --key app-key`,
		Args: func(_ *cobra.Command, args []string) error {
			switch len(args) {
			case 0:
				return usage("FILE is missing")
			case 1:
				return usage("CHANNEL is missing")
			}
			return nil
		},
		ValidArgsFunction: afterFile(r.conn.completeChannels),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := errors.Join(r.conn.resolve(cmd), r.limit.check(cmd)); err != nil {
				return err
			}
			if r.maxSize < 1 || r.maxSize > record.MaxSize>>20 {
				return usage("--max-size must be between 1 and %d", record.MaxSize>>20)
			}
			return r.run(cmd.Context(), args[0], args[1:])
		},
	}
	r.conn.urlFlag(cmd)
	r.conn.keyFlag(cmd)
	r.conn.authFlags(cmd)
	r.conn.userFlags(cmd, " (with --secret: default an invented name)")
	r.limit.flags(cmd, "events")
	cmd.Flags().UintVar(&r.maxSize, "max-size", record.DefaultMaxSize>>20, "stop when the file has that many `MiB`")
	cmd.Flags().BoolVar(&r.force, "force", false, "overwrite FILE if it exists")
	cmd.Flags().BoolVar(&r.asJSON, "json", false, "one JSON object a line")
	return cmd
}

type recording struct {
	conn    connection
	limit   limit
	maxSize uint
	force   bool
	asJSON  bool
	console *console
}

func (r *recording) run(ctx context.Context, path string, names []string) (err error) {
	how := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if r.force {
		how = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	file, err := os.OpenFile(path, how, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return usage("%s exists: choose another name, or give --force", printable(path))
	case err != nil:
		return usage("can't make %s: %s", printable(path), advice.Bare(err))
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	recorder, err := record.New(file, record.WithMaxSize(int64(r.maxSize)<<20), record.WithSecrets(r.conn.key, r.conn.secret))
	if err != nil {
		return err
	}
	r.conn.extra = append(r.conn.extra, rtx.WithDialerWrapper(recorder.Dialer))
	events, failed := r.listen(ctx, recorder, names)
	stopped := recorder.Close() // the client is closed
	if err := r.tell(path, recorder.Stats(), events); err != nil {
		return err
	}
	if stopped != nil {
		return fmt.Errorf("the recording in %s is not whole: %s: raise --max-size, or record for a shorter time", printable(path), strings.TrimPrefix(advice.Bare(stopped), "record: "))
	}
	return failed
}

// recordLook is how often it is seen whether the recording goes on.
const recordLook = 250 * time.Millisecond

// listen holds the channels until the end, and counts events.
func (r *recording) listen(ctx context.Context, recorder *record.Recorder, names []string) (events uint, err error) {
	r.limit.start()
	s, err := r.conn.open(ctx, r.console)
	if err != nil {
		return 0, err
	}
	defer s.close()
	channels := make([]*rtx.Channel, len(names))
	for i, name := range names {
		channels[i] = s.Channel(name)
	}
	stream := rtx.OnAny(ctx, rtx.NewGroup(channels...), new(listener).cases())
	if err := stream.Err(); err != nil {
		return 0, r.conn.explain(err)
	}
	if err := s.connect(ctx, r.limit); err != nil {
		return 0, err
	}
	if err := s.join(ctx, r.limit, stream.Ready); err != nil {
		return 0, err
	}
	r.console.Notef("recording %s", strings.Join(names, ", "))
	r.console.ShowStatus(func() string {
		st := recorder.Stats()
		return fmt.Sprintf("%v  recorded %d entries, %s  %d reconnects", s.State(), st.Entries, bytesText(st.Bytes), s.reconnects())
	})
	defer r.limit.expire(ctx, func(ctx context.Context) { _ = s.Drain(ctx) })()
	look := time.NewTicker(recordLook)
	defer look.Stop()
	for {
		select {
		case <-stream.Wake:
			for _, gap := range stream.Pending() {
				if gap != nil {
					s.tellGap(gap)
				} else if events++; r.limit.reached(events) {
					return events, nil
				}
			}
			if stream.Ended() {
				return events, r.conn.explain(stream.Err())
			}
		case <-look.C:
			if recorder.Stats().Err != nil {
				return events, nil
			}
		}
	}
}

func (r *recording) tell(path string, st record.Stats, events uint) error {
	if r.asJSON {
		line := newJSONLine()
		line.begin(time.Now())
		line.add("file", path)
		line.add("entries", st.Entries)
		line.add("bytes", st.Bytes)
		line.add("events", events)
		return errors.Join(r.console.Print(line.end()), r.console.Flush())
	}
	r.console.Notef("%s has %d entries, %s, with %d events; rtx replay %s shows it", path, st.Entries, bytesText(st.Bytes), events, path)
	return nil
}

// bytesText is a number of bytes as people read it.
func bytesText(n int64) string {
	switch {
	case n < 1<<10:
		return fmt.Sprintf("%d B", n)
	case n < 1<<20:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}
