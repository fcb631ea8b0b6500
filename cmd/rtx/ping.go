package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/spf13/cobra"
)

func pingCommand(console *console) *cobra.Command {
	p := &pinger{console: console}
	cmd := &cobra.Command{
		Use:   "ping",
		Short: "Measure round trips to the service",
		Long: `ping connects, sends pings, and shows how long each answer took, like ping(8). It
fails if no ping is answered.

With --json each ping is one line {"time","seq","ms"}, or {"time","seq","error"}.`,
		Example: `  rtx ping --count 3 --url ws://127.0.0.1:6001 --key app-key
  rtx ping -n 1 --json --url ws://127.0.0.1:6001 --key app-key`,
		Args:              between(0),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := errors.Join(p.conn.resolve(cmd), p.limit.check(cmd)); err != nil {
				return err
			}
			return p.run(cmd.Context())
		},
	}
	p.conn.urlFlag(cmd)
	p.conn.keyFlag(cmd)
	p.limit.flags(cmd, "pings")
	cmd.Flags().DurationVarP(&p.interval, "interval", "i", time.Second, "time between two pings")
	cmd.Flags().DurationVar(&p.timeout, "timeout", 5*time.Second, "how long to wait for an answer")
	cmd.Flags().BoolVar(&p.asJSON, "json", false, "one JSON object a line")
	return cmd
}

type pinger struct {
	conn              connection
	limit             limit
	interval, timeout time.Duration
	asJSON            bool
	console           *console
	line              *jsonLine
	trips             trips
}

// trips sums round trips up.
type trips struct {
	sent, answered uint
	least, most    time.Duration
	sum, squares   float64 // of milliseconds
}

func (t *trips) add(d time.Duration) {
	if t.answered++; t.answered == 1 {
		t.least = d
	}
	t.least, t.most = min(t.least, d), max(t.most, d)
	t.sum += ms(d)
	t.squares += ms(d) * ms(d)
}

func (t *trips) String() string {
	text := fmt.Sprintf("%d sent, %d answered, %.0f%% lost", t.sent, t.answered, 100*float64(t.sent-t.answered)/float64(max(t.sent, 1)))
	if t.answered > 0 {
		n := float64(t.answered)
		mean := t.sum / n
		deviation := math.Sqrt(max(0, t.squares/n-mean*mean))
		text += fmt.Sprintf("; min/avg/max/mdev %.2f/%.2f/%.2f/%.2f ms", ms(t.least), mean, ms(t.most), deviation)
	}
	return text
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func (p *pinger) run(ctx context.Context) error {
	if p.interval < 0 || p.timeout <= 0 {
		return usage("--interval must not be below 0, and --timeout must be above")
	}
	p.line = newJSONLine()
	p.limit.start()
	s, err := p.conn.open(ctx, p.console)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.connect(ctx, p.limit); err != nil {
		return err
	}
	during, cancel := context.WithCancel(ctx)
	defer cancel()
	defer p.limit.expire(ctx, func(context.Context) { cancel() })()
	err = p.pingAll(during, s)
	s.cancel() // nothing that happens from here on is of interest
	p.console.Note(p.trips.String())
	switch {
	case err != nil:
		return err
	case p.trips.sent > 0 && p.trips.answered == 0:
		return errors.New("no ping was answered: the connection is up, but this service may not answer pings")
	}
	return nil
}

// pingAll pings until there were enough or the context ends.
func (p *pinger) pingAll(ctx context.Context, s *session) error {
	ticker := time.NewTicker(max(p.interval, 1))
	defer ticker.Stop()
	for {
		timed, cancel := context.WithTimeout(ctx, p.timeout)
		trip, err := s.Ping(timed)
		cancel()
		if ctx.Err() != nil {
			return nil
		}
		p.trips.sent++
		if err := errors.Join(p.print(trip, err), p.console.Flush()); err != nil {
			return err
		}
		if p.limit.reached(p.trips.sent) {
			return nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		case <-s.Done():
			return p.conn.explain(s.Err())
		}
	}
}

func (p *pinger) print(trip time.Duration, err error) error {
	now := time.Now()
	why := ""
	switch {
	case err == nil:
		p.trips.add(trip)
	case errors.Is(err, context.DeadlineExceeded):
		why = fmt.Sprintf("no answer within %v", p.timeout)
	default:
		why = p.conn.explain(err).Error()
	}
	if p.asJSON {
		p.line.begin(now)
		p.line.add("seq", p.trips.sent)
		if why == "" {
			p.line.add("ms", ms(trip))
		} else {
			p.line.add("error", why)
		}
		return p.console.Print(p.line.end())
	}
	colour := p.console.outColour
	if why != "" {
		return p.console.Print(fmt.Appendf(nil, "%s  seq=%d  %s", stamp(now, colour), p.trips.sent, colour.bad(printable(why))))
	}
	return p.console.Print(fmt.Appendf(nil, "%s  seq=%d  time=%.2f ms", stamp(now, colour), p.trips.sent, ms(trip)))
}
