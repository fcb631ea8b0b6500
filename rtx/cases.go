package rtx

import "context"

// A Case describes one event of an [OnAny] stream: its name, how its payload is decoded, and how
// the result becomes a T.
type Case[T any] struct {
	name string
	view func(c codec) (decoder[T], error)
}

// CaseOf returns a Case for the event with that name. The payload is decoded as a P, and to turns
// it into a T. P chooses the view, as the type of On does. to runs on the reading goroutine and
// must be quick. If it panics, the stream has a gap, as for a payload that is not a P.
func CaseOf[P, T any](name string, to func(P) T) Case[T] {
	if to == nil {
		return Case[T]{name: name}
	}
	return Case[T]{name: name, view: func(c codec) (decoder[T], error) {
		decode, err := viewOf[P]("OnAny", c)
		if err != nil {
			return nil, err
		}
		scratch := new(P) // the reader's alone
		return func(e *event, dst *T) error {
			defer func() { *scratch = *new(P) }()
			if err := decode(e, scratch); err != nil {
				return err
			}
			*dst = to(*scratch)
			return nil
		}, nil
	}}
}

// Cases returns its arguments as a slice. With it, T can be inferred and need not be written for
// every case.
func Cases[T any](cases ...Case[T]) []Case[T] { return cases }

// OnAny opens one stream of several events, in the order of the service. Each event is decoded as
// its own type and turned into a T:
//
//	rtx.OnAny(ctx, ch, rtx.Cases(
//		rtx.CaseOf("order-created", func(o Order) Change { return Created{o} }),
//		rtx.CaseOf("order-cancelled", func(c Cancel) Change { return Cancelled{c} }),
//	))
//
// A case for "*" takes every event that no other case takes, except the service's internal ones.
// Everything else is as with [On]. If there is no case, a function is nil, two cases have the same
// event, or a P can't hold any JSON, the stream has ended already and Err says why.
func OnAny[T any](ctx context.Context, src Source, cases []Case[T], opts ...StreamOption) *Stream[T] {
	names, err := caseNames(cases)
	if err != nil {
		return failed[T]("", err)
	}
	view := func(codec codec) (decoder[T], error) {
		byName := make(map[string]decoder[T], len(cases))
		for _, c := range cases {
			decode, err := c.view(codec)
			if err != nil {
				return nil, err
			}
			byName[c.name] = decode
		}
		rest := byName[anyEvent]
		return func(e *event, dst *T) error {
			if decode := byName[e.name]; decode != nil {
				return decode(e, dst)
			}
			return rest(e, dst)
		}, nil
	}
	return onNames(ctx, src, names, view, opts)
}

// caseNames returns the event names that the cases are bound to. If "*" is among them, only "*" and
// the internal names are returned, so that no event comes twice.
func caseNames[T any](cases []Case[T]) (names []string, err error) {
	if len(cases) == 0 {
		return nil, badOption("OnAny", "has no case")
	}
	seen := make(map[string]bool, len(cases))
	for _, c := range cases {
		if c.view == nil {
			return nil, badOption("OnAny", "has a Case without a function; make it with CaseOf")
		}
		if err := checkBound(c.name); err != nil {
			return nil, err
		}
		if seen[c.name] {
			return nil, badOption("OnAny", "has two cases for %q", c.name)
		}
		seen[c.name] = true
	}
	for _, c := range cases {
		if c.name == anyEvent || !seen[anyEvent] || internalEvent(c.name) {
			names = append(names, c.name)
		}
	}
	return names, nil
}
