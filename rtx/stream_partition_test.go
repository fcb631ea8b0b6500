package rtx_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
)

type keyed struct {
	Key string `json:"key"`
	N   int    `json:"n"`
}

// Each key comes on one stream, in order, while a worker each reads them.
func TestPartitionKeepsOrderPerKey(t *testing.T) {
	s := testserver.NewServer(t)
	c := connect(t, s)
	const workers, keys, each = 4, 20, 100
	parts := rtx.Partition(t.Context(), c.Channel("a"), "n", workers, func(v keyed) string { return v.Key }, rtx.WithBuffer(keys*each))
	if err := parts[workers-1].Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	home, seen := make(map[string]int), make(map[string]int)
	var wg sync.WaitGroup
	for i, part := range parts {
		wg.Go(func() {
			for v, g := range part.All() {
				if g != nil {
					t.Errorf("%+v", *g)
					continue
				}
				mu.Lock()
				if at, ok := home[v.Key]; ok && at != i {
					t.Errorf("key %s came on streams %d and %d", v.Key, at, i)
				}
				if v.N != seen[v.Key] {
					t.Errorf("key %s: %d came, want %d", v.Key, v.N, seen[v.Key])
				}
				home[v.Key] = i
				seen[v.Key]++
				mu.Unlock()
			}
		})
	}
	for n := range each {
		for k := range keys {
			s.Publish("a", "n", keyed{fmt.Sprint("key-", k), n})
		}
	}
	last := opened[keyed](t, c.Channel("a"), "last")
	s.Publish("a", "last", keyed{})
	<-last.C // all before it has been delivered
	if name := parts[3].Stats().Name; name != "a/n#3" || c.StreamStats()[4].Name != name {
		t.Errorf("the fourth partition is called %q, the client lists %+v", name, c.StreamStats())
	}
	if st := c.Stats(); st.Streams != 2 {
		t.Errorf("%d streams are open, want the partition as one, and another", st.Streams)
	}
	for _, part := range parts {
		part.Close()
	}
	wg.Wait()
	if len(seen) != keys {
		t.Errorf("%d keys came", len(seen))
	}
	last.Close()
	s.WaitUnsubscribed("a")
}

// A reconnection, and a payload that nobody knows the owner of, are told on every partition.
func TestPartitionTellsSharedLossesEverywhere(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		parts := rtx.Partition(t.Context(), c.Channel("a"), "n", 3, func(v numbered) int {
			if v.N < 0 {
				panic("negative")
			}
			return v.N
		}, rtx.WithBuffer(1))
		if err := parts[0].Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		publish(s, "a", -1)
		s.Publish("a", "n", "no object")
		synctest.Wait()
		s.DropAll(testserver.Reset)
		s.WaitSubscribed("a")
		publish(s, "a", 7, 7) // one of them does not fit
		var values, dropped uint64
		for i, part := range parts {
			part.Close()
			var malformed uint64
			var reconnected bool
			for _, g := range part.All() {
				if g == nil {
					values++
					continue
				}
				malformed += g.Malformed
				dropped += g.Dropped
				reconnected = reconnected || g.Reconnected
			}
			if malformed != 2 || !reconnected {
				t.Errorf("partition %d: %d malformed, reconnected %v", i, malformed, reconnected)
			}
		}
		if values != 1 || dropped != 1 {
			t.Errorf("%d values and %d drops, want one each, on one partition", values, dropped)
		}
	})
}

func TestPartitionHoldsTheChannelUntilItsLastEnd(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		open := func(ctx context.Context, opts ...rtx.StreamOption) []*rtx.Stream[numbered] {
			parts := rtx.Partition(ctx, c.Channel("a"), "n", 2, func(v numbered) int { return v.N }, opts...)
			if err := parts[0].Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
			return parts
		}
		parts := open(t.Context())
		parts[0].Close()
		parts[0].Close()
		synctest.Wait()
		if c.Channel("a").State() != rtx.ChannelSubscribed {
			t.Fatal("the channel was left though a partition is open")
		}
		parts[1].Close()
		s.WaitUnsubscribed("a")

		ctx, cancel := context.WithCancelCause(t.Context())
		parts = open(ctx)
		cancel(errEnough)
		s.WaitUnsubscribed("a")
		for _, part := range parts {
			if !errors.Is(part.Err(), errEnough) {
				t.Errorf("ended with %v", part.Err())
			}
		}

		// One overflows, the other is closed: then nothing holds the channel.
		parts = open(t.Context(), rtx.WithBuffer(1), rtx.WithOverflow(rtx.EndStream))
		publish(s, "a", 1, 1)
		for _, part := range parts {
			if part.Err() == nil {
				part.Close()
			}
		}
		s.WaitUnsubscribed("a")
	})
}

// A key is on the same one of n streams each time, so that what is done for it in one process can
// be done again.
func TestPartitionPutsAKeyOnTheSameStreamEachTime(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		homes := func() (home [64]int) {
			parts := rtx.Partition(t.Context(), c.Channel("a"), "n", 7, func(v keyed) int { return v.N }, rtx.WithBuffer(len(home)))
			if err := parts[0].Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
			for n := range home {
				s.Publish("a", "n", keyed{N: n})
			}
			synctest.Wait()
			for i, part := range parts {
				for len(part.C) > 0 {
					home[(<-part.C).N] = i
				}
				part.Close()
			}
			return home
		}
		if first, second := homes(), homes(); first != second {
			t.Errorf("keys came on the streams %v, and then on %v", first, second)
		}
	})
}
