package rtx

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/core"
)

// Whoever finds a channel ready finds the gap of the time before it: a loss is on its streams
// before the lock is released under which the channel becomes live.
func TestALossIsToldBeforeAnyoneCanFindTheChannelReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScripted(t)
		s.connect()
		c := s.c
		stream := On[int](t.Context(), c.Channel("a"), "n")
		if err := stream.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.mu.Lock()
		ch := &c.subs["a"].Channel
		c.resolveLocked(&core.Action{Op: core.TellLoss, Channel: ch, Loss: core.Loss{Epoch: c.machine.Epoch(), Since: time.Now()}}, new(effect))
		gaps := 0
		for range stream.Gaps() {
			gaps++
		}
		c.mu.Unlock()
		if gaps != 1 {
			t.Errorf("%d gaps are told, want 1", gaps)
		}
	})
}
