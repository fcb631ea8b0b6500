package presence

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

// Every exported method of every zero value and of nil works, or refuses in words of the package.
// None hangs, and none leaves a lock behind.
func TestZeroValues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // a hang is a deadlock of the bubble
		values := map[string]any{
			"zero Room": new(Room[user]), "nil Room": (*Room[user])(nil),
			"zero Set": new(Set[user]), "nil Set": (*Set[user])(nil),
			"zero Roster": Roster[user]{}, "pointer to the zero Roster": new(Roster[user]),
			"zero Change": Change[user]{}, "zero Member": Member[user]{}, "zero Kind": Kind(0), "zero Stats": Stats{},
			"zero LimitError": new(LimitError), "zero MemberError": new(MemberError),
		}
		walked := []string{"Option"} // a function, without methods
		for _, v := range values {
			typ := reflect.TypeOf(v)
			if typ.Kind() == reflect.Pointer {
				typ = typ.Elem()
			}
			name, _, _ := strings.Cut(typ.Name(), "[")
			walked = append(walked, name)
		}
		slices.Sort(walked)
		if walked, want := slices.Compact(walked), exported.Types(t); !slices.Equal(walked, want) {
			t.Errorf("walked %v\nwant   %v", walked, want)
		}
		room, set := values["zero Room"].(*Room[user]), values["zero Set"].(*Set[user])
		for name, v := range values {
			for i := range reflect.TypeOf(v).NumMethod() {
				method := name + "." + reflect.TypeOf(v).Method(i).Name
				call(t, method, reflect.ValueOf(v).Method(i))
				if !room.mu.TryLock() || !set.mu.TryLock() {
					t.Fatalf("%s leaves a lock behind", method)
				}
				room.mu.Unlock()
				set.mu.Unlock()
			}
		}
		if ctx := context.Context(nil); new(Room[user]).Ready(ctx) == nil || newRoom[user](config{}).Ready(ctx) == nil || Watch[user](ctx, new(rtx.Channel)).Err() == nil {
			t.Error("a nil context is taken")
		}
		for _, r := range []*Room[user]{nil, {}} {
			if s := fmt.Sprintf("%v%+v", r, r); s != "" {
				t.Errorf("prints %q", s)
			}
			if err := r.Ready(t.Context()); err == nil || err != r.Err() {
				t.Errorf("%v, %v", err, r.Err())
			}
		}
		for _, ch := range []*rtx.Channel{nil, {}} {
			r := Watch[user](t.Context(), ch)
			if r.Err() == nil {
				t.Error("a channel that is none is taken")
			}
			expect(t, r, "closed")
			r.Close()
		}
	})
}

// call calls a method with zero arguments, and with what a caller has at hand.
func call(t *testing.T, name string, method reflect.Value) {
	defer func() {
		if p := recover(); p != nil && !strings.HasPrefix(fmt.Sprint(p), "presence: ") {
			t.Errorf("%s panics: %v", name, p)
		}
	}()
	if _, ok := reflect.TypeAssert[func(fmt.State, rune)](method); ok {
		return // fmt calls it
	}
	args := make([]reflect.Value, method.Type().NumIn())
	for i := range args {
		args[i] = reflect.New(method.Type().In(i)).Elem()
		if args[i].Type() == reflect.TypeFor[context.Context]() {
			args[i].Set(reflect.ValueOf(context.Background()))
		}
	}
	for _, result := range method.Call(args) {
		if seq, ok := reflect.TypeAssert[iter.Seq2[string, Member[user]]](result); ok {
			for id := range seq {
				t.Errorf("%s has %q", name, id)
			}
		}
	}
}
