package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/realtimex/realtimex-go/internal/advice"
	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/record"
)

func replayCommand(console *console) *cobra.Command {
	r := &replaying{console: console}
	cmd := &cobra.Command{
		Use:   "replay FILE",
		Short: "Show a recording as a client sees it",
		Long: `replay plays a recording to a client in the same process, and shows what that gets:
the events, the ends of connections, and what is missing. FILE was made by rtx record,
or by a program with package record. No service is needed.

With --speed 1 the times are those of the recording; 10 is ten times as fast, and 0
waits for nothing. A connection that went silent is found dead no faster than by a
real client. To replay to your own program: rtx serve --replay FILE, or in a Go test
rtxtest.Replay.

With --json each event is one line {"time","channel","event","data"}, as of rtx listen.`,
		Example: `  rtx replay session.jsonl --speed 0
  rtx replay session.jsonl --speed 0 --json`,
		Args: between(1, "FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkSpeed("--speed", r.speed); err != nil {
				return err
			}
			return r.run(cmd.Context(), args[0])
		},
	}
	cmd.Flags().Float64Var(&r.speed, "speed", 1, "how many `times` as fast; 0 is at once")
	cmd.Flags().BoolVar(&r.asJSON, "json", false, "one JSON object a line")
	return cmd
}

type replaying struct {
	speed   float64
	asJSON  bool
	console *console
}

func (r *replaying) run(ctx context.Context, path string) error {
	recording, err := openRecording(path)
	if err != nil {
		return err
	}
	if len(recording.Channels) == 0 {
		return fmt.Errorf("%s has no subscription: there is nothing that a client could show", printable(path))
	}
	server, err := testserver.Start(testserver.WithReplay(recording), testserver.WithReplaySpeed(r.speed))
	if err != nil {
		return errors.New(advice.Bare(err))
	}
	defer server.Close()
	connections := fmt.Sprint(recording.Attempts(), " connections")
	if recording.Attempts() == 1 {
		connections = "1 connection"
	}
	r.console.Notef("%s: %s, %d entries, %v, of %s", path, connections, recording.Entries,
		recording.Length.Round(time.Millisecond), recording.Header.Started.Local().Format(time.DateTime))
	l := &listener{
		conn: connection{
			url: server.URL(), key: server.Key(), endpoint: server.AuthEndpoint(), signing: byEndpoint, target: "the recording",
			extra: []rtx.Option{rtx.WithConnectRetry()},
		},
		asJSON: r.asJSON, buffer: 256, console: r.console,
	}
	over := server.Replayed()
	err = l.follow(ctx, recording.Channels, func(ctx context.Context, s *session) {
		select {
		case <-over:
		case <-ctx.Done():
			return
		}
		// What was sent before the pong has been received with it. If there is no connection any
		// more, everything has been.
		timed, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		_, _ = s.Ping(timed)
		s.cancel() // that the recording has no further connection is no news
		_ = s.Drain(ctx)
	})
	if err == nil && recording.Stopped != "" {
		r.console.Notef("the recording stopped here, at its limit of %s: what followed is not known", recording.Stopped)
	}
	return err
}

// openRecording reads a recording, and says what is wrong with one that can't be read.
func openRecording(path string) (*testserver.Recording, error) {
	recording, err := testserver.OpenRecording(path)
	if err == nil && recording.Attempts() == 0 {
		return nil, fmt.Errorf("%s has no connection: nothing was recorded", printable(path))
	}
	if err == nil {
		return recording, nil
	}
	text := strings.TrimPrefix(advice.Bare(err), "record: ")
	if version, ok := errors.AsType[*record.VersionError](err); ok {
		return nil, fmt.Errorf("%s has version %d of the format, and this rtx reads version %d: update rtx", printable(path), version.Version, record.Version)
	}
	if bad, ok := errors.AsType[*record.FormatError](err); ok {
		return nil, fmt.Errorf("%s is no recording, or a damaged one: line %d %s", printable(path), bad.Line, bad.Reason)
	}
	return nil, usage("can't read %s: %s", printable(path), text)
}

func checkSpeed(flag string, speed float64) error {
	if !(speed >= 0) || math.IsInf(speed, 0) {
		return usage("%s must be 0 or more", flag)
	}
	return nil
}
