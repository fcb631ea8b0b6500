package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/realtimex/realtimex-go/rtx/presence"
)

func presenceCommand(console *console) *cobra.Command {
	p := &watcher{console: console}
	cmd := &cobra.Command{
		Use:   "presence CHANNEL --user-id ID",
		Short: "Join a presence channel, and show who is there",
		Long: `presence joins a presence channel as the given user. It shows the members, and who
joins and leaves. While the connection is lost, the roster is kept and shown as stale.
After reconnecting, presence shows the exact differences.

With --json each change is one line {"time","kind","joined","left","updated","count"},
where kind is snapshot, diff or stale, and the members are {"user_id","user_info"}.`,
		Example: `  RTX_SECRET=app-secret rtx presence presence-lobby --user-id ann --url ws://127.0.0.1:6001 --key app-key
  RTX_SECRET=app-secret rtx presence presence-lobby --user-id bob --user-info '{"name":"Bob"}' --json --for 5s --url ws://127.0.0.1:6001 --key app-key`,
		Args:              between(1, "CHANNEL"),
		ValidArgsFunction: onlyFirst(p.conn.completePresence),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := errors.Join(p.conn.resolve(cmd), p.limit.check(cmd)); err != nil {
				return err
			}
			return p.run(cmd.Context(), args[0])
		},
	}
	p.conn.urlFlag(cmd)
	p.conn.keyFlag(cmd)
	p.conn.authFlags(cmd)
	p.conn.userFlags(cmd, " (required, unless the auth endpoint decides it)")
	p.limit.flags(cmd, "changes")
	cmd.Flags().BoolVar(&p.asJSON, "json", false, "one JSON object a line")
	return cmd
}

// A watcher shows a room. Infos are passed on as they came.
type watcher struct {
	conn    connection
	limit   limit
	asJSON  bool
	console *console
	line    *jsonLine
}

type (
	member = presence.Member[json.RawMessage]
	change = presence.Change[json.RawMessage]
)

func (p *watcher) run(ctx context.Context, name string) error {
	if p.conn.userID == "" && p.conn.signing != byEndpoint {
		return usage("--user-id is missing: who to join as")
	}
	p.line = newJSONLine()
	p.limit.start()
	s, err := p.conn.open(ctx, p.console)
	if err != nil {
		return err
	}
	defer s.close()
	room := presence.Watch[json.RawMessage](ctx, s.Channel(name))
	if err := room.Err(); err != nil {
		return p.conn.explain(err)
	}
	if err := s.connect(ctx, p.limit); err != nil {
		return err
	}
	if err := s.join(ctx, p.limit, room.Ready); err != nil {
		return err
	}
	p.console.ShowStatus(func() string {
		return fmt.Sprintf("%v  %d here  %d reconnects", s.State(), room.Members().Len(), s.reconnects())
	})
	defer p.limit.expire(ctx, func(context.Context) { room.Close() })()

	var set presence.Set[json.RawMessage]
	n := uint(0)
	for c := range room.C {
		set.Apply(c)
		if err := p.print(c, set.Len()); err != nil {
			return err
		}
		if err := p.console.Flush(); err != nil {
			return err
		}
		if n++; p.limit.reached(n) {
			return nil
		}
	}
	return p.conn.explain(room.Err())
}

func (p *watcher) print(c change, count int) error {
	now := time.Now()
	for _, members := range [][]member{c.Joined, c.Left, c.Updated} {
		slices.SortFunc(members, func(a, b member) int { return strings.Compare(a.ID, b.ID) })
	}
	if p.asJSON {
		p.line.begin(now)
		p.line.add("kind", c.Kind)
		p.line.add("joined", wire(c.Joined))
		p.line.add("left", wire(c.Left))
		p.line.add("updated", wire(c.Updated))
		p.line.add("count", count)
		return p.console.Print(p.line.end())
	}
	colour := p.console.outColour
	kind := c.Kind.String()
	if c.Kind == presence.Stale {
		kind += ", connection lost"
	}
	err := p.console.Print(fmt.Appendf(nil, "%s  %d here  %s", stamp(now, colour), count, colour.dim(kind)))
	show := func(sign string, paint func(string) string, members []member) {
		for _, m := range members {
			me := ""
			if m.ID == c.Me {
				me = colour.dim("  (me)")
			}
			info := ""
			if len(m.Info) > 0 {
				info = "  " + printable(string(m.Info))
			}
			line := fmt.Appendf(nil, "%*s  %s %s%s%s", len(clock), "", paint(sign), colour.name(printable(m.ID)), info, me)
			err = errors.Join(err, p.console.Print(line))
		}
	}
	show("+", colour.good, c.Joined)
	show("-", colour.bad, c.Left)
	show("~", colour.event, c.Updated)
	return err
}

type wireMember struct {
	ID   string          `json:"user_id"`
	Info json.RawMessage `json:"user_info,omitempty"`
}

// wire is how members are written as JSON: never null.
func wire(members []member) []wireMember {
	list := make([]wireMember, 0, len(members))
	for _, m := range members {
		list = append(list, wireMember(m))
	}
	return list
}
