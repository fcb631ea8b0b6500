package relay

import (
	"hash/fnv"
	"io"
	"slices"
	"strings"
)

// A Member is a replica that holds a lease, and what the lease says.
type Member struct {
	Name  string
	Ready bool  // it is connected to the service, and does not drain
	Rank  int64 // when it began to cover; what is lower comes first

	// Covers is among whom the replica has distributed the channels: it is subscribed to those that are
	// its own in that company. It is empty before it is subscribed, and while its link is down.
	Covers []string
}

// A pair is who receives a channel: its owner, and the runner-up, or "" if there is no second.
type pair [2]string

func (p pair) has(name string) bool { return name != "" && (p[0] == name || p[1] == name) }

// A roll is the members at one time. It knows who is to receive each channel, who does so, and who
// publishes it. Channels are named by their indexes.
type roll struct {
	members  []Member
	channels []string
	sharded  bool
	view     []string // who is ready, sorted
	owners   []pair   // by channel, among the view; nil without sharding
	covers   [][]pair // by member and channel, among whom the member covers
}

// newRoll distributes the channels. The distributions of the roll before are kept if they are needed
// again.
func newRoll(before *roll, channels []string, sharded bool, members []Member) *roll {
	r := &roll{members: members, channels: channels, sharded: sharded, covers: make([][]pair, len(members))}
	for _, m := range members {
		if m.Ready {
			r.view = append(r.view, m.Name)
		}
	}
	slices.Sort(r.view)
	if !sharded {
		return r
	}
	known := make(map[string][]pair)
	if before != nil {
		known[key(before.view)] = before.owners
		for i, m := range before.members {
			known[key(m.Covers)] = before.covers[i]
		}
	}
	distribute := func(view []string) []pair {
		k := key(view)
		if known[k] == nil {
			known[k] = pairs(view, channels)
		}
		return known[k]
	}
	r.owners = distribute(r.view)
	for i, m := range members {
		r.covers[i] = distribute(m.Covers)
	}
	return r
}

func key(view []string) string { return strings.Join(view, "\x00") }

// pairs distributes the channels by rendezvous hashing.
func pairs(view, channels []string) []pair {
	all := make([]pair, len(channels))
	for i, channel := range channels {
		var best [2]uint64
		for _, name := range view {
			w := weight(name, channel)
			switch p := &all[i]; {
			case p[0] == "" || w > best[0] || w == best[0] && name < p[0]:
				*p, best = pair{name, p[0]}, [2]uint64{w, best[0]}
			case p[1] == "" || w > best[1] || w == best[1] && name < p[1]:
				p[1], best[1] = name, w
			}
		}
	}
	return all
}

// receives tells whether the member is to receive the channel. With sharding these are the owner and
// the runner-up of those that are ready, and all members without.
func (r *roll) receives(name string, channel int) bool {
	return !r.sharded || r.owners[channel].has(name)
}

// does tells whether the member of that index receives the channel, as its lease says.
func (r *roll) does(member, channel int) bool {
	m := r.members[member]
	return m.Ready && len(m.Covers) > 0 && (!r.sharded || r.covers[member][channel].has(m.Name))
}

// says tells whether the lease of the member says that it receives the channel.
func (r *roll) says(name string, channel int) bool {
	i := slices.IndexFunc(r.members, func(m Member) bool { return m.Name == name })
	return i >= 0 && r.does(i, channel)
}

// covered tells whether all who are to receive the channel do so; without sharding, whether anybody
// does. If nobody is ready there is nobody to wait for.
func (r *roll) covered(channel int) bool {
	if len(r.view) == 0 {
		return true
	}
	if !r.sharded {
		return slices.ContainsFunc(r.view, func(name string) bool { return r.says(name, channel) })
	}
	for _, name := range r.owners[channel] {
		if name != "" && !r.says(name, channel) {
			return false
		}
	}
	return true
}

// leader returns who publishes the channel, of those that receive it; "" if there is none. With
// sharding it is the first by rendezvous hashing; without it is the one that has done so for longest,
// whatever the channel.
func (r *roll) leader(channel int) (leader string) {
	var best uint64
	var rank int64
	for i, m := range r.members {
		if !r.does(i, channel) {
			continue
		}
		if r.sharded {
			if w := weight(m.Name, r.channels[channel]); leader == "" || w > best || w == best && m.Name < leader {
				leader, best = m.Name, w
			}
		} else if leader == "" || m.Rank < rank || m.Rank == rank && m.Name < leader {
			leader, rank = m.Name, m.Rank
		}
	}
	return leader
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
