package main

import (
	"context"

	"github.com/destel/rill"
	"github.com/samber/ro"

	"github.com/realtimex/realtimex-go/rtx/flow"
)

// The same pipeline over the same stream, by hand and by three libraries: filter, map, and what
// comes out is counted. Each row has the values and the gaps in their order; a gap ends it.

// A priced is what the pipelines make of a message.
type priced struct {
	Payload
	bytes int
}

func wanted(p Payload) bool  { return p.Seq >= 0 }
func price(p Payload) priced { return priced{p, len(p.Note)} }

func pipelineLoop(s spec, t *tally, ready func()) error {
	st, err := open[Payload](s, ready)
	if err != nil {
		return err
	}
	for p, gap := range st.All() {
		if gap != nil {
			return lost(gap)
		}
		if !wanted(p) {
			continue
		}
		v := price(p)
		t.take(&v.Payload)
	}
	return st.Err()
}

func pipelineFlow(s spec, t *tally, ready func()) error {
	st, err := open[Payload](s, ready)
	if err != nil {
		return err
	}
	for v, gap := range flow.Map(flow.Filter(st.All(), wanted), price) {
		if gap != nil {
			return lost(gap)
		}
		t.take(&v.Payload)
	}
	return st.Err()
}

// pipelineRill has one worker a stage, since the order counts.
func pipelineRill(s spec, t *tally, ready func()) error {
	st, err := open[Payload](s, ready)
	if err != nil {
		return err
	}
	kept := rill.OrderedFilter(rill.FromSeq2(flow.Errors(st.All())), 1, func(p Payload) (bool, error) { return wanted(p), nil })
	out := rill.OrderedMap(kept, 1, func(p Payload) (priced, error) { return price(p), nil })
	if err := rill.ForEach(out, 1, func(v priced) error { t.take(&v.Payload); return nil }); err != nil {
		return err
	}
	return st.Err()
}

func pipelineRo(s spec, t *tally, ready func()) error {
	st, err := open[Payload](s, ready)
	if err != nil {
		return err
	}
	source := ro.NewObservableWithContext(func(ctx context.Context, to ro.Observer[Payload]) ro.Teardown {
		for p, err := range flow.Errors(st.All()) {
			if err != nil {
				to.ErrorWithContext(ctx, err)
				return nil
			}
			to.NextWithContext(ctx, p)
		}
		to.CompleteWithContext(ctx)
		return nil
	})
	var failure error
	ro.Pipe2(source, ro.Filter(wanted), ro.Map(price)).Subscribe(ro.NewObserver(
		func(v priced) { t.take(&v.Payload) },
		func(err error) { failure = err },
		func() {},
	)).Wait()
	if failure != nil {
		return failure
	}
	return st.Err()
}
