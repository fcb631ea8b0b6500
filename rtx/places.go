package rtx

import "iter"

func (p *places) get(s *subscription) *attachment {
	switch {
	case p.one != nil && p.one.s == s:
		return p.one
	case p.more != nil:
		return p.more.of[s]
	}
	return nil
}

func (p *places) put(a *attachment) {
	if p.one == nil && p.more == nil {
		p.one = a
		return
	}
	if p.more == nil {
		p.more = &manyPlaces{of: make(map[*subscription]*attachment)}
	}
	p.more.of[a.s] = a
	p.more.order.add(a)
}

func (p *places) remove(s *subscription) {
	a := p.get(s)
	switch {
	case a == nil:
	case a == p.one:
		p.one = nil
	default:
		delete(p.more.of, s)
		p.more.order.remove(a)
	}
}

func (p *places) empty() bool { return p.one == nil && (p.more == nil || len(p.more.of) == 0) }

// all returns the attachments. Attachments may be removed during the loop.
func (p *places) all() iter.Seq[*attachment] {
	return func(yield func(*attachment) bool) {
		if p.one != nil && !yield(p.one) {
			return
		}
		if p.more != nil {
			p.more.order.all()(yield)
		}
	}
}
