package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/realtimex/realtimex-go/rtx"
)

func listenCommand(console *console) *cobra.Command {
	l := &listener{console: console}
	cmd := &cobra.Command{
		Use:   "listen CHANNEL…",
		Short: "Show events as they come",
		Long: `listen shows the events of one or more channels as they come.

If events may be missing, because the connection was lost, a line on standard error
says so. If standard output is read more slowly than events come, they wait in memory,
up to --buffer. After that listen writes what it has, says how much was lost, and fails.

With --json each event is one line {"time","channel","event","data"}. From a service
with connection state recovery it also has "id", before "data".`,
		Example: `  rtx listen orders --url ws://127.0.0.1:6001 --key app-key
  rtx listen orders stock --event created --json --count 1 --url ws://127.0.0.1:6001 --key app-key
  RTX_SECRET=app-secret rtx listen private-orders --for 5s --url ws://127.0.0.1:6001 --key app-key
  rtx listen private-orders --auth-endpoint http://127.0.0.1:6001/dev/auth --url ws://127.0.0.1:6001 --key app-key`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("CHANNEL is missing")
			}
			return nil
		},
		ValidArgsFunction: l.conn.completeChannels,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := errors.Join(l.conn.resolve(cmd), l.limit.check(cmd)); err != nil {
				return err
			}
			return l.run(cmd.Context(), args)
		},
	}
	l.conn.urlFlag(cmd)
	l.conn.keyFlag(cmd)
	l.conn.authFlags(cmd)
	l.conn.userFlags(cmd, " (with --secret: default an invented name)")
	l.limit.flags(cmd, "events")
	cmd.Flags().StringArrayVarP(&l.events, "event", "e", nil, "only events of this `name`; may be given several times")
	cmd.Flags().BoolVar(&l.asJSON, "json", false, "one JSON object a line")
	cmd.Flags().UintVar(&l.buffer, "buffer", 256, "how many `MiB` of events may wait for standard output")
	return cmd
}

type listener struct {
	conn    connection
	limit   limit
	events  []string
	asJSON  bool
	buffer  uint
	console *console
}

type message = rtx.Message[json.RawMessage]

func (l *listener) run(ctx context.Context, names []string) error {
	if l.buffer == 0 || l.buffer > 1<<20 {
		return usage("--buffer must be between 1 and %d", 1<<20)
	}
	return l.follow(ctx, names, func(context.Context, *session) {})
}

// follow shows the events of channels until the stream ends or there were enough. Beside that it runs
// the function, which may drain the session and must return when its context ends.
func (l *listener) follow(ctx context.Context, names []string, beside func(context.Context, *session)) error {
	l.limit.start()
	s, err := l.conn.open(ctx, l.console)
	if err != nil {
		return err
	}
	defer s.close()

	channels := make([]*rtx.Channel, len(names))
	for i, name := range names {
		channels[i] = s.Channel(name)
	}
	stream := rtx.OnAny(ctx, rtx.NewGroup(channels...), l.cases(), rtx.WithOverflow(rtx.Grow(int64(l.buffer)<<20)))
	if err := stream.Err(); err != nil {
		return l.conn.explain(err)
	}
	if err := s.connect(ctx, l.limit); err != nil {
		return err
	}
	if err := s.join(ctx, l.limit, stream.Ready); err != nil {
		return err
	}
	l.console.Notef("listening on %s", strings.Join(names, ", "))
	l.console.ShowStatus(s.status())
	defer l.limit.expire(ctx, func(ctx context.Context) { _ = s.Drain(ctx) })()
	var running sync.WaitGroup
	defer running.Wait()
	during, cancel := context.WithCancel(ctx)
	defer cancel()
	running.Go(func() { beside(during, s) })
	if err := l.write(s, stream, l.format(names)); err != nil {
		return err
	}
	switch err := stream.Err(); {
	case errors.Is(err, rtx.ErrOverflow):
		return fmt.Errorf("standard output was read too slowly: more than %d MiB of events waited, and later ones were lost; read faster, or raise --buffer", l.buffer)
	case err != nil:
		return l.conn.explain(err)
	case s.lost:
		return errors.New("some events were lost")
	}
	return nil
}

// cases are the events that are wanted, each as it came.
func (l *listener) cases() []rtx.Case[message] {
	names := l.events
	if len(names) == 0 {
		names = []string{"*"}
	}
	var cases []rtx.Case[message]
	for _, name := range names {
		cases = append(cases, rtx.CaseOf(name, func(m message) message { return m }))
	}
	return cases
}

// write writes events until the stream ends or there were enough. Whenever none is at hand, what
// was gathered goes out.
func (l *listener) write(s *session, stream *rtx.Stream[message], format func(message) []byte) error {
	n := uint(0)
	for m, gap := range stream.All() {
		if gap != nil {
			if err := l.console.Flush(); err != nil {
				return err
			}
			s.tellGap(gap)
			continue
		}
		if err := l.console.Print(format(m)); err != nil {
			return err
		}
		if n++; l.limit.reached(n) {
			break
		}
		if len(stream.C) == 0 {
			if err := l.console.Flush(); err != nil {
				return err
			}
		}
	}
	return l.console.Flush()
}

// format gives the function that writes an event as one line, which is good until its next call.
func (l *listener) format(channels []string) func(message) []byte {
	if l.asJSON {
		line := newJSONLine()
		return func(m message) []byte {
			line.begin(m.ReceivedAt)
			line.add("channel", m.Channel)
			line.add("event", m.Event)
			if m.ID != "" {
				line.add("id", m.ID)
			}
			line.addRaw("data", m.Value)
			return line.end()
		}
	}
	colour := l.console.outColour
	var channelColumn, eventColumn column = 0, usualEvent
	for _, name := range channels {
		channelColumn.fit(printable(name))
	}
	return func(m message) []byte {
		return fmt.Appendf(nil, "%s  %s  %s  %s",
			stamp(m.ReceivedAt, colour),
			channelColumn.pad(printable(m.Channel), colour.name),
			eventColumn.pad(printable(m.Event), colour.event),
			printable(string(m.Value)))
	}
}

// A column is as wide as the widest text in it so far, within reason.
type column int

const (
	widestColumn = 32
	usualEvent   = 14 // so that the first few names need not move the column
)

func (c *column) fit(text string) int {
	width := utf8.RuneCountInString(text)
	*c = max(*c, column(min(width, widestColumn)))
	return width
}

func (c *column) pad(text string, paint func(string) string) string {
	width := c.fit(text)
	return paint(text) + strings.Repeat(" ", max(0, int(*c)-width))
}

// stamp is a time as people read it, in a line of results.
func stamp(at time.Time, s style) string { return s.dim(at.Format(clock)) }
