package flow

import (
	"context"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/realtimex/realtimex-go/internal/exported"
	"github.com/realtimex/realtimex-go/rtx"
)

// Every exported method of every zero value and of nil works. None hangs.
func TestZeroValues(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	walked := []string{"RetryOption", "Seq"} // a function without methods; an alias
	if slices.Contains(exported.Types(t), "Chain") {
		walked = append(walked, "Chain") // its methods are walked in chain_test.go
	}
	for _, v := range []any{
		Feed[int]{}, new(Latest[int]), (*Latest[int])(nil), new(Outages), (*Outages)(nil), Outage{}, new(RetryError), (*RetryError)(nil),
	} {
		typ := reflect.TypeOf(v)
		if typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		name, _, _ := strings.Cut(typ.Name(), "[")
		walked = append(walked, name)
		for i := range reflect.TypeOf(v).NumMethod() {
			method := reflect.ValueOf(v).Method(i)
			for range 2 {
				args := make([]reflect.Value, method.Type().NumIn())
				for i := range args {
					if args[i] = reflect.Zero(method.Type().In(i)); args[i].Type() == reflect.TypeFor[context.Context]() {
						args[i] = reflect.ValueOf(ctx)
					}
				}
				for _, result := range method.Call(args) {
					switch seq := result.Interface().(type) {
					case Seq[int]:
						expect(t, show(drain(seq, nil)), "")
					case iter.Seq[Outage]:
						for o := range seq {
							t.Errorf("told %v", o)
						}
					}
				}
			}
		}
		if text := fmt.Sprintf("%v %+v %s", v, v, v); strings.Contains(text, "PANIC") {
			t.Errorf("%T prints %s", v, text)
		}
	}
	slices.Sort(walked)
	if walked, want := slices.Compact(walked), exported.Types(t); !slices.Equal(walked, want) {
		t.Errorf("walked %v\nwant   %v", walked, want)
	}
}

// Operators over nothing have nothing.
func TestOperatorsOverNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // a hang is a deadlock of the bubble
		id := func(n int) int { return n }
		same := func(a, b int) bool { return a == b }
		seqs := []Seq[int]{
			Map(nil, id), Filter(nil, func(int) bool { return true }), FlatMap(nil, func(int) []int { return nil }),
			Scan(nil, 0, func(s, n int) int { return s }, nil), Changed(nil, id, same, nil), NewLatest[int](nil).All(),
			Merge[int](), Merge(Feed[int]{}, From[int](nil), From(new(rtx.Stream[int])), Waiting[int](nil), Woken[int](nil, nil)),
			OrderedMap(Feed[int]{}, 0, id), Tee[int](nil, 1, 0)[0],
		}
		for _, seq := range seqs {
			expect(t, show(drain(seq, nil)), "")
			expect(t, show(drain(seq, nil)), "")
		}
		for _, err := range Errors[int](nil) {
			t.Error(err)
		}
		if n := len(Tee[int](nil, -1, 0)); n != 0 {
			t.Errorf("%d takers", n)
		}
	})
}

func TestEveryFunctionHasAnExample(t *testing.T) {
	for _, name := range slices.Concat(exported.WithoutExample(t), exported.MethodsWithoutExample(t)) {
		t.Errorf("no Example with an output calls flow.%s", name)
	}
}
