package relay

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// settled returns members that cover all that is theirs.
func settled(names ...string) (members []Member) {
	for _, name := range names {
		members = append(members, Member{Name: name, Ready: true, Covers: names})
	}
	return members
}

// One more member takes 1/n of the channels, each from whoever had it, and nothing else moves. The
// hash is random, so the share is right within what chance does.
func TestShardingMoves(t *testing.T) {
	var channels []string
	for c := range 20_000 {
		channels = append(channels, fmt.Sprint("orders-", c))
	}
	var names []string
	var before *roll
	for n := 1; n <= 8; n++ {
		joined := fmt.Sprint("replica-", n)
		names = append(names, joined)
		r := newRoll(before, channels, true, settled(names...))
		moved := 0
		for c := range channels {
			now := r.leader(c)
			if !r.receives(now, c) || !r.covered(c) {
				t.Fatalf("%s leads channel %d without receiving it", now, c)
			}
			if n == 1 || now == before.leader(c) {
				continue
			}
			if moved++; now != joined {
				t.Fatalf("channel %d moved to %s when %s joined", c, now, joined)
			}
		}
		before = r
		if n == 1 {
			continue
		}
		share := 1 / float64(n)
		chance := 4 * math.Sqrt(share*(1-share)/float64(len(channels)))
		got := float64(moved) / float64(len(channels))
		t.Logf("%d members: %.4f of the channels moved, 1/n is %.4f", n, got, share)
		if math.Abs(got-share) > chance {
			t.Errorf("%d members: %.4f of the channels moved, want %.4f ± %.4f", n, got, share, chance)
		}
	}
}

// Who has joined publishes nothing before it says that it receives the channel, and who does not lead a
// channel by its weight does so as long as nobody else receives it.
func TestLeaderReceives(t *testing.T) {
	channels := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
	members := append(settled("x", "y"), Member{Name: "z", Ready: true})
	old := newRoll(nil, channels, true, settled("x", "y"))
	r := newRoll(old, channels, true, members)
	members = slices.Clone(members)
	members[2].Covers = []string{"x", "y", "z"}
	next := newRoll(r, channels, true, members)
	moved := 0
	for c := range channels {
		if r.leader(c) != old.leader(c) {
			t.Errorf("channel %d has moved before its new owner receives it", c)
		}
		if r.receives("z", c) == r.covered(c) {
			t.Errorf("channel %d is covered %v", c, r.covered(c))
		}
		if !next.covered(c) {
			t.Errorf("channel %d is not covered", c)
		}
		if next.leader(c) != next.owners[c][0] {
			t.Errorf("%s leads channel %d, want %s", next.leader(c), c, next.owners[c][0])
		}
		if next.leader(c) == "z" {
			moved++
		}
	}
	if moved == 0 || moved == len(channels) {
		t.Fatalf("%d of %d channels moved", moved, len(channels))
	}
}

func TestLeaderIsTheOldest(t *testing.T) {
	covers := []string{"it"}
	members := []Member{{"a", true, 5, covers}, {"b", false, 1, covers}, {"c", true, 3, covers}, {"d", true, 3, covers}, {"e", true, 1, nil}}
	channels := []string{"orders"}
	if got := newRoll(nil, channels, false, members).leader(0); got != "c" {
		t.Errorf("got %q, want the one that has received it for longest", got)
	}
	if got := newRoll(nil, channels, false, members[1:2]).leader(0); got != "" {
		t.Errorf("%q leads, and is not ready", got)
	}
}
