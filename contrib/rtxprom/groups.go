package rtxprom

import (
	"strings"

	"github.com/realtimex/realtimex-go/rtx"
)

// maxLabel is how long a label's value can be, in bytes.
const maxLabel = 200

// A group is the streams of one client that have one label. Its counters are sums of what streams
// counted since they were first seen, so that the end of a stream does not make them fall. The rest
// is of the last scrape.
type group struct {
	depth, capacity int
	fullest         float64
	counts
	lag lag
}

// counts are the figures of a stream that only rise.
type counts struct{ delivered, dropped, malformed, superseded uint64 }

// seen is what a stream had counted at the last scrape.
type seen struct {
	group *group
	counts
	lag    *rtx.LagHistogram
	scrape uint64
}

// groups are those of one client.
type groups struct {
	cfg     config
	byLabel map[string]*group
	streams map[uint64]*seen // by ID
	scrape  uint64           // how many there were
}

func newGroups(cfg config) groups {
	return groups{cfg: cfg, byLabel: make(map[string]*group), streams: make(map[uint64]*seen)}
}

// update adds what has been counted since the last scrape, and forgets streams that have ended.
func (gs *groups) update(all []rtx.StreamStats) map[string]*group {
	gs.scrape++
	for _, g := range gs.byLabel {
		*g = group{counts: g.counts, lag: g.lag}
	}
	for i := range all {
		f := &all[i]
		s := gs.streams[f.ID]
		if s == nil {
			s = &seen{group: gs.groupOf(f.Name)}
			gs.streams[f.ID] = s
		}
		s.scrape = gs.scrape
		s.group.add(s, f)
	}
	if len(gs.streams) > len(all) {
		for id, s := range gs.streams {
			if s.scrape != gs.scrape {
				delete(gs.streams, id)
			}
		}
	}
	return gs.byLabel
}

// groupOf returns the group of a stream of that name, which is the one without a label once there
// are as many labels as there may be.
func (gs *groups) groupOf(name string) *group {
	label := gs.cfg.labelOf(name)
	if len(label) > maxLabel {
		label = label[:maxLabel]
	}
	label = strings.ToValidUTF8(label, "")
	g := gs.byLabel[label]
	if g == nil && label != "" && gs.labels() >= gs.cfg.maxLabels {
		label = ""
		g = gs.byLabel[label]
	}
	if g == nil {
		g = new(group)
		gs.byLabel[label] = g
	}
	return g
}

// labels is how many there are beside the empty one.
func (gs *groups) labels() int {
	n := len(gs.byLabel)
	if gs.byLabel[""] != nil {
		n--
	}
	return n
}

// add adds a stream's figures to those of its group.
func (g *group) add(s *seen, f *rtx.StreamStats) {
	g.depth += f.Depth
	g.capacity += f.Capacity
	if f.Capacity > 0 {
		g.fullest = max(g.fullest, float64(f.Depth)/float64(f.Capacity))
	}
	rise(&g.delivered, &s.delivered, f.Delivered)
	rise(&g.dropped, &s.dropped, f.Dropped)
	rise(&g.malformed, &s.malformed, f.Malformed)
	rise(&g.superseded, &s.superseded, f.Superseded)
	if f.Lag != nil {
		g.lag.add(s.lag, f.Lag)
		s.lag = f.Lag
	}
}

// rise adds to sum what came since last was seen.
func rise(sum, last *uint64, now uint64) {
	if now > *last {
		*sum += now - *last
		*last = now
	}
}
