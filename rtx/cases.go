package rtx

import "context"

// A Case is one event of an [OnAny] stream: its name, its payload's type, and how that becomes a T.
type Case[T any] struct {
	name string
	view func(c codec) (decoder[T], error)
}

// Event is the case of the event of that name, whose payload is a P, turned into a T by to, which runs on the
// connection's reader and must be quick; if it panics, the stream has a gap as for a payload that is no P. P chooses the
// view, as the type of [On] does.
func Event[P, T any](name string, to func(P) T) Case[T] {
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

// OneOf collects cases, so that their T is written once.
func OneOf[T any](cases ...Case[T]) []Case[T] { return cases }

// OnAny opens a stream of several events in one order, each decoded as its own type and turned into one T:
//
//	rtx.OnAny(ctx, ch, rtx.OneOf(
//		rtx.Event("order-created", func(o Order) Change { return Created{o} }),
//		rtx.Event("order-cancelled", func(c Cancel) Change { return Cancelled{c} }),
//	))
//
// A case for "*" takes every event but the internal ones that no other case takes. Everything else is as with [On]. No
// case, a nil function, two cases of one event, or a P that can't hold any JSON give a stream that has ended, with Err.
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

// caseNames returns what the cases are bound to: with a "*" among them only that and the internal ones, so that nothing
// comes twice.
func caseNames[T any](cases []Case[T]) (names []string, err error) {
	if len(cases) == 0 {
		return nil, badOption("OnAny", "has no case")
	}
	seen := make(map[string]bool, len(cases))
	for _, c := range cases {
		if c.view == nil {
			return nil, badOption("OnAny", "has a Case without a function; make it with Event")
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
