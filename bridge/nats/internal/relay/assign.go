package relay

import (
	"hash/fnv"
	"io"
	"slices"
	"strings"
)

// A Member is a replica that holds a lease.
type Member struct {
	Name  string
	Ready bool  // it is connected, and subscribed to its channels
	Rank  int64 // when it became ready; what is lower comes first
}

// Leader returns the member that publishes the channel, or "" if none is ready. With sharding it is
// the first by rendezvous hashing; without it is the one that has been ready for longest, whatever
// the channel.
func Leader(members []Member, channel string, sharded bool) string {
	ready := slices.DeleteFunc(slices.Clone(members), func(m Member) bool { return !m.Ready })
	if len(ready) == 0 {
		return ""
	}
	if sharded {
		return first(ready, channel, 1)[0]
	}
	return slices.MinFunc(ready, func(a, b Member) int {
		if a.Rank != b.Rank {
			if a.Rank < b.Rank {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	}).Name
}

// Receives tells whether the member is to be subscribed to the channel. With sharding these are the
// owner and the runner-up. A member that is not ready yet is subscribed before it counts, and those
// whose place it will take stay subscribed until then.
func Receives(members []Member, name, channel string, sharded bool) bool {
	if !sharded {
		return true
	}
	if slices.Contains(first(members, channel, 2), name) {
		return true
	}
	ready := slices.DeleteFunc(slices.Clone(members), func(m Member) bool { return !m.Ready })
	return slices.Contains(first(ready, channel, 2), name)
}

// first returns the names of the first n members for a channel, by rendezvous hashing.
func first(members []Member, channel string, n int) []string {
	type weighed struct {
		name   string
		weight uint64
	}
	all := make([]weighed, len(members))
	for i, m := range members {
		all[i] = weighed{m.Name, weight(m.Name, channel)}
	}
	slices.SortFunc(all, func(a, b weighed) int {
		switch {
		case a.weight > b.weight:
			return -1
		case a.weight < b.weight:
			return 1
		}
		return strings.Compare(a.name, b.name)
	})
	names := make([]string, min(n, len(all)))
	for i := range names {
		names[i] = all[i].name
	}
	return names
}

// weight is a hash of both, mixed so that names which differ in the last byte are far apart.
func weight(member, channel string) uint64 {
	h := fnv.New64a()
	_, _ = io.WriteString(h, member)
	_, _ = h.Write([]byte{0})
	_, _ = io.WriteString(h, channel)
	x := h.Sum64()
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}
