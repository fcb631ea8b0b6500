package presence

import "slices"

// Limits of what is kept until a roster comes.
const (
	maxEarly      = 4096
	maxEarlyBytes = 16 << 20
)

// early is what the service said of members before it sent a roster, oldest first.
type early struct {
	facts []fact
	size  int // bytes of their infos
}

// add keeps a fact, and returns how many others were dropped for it. It drops the older half at
// once: the roster comes after them, and is likely to have what they said.
func (e *early) add(f fact) (dropped uint64) {
	f = f.clone()
	e.facts = append(e.facts, f)
	e.size += len(f.info)
	for len(e.facts) > maxEarly || e.size > maxEarlyBytes {
		n := (len(e.facts) + 1) / 2
		for _, f := range e.facts[:n] {
			e.size -= len(f.info)
		}
		e.facts = slices.Clone(e.facts[n:])
		dropped += uint64(n)
	}
	return dropped
}
