package mirror_test

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/realtimex/realtimex-go/internal/exported"
	"github.com/realtimex/realtimex-go/rtx/mirror"
)

// Every exported method of what was not made by Open: none panics, and none hangs.
func TestZeroValues(t *testing.T) {
	walked := []string{"Option"} // has no methods of ours
	for _, v := range []any{
		(*mirror.Mirror[string, int])(nil), new(mirror.Mirror[string, int]), (*mirror.State[string, int])(nil), new(mirror.State[string, int]),
		new(mirror.Change[string, int]), new(mirror.StaleError), new(mirror.Stats),
	} {
		name, _, _ := strings.Cut(reflect.TypeOf(v).Elem().Name(), "[")
		walked = append(walked, name)
		for i := range reflect.TypeOf(v).NumMethod() {
			m := reflect.ValueOf(v).Method(i)
			if reflect.TypeOf(v).Method(i).Name == "Format" {
				continue // for fmt alone
			}
			var in []reflect.Value
			for in0 := range m.Type().Ins() {
				arg := reflect.Zero(in0)
				if arg.Type() == reflect.TypeFor[context.Context]() {
					arg = reflect.ValueOf(context.Background())
				}
				if arg.Kind() == reflect.Map {
					arg = reflect.MakeMap(arg.Type())
				}
				in = append(in, arg)
			}
			for _, out := range m.Call(in) {
				switch {
				case out.Kind() != reflect.Func:
				case out.Type().CanSeq2():
					for range out.Seq2() {
						t.Errorf("%T has something", v)
					}
				case out.Type().CanSeq():
					for range out.Seq() {
						t.Errorf("%T has something", v)
					}
				}
			}
		}
	}
	slices.Sort(walked)
	if walked, want := slices.Compact(walked), exported.Types(t); !slices.Equal(walked, want) {
		t.Errorf("walked %v\nwant   %v", walked, want)
	}
	var none *mirror.Mirror[string, int]
	if none.Err() == nil || none.Fresh(t.Context()) == nil {
		t.Error("a nil mirror is open")
	}
	if _, why := none.Stale(); why == nil {
		t.Error("a nil mirror is fresh")
	}
}
