package relay

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// One more member takes 1/n of the channels, each from whoever had it, and nothing else moves. The
// hash is random, so the share is right within what chance does.
func TestShardingMoves(t *testing.T) {
	const channels = 20_000
	var members []Member
	for n := 1; n <= 8; n++ {
		before := slices.Clone(members)
		joined := fmt.Sprint("replica-", n)
		members = append(members, Member{Name: joined, Ready: true})
		moved := 0
		for c := range channels {
			channel := fmt.Sprint("orders-", c)
			now := Leader(members, channel, true)
			if n == 1 || now == Leader(before, channel, true) {
				continue
			}
			if moved++; now != joined {
				t.Fatalf("%s moved to %s when %s joined", channel, now, joined)
			}
		}
		if n == 1 {
			continue
		}
		share := 1 / float64(n)
		chance := 4 * math.Sqrt(share*(1-share)/channels)
		got := float64(moved) / channels
		t.Logf("%d members: %.4f of the channels moved, 1/n is %.4f", n, got, share)
		if math.Abs(got-share) > chance {
			t.Errorf("%d members: %.4f of the channels moved, want %.4f ± %.4f", n, got, share, chance)
		}
	}
}

// Whoever publishes a channel is subscribed to it, before, while and after a member joins, and so is
// a second one.
func TestMakeBeforeBreak(t *testing.T) {
	members := []Member{{Name: "a", Ready: true}, {Name: "b", Ready: true}, {Name: "c", Ready: true}}
	joining := append(slices.Clone(members), Member{Name: "d"})
	joined := append(slices.Clone(members), Member{Name: "d", Ready: true})
	for c := range 1000 {
		channel := fmt.Sprint("orders-", c)
		for _, view := range [][]Member{members, joining, joined} {
			receivers := 0
			for _, m := range view {
				if m.Ready && Receives(view, m.Name, channel, true) {
					receivers++
				}
			}
			if leader := Leader(view, channel, true); receivers < 2 || !Receives(view, leader, channel, true) {
				t.Fatalf("%s: %d receivers, and %s leads", channel, receivers, leader)
			}
		}
		if next := Leader(joined, channel, true); !Receives(joining, next, channel, true) {
			t.Fatalf("%s: %s will publish it, and is not subscribed before", channel, next)
		}
	}
}

func TestLeaderIsTheOldest(t *testing.T) {
	members := []Member{{"a", true, 5}, {"b", false, 1}, {"c", true, 3}, {"d", true, 3}}
	if got := Leader(members, "orders", false); got != "c" {
		t.Errorf("got %q, want the one that has been ready for longest", got)
	}
	if got := Leader(members[1:2], "orders", false); got != "" {
		t.Errorf("%q leads, and is not ready", got)
	}
}
