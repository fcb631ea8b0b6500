package main

import (
	"github.com/spf13/cobra"

	"github.com/realtimex/realtimex-go/internal/testserver"
)

// A served recording is what rtx serve --replay plays in place of a service.
type servedRecording struct {
	path  string
	speed float64
}

func (r *servedRecording) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&r.path, "replay", "", "play the recording in this `FILE` to the next client, in place of a service; see rtx record")
	cmd.Flags().Float64Var(&r.speed, "replay-speed", 1, "how many `times` as fast; 0 is at once")
}

// options are those that replay; none without --replay.
func (r *servedRecording) options() ([]testserver.Option, error) {
	if r.path == "" {
		return nil, nil
	}
	if err := checkSpeed("--replay-speed", r.speed); err != nil {
		return nil, err
	}
	recording, err := openRecording(r.path)
	if err != nil {
		return nil, err
	}
	return []testserver.Option{testserver.WithReplay(recording), testserver.WithReplaySpeed(r.speed)}, nil
}
