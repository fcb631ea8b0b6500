package core

import (
	"sync"
	"testing"
)

// TestExplore walks what can happen in each kind of world, and holds the tables of moves against
// it. With -explore 10m it goes on for that time in each.
func TestExplore(t *testing.T) {
	var mu sync.Mutex
	all, worlds, walked := newMoves(), 0, 0
	t.Run("worlds", func(t *testing.T) {
		for _, cfg := range configs {
			if cfg.replayed {
				continue
			}
			worlds++
			t.Run(cfg.name, func(t *testing.T) {
				t.Parallel()
				x := explore(t, cfg)
				mu.Lock()
				defer mu.Unlock()
				all.add(x.moves)
				walked++
			})
		}
	})
	if !t.Failed() && walked == worlds { // not if only some were asked for
		all.check(t)
	}
}
