package mirror

import (
	"context"
	"strings"
	"testing"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtxtest"
)

func TestMistakes(t *testing.T) {
	bubble(t, func(t *testing.T, srv *rtxtest.Server, client *rtx.Client) {
		n := &numbers{}
		ch := client.Channel("x")
		for want, m := range map[string]*Mirror[string, int]{
			"mirror.Open: load is nil":                         Open[string, int, map[string]int](t.Context(), ch, "set", nil, set),
			"mirror.Open: apply is nil":                        Open[string, int, map[string]int](t.Context(), ch, "set", n.load, nil),
			"mirror.WithLoadTimeout: -1ns is not positive":     n.open(t, ch, WithLoadTimeout(-1)),
			"mirror.WithMaxEvents: 0 is not positive":          n.open(t, ch, WithMaxEvents(0)),
			"mirror.WithBackoff: 0s is not positive":           n.open(t, ch, WithBackoff(0, 0)),
			"mirror.WithBackoff: the limit 1ns is less":        n.open(t, ch, WithBackoff(2, 1)),
			"mirror.WithEqual: equal is nil":                   n.open(t, ch, WithEqual[int](nil)),
			"mirror.WithEqual: its functions take other types": n.open(t, ch, WithEqual(func(a, b string) bool { return a == b })),
			"mirror.WithVersion: a function is nil":            n.open(t, ch, WithVersion[string, int, int, int](nil, nil)),
			"mirror.WithParts: a function is nil":              n.open(t, ch, WithParts[string, int](nil, nil)),
			"WithBuffer: 0 is not between":                     n.open(t, ch, WithStream(rtx.WithBuffer(0))),
			"rtx: ":                                            n.open(t, nil),
		} {
			<-m.Wake
			if err := m.Err(); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want %s", err, want)
			}
			m.Close()
		}
		if len(n.asked) != 0 {
			t.Errorf("loaded for %v", n.asked)
		}
	})
}

// A mirror whose stream has ended loads nothing more, also if it was about to.
func TestNoLoadAfterTheEnd(t *testing.T) {
	bubble(t, func(t *testing.T, srv *rtxtest.Server, client *rtx.Client) {
		n := &numbers{}
		f := &follower[string, int, map[string]int]{
			m: &Mirror[string, int]{}, load: func(ctx context.Context) (map[string]int, error) { return n.load(ctx) },
			loaded: make(chan outcome[string, int], 1), stage: waiting,
		}
		f.due.add("", &staleness{})
		f.stream = rtx.OnAny(t.Context(), client.Channel("x"), cases[map[string]int]("set"), rtx.WithBuffer(0))
		f.states = f.stream.States(t.Context())
		defer f.states.Close()
		f.confirmed(t.Context())
		f.loads.Wait()
		if len(n.asked) != 0 || f.stage != idle {
			t.Errorf("loaded for %v, stage %d", n.asked, f.stage)
		}
	})
}
