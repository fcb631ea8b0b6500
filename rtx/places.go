package rtx

import "iter"

// places are the channels that a stream is attached to: nearly always one, which needs no map.
type places struct {
	one  *attachment
	more map[*subscription]*attachment
}

func (p *places) get(s *subscription) *attachment {
	if p.one != nil && p.one.s == s {
		return p.one
	}
	return p.more[s]
}

func (p *places) put(a *attachment) {
	if p.one == nil {
		p.one = a
		return
	}
	if p.more == nil {
		p.more = make(map[*subscription]*attachment)
	}
	p.more[a.s] = a
}

func (p *places) remove(s *subscription) {
	if p.one != nil && p.one.s == s {
		p.one = nil
		return
	}
	delete(p.more, s)
}

func (p *places) empty() bool { return p.one == nil && len(p.more) == 0 }

// all may be walked while places are removed.
func (p *places) all() iter.Seq[*attachment] {
	return func(yield func(*attachment) bool) {
		if p.one != nil && !yield(p.one) {
			return
		}
		for _, a := range p.more {
			if !yield(a) {
				return
			}
		}
	}
}
