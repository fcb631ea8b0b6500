package core

import "testing"

func TestExplore(t *testing.T) {
	for _, cfg := range configs {
		t.Run(cfg.name, func(t *testing.T) {
			t.Parallel()
			explore(t, cfg)
		})
	}
}
