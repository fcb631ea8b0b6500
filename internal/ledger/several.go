package ledger

import "github.com/realtimex/realtimex-go/rtx"

// A gap of several channels covers every channel of the stream: a reconnection and an end as if
// each had its own, and its counts what is missing of one channel or another. Which of them left
// the stream can't be known, and so what it may end is not judged.
type several struct {
	gaps       []rtx.Gap
	told, lent counts // what they count, and how much of it was taken for what channels miss
}

func (s *several) add(g rtx.Gap) {
	s.gaps = append(s.gaps, g)
	s.told.add(counts{g.Dropped, g.Malformed})
}

// reach extends what the lane's own gaps say to those of several channels that came since its last
// value.
func (s *several) reach(l *lane) {
	for _, g := range s.gaps[l.heard:] {
		if g.Ended && g.Until.After(l.void) {
			l.void = g.Until
		}
		if g.Reconnected {
			own := rtx.Gap{Channel: l.channel, Reconnected: true, Since: g.Since, Until: g.Until}
			l.since, l.times = append(l.since, own), append(l.times, own)
		}
	}
}

// lend adds to what was told of the lane what is short of the need, as far as the gaps of several
// channels have it. For a reader in place one of them must have come since the lane's last value.
func (j *judge) lend(l *lane, need, told counts) counts {
	s := &j.several
	if len(s.gaps) == 0 || j.t.Reader == InPlace && l.heard == len(s.gaps) {
		return told
	}
	if j.t.Reader == InPlace {
		l.lent = counts{} // need is of this hole alone, and else of all so far
	}
	for _, kind := range []struct{ need, told, lent, all, from *uint64 }{
		{&need.dropped, &told.dropped, &l.lent.dropped, &s.lent.dropped, &s.told.dropped},
		{&need.malformed, &told.malformed, &l.lent.malformed, &s.lent.malformed, &s.told.malformed},
	} {
		if *kind.need <= *kind.told {
			continue
		}
		short := *kind.need - *kind.told
		if more := max(short, *kind.lent) - *kind.lent; *kind.all+more <= *kind.from {
			*kind.all += more
			*kind.lent = max(short, *kind.lent)
			*kind.told = *kind.need
		}
	}
	return told
}
