package rtx_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/internal/exported"
	"github.com/realtimex/realtimex-go/rtx"
)

// Every exported method of what was not made by its constructor, with zero arguments and with a
// context: none panics, none hangs, and none leaves a lock held, so it is called twice.
func TestZeroValuesAndNilPointers(t *testing.T) {
	for _, v := range []any{
		(*rtx.Client)(nil), new(rtx.Client), (*rtx.Channel)(nil), new(rtx.Channel), (*rtx.Group)(nil), new(rtx.Group),
		(*rtx.Hold)(nil), new(rtx.Hold), (*rtx.States)(nil), new(rtx.States), (*rtx.Client)(nil).States(t.Context()),
		(*rtx.Stream[int])(nil), new(rtx.Stream[int]), new(rtx.Client).Channel("a"), (*rtx.Client)(nil).Channel("a"),
	} {
		for i := range reflect.TypeOf(v).NumMethod() {
			for _, ctx := range []context.Context{nil, context.Background()} {
				name := fmt.Sprintf("%T.%s (nil: %v, context: %v)", v, reflect.TypeOf(v).Method(i).Name, reflect.ValueOf(v).IsNil(), ctx != nil)
				done := make(chan any, 1)
				go func() {
					defer func() { done <- recover() }()
					for range 2 {
						callZero(reflect.ValueOf(v).Method(i), ctx)
					}
				}()
				select {
				case p := <-done:
					if p != nil {
						t.Errorf("%s panics: %v", name, p)
					}
				case <-time.After(20 * time.Second):
					t.Fatalf("%s hangs", name)
				}
			}
		}
	}
}

// The zero values of all other exported types: none panics, and none is forgotten here. A nil
// pointer to one of them is no value of the API: its methods may panic, and there is no lock that
// they could hold.
func TestZeroValuesOfAllTypes(t *testing.T) {
	walked := []string{"Client", "Channel", "Group", "Hold", "States", "Stream"}                                                     // above
	walked = append(walked, "Source", "EventUnmarshaler", "Option", "ChannelOption", "StreamOption", "UserDataOption", "AuthOption") // have no methods of ours
	for _, v := range []any{
		rtx.Case[int]{}, rtx.ChannelError{}, rtx.ChannelState(0), rtx.CloseError{}, rtx.ConnectError{}, rtx.DialError{}, rtx.Gap{},
		rtx.InterruptedError{}, rtx.UnclaimedEvent{}, rtx.LostError{}, rtx.Message[int]{}, rtx.NotReadyError{}, rtx.OptionError{}, rtx.PanicError{}, rtx.ProxyError{},
		rtx.PayloadError{}, rtx.Policy(0), rtx.ServiceError{}, rtx.State(0), rtx.StateChange{}, rtx.Stats{}, rtx.ConnectStep(""),
		rtx.StreamStats{}, rtx.SubscribeError{}, rtx.WaitError{}, rtx.Trace{}, rtx.Recovery(""), rtx.Transport(""), rtx.LagHistogram{},
		rtx.DialStartInfo{}, rtx.DialDoneInfo{}, rtx.ConnectedInfo{}, rtx.LostInfo{}, rtx.SubscribeStartInfo{}, rtx.SubscribedInfo{},
		rtx.SubscribeFailedInfo{}, rtx.AuthorizedInfo{}, rtx.GapInfo{}, rtx.SentInfo{}, rtx.UnclaimedInfo{}, rtx.SlowInfo{}, rtx.ClosedInfo{},
	} {
		typ := reflect.TypeOf(v)
		name, _, _ := strings.Cut(typ.Name(), "[")
		walked = append(walked, name)
		for _, v := range []reflect.Value{reflect.ValueOf(v), reflect.New(typ)} {
			for i := range v.NumMethod() {
				func() {
					defer func() {
						if p := recover(); p != nil {
							t.Errorf("%v.%s panics: %v", v.Type(), v.Type().Method(i).Name, p)
						}
					}()
					callZero(v.Method(i), context.Background())
				}()
			}
			if text := fmt.Sprintf("%v %+v %s", v.Interface(), v.Interface(), v.Interface()); strings.Contains(text, "PANIC") {
				t.Errorf("%v prints %s", v.Type(), text)
			}
		}
	}
	slices.Sort(walked)
	if want := exported.Types(t); !slices.Equal(walked, want) {
		t.Errorf("walked %v\nwant   %v", walked, want)
	}
}

// callZero calls a method with the context and zero values, and walks the iterators that it
// returns.
func callZero(m reflect.Value, ctx context.Context) {
	var in []reflect.Value
	for i := range m.Type().NumIn() {
		arg := reflect.Zero(m.Type().In(i))
		switch at := m.Type().In(i); {
		case ctx != nil && at == reflect.TypeFor[context.Context]():
			arg = reflect.ValueOf(ctx)
		case at == reflect.TypeFor[fmt.State]():
			continue // fmt's own: print below
		}
		if m.Type().IsVariadic() && i == m.Type().NumIn()-1 {
			one := reflect.MakeSlice(m.Type().In(i), 1, 1) // of nil
			in = append(in, one)
			continue
		}
		in = append(in, arg)
	}
	if len(in) != m.Type().NumIn() {
		return
	}
	var out []reflect.Value
	if m.Type().IsVariadic() {
		out = m.CallSlice(in)
	} else {
		out = m.Call(in)
	}
	for _, o := range out {
		if o.Kind() == reflect.Func && !o.IsNil() && (o.Type().CanSeq() || o.Type().CanSeq2()) {
			if o.Type().CanSeq2() {
				for range o.Seq2() {
				}
			} else {
				for range o.Seq() {
				}
			}
		}
	}
}

// A nil pointer or a zero value as a source, and in a print.
func TestZeroSourcesAndPrints(t *testing.T) {
	for _, src := range []rtx.Source{
		nil, (*rtx.Client)(nil), new(rtx.Client), (*rtx.Channel)(nil), new(rtx.Channel), (*rtx.Group)(nil), new(rtx.Group),
	} {
		s := rtx.On[int](t.Context(), src, "n")
		if s.Err() == nil {
			t.Errorf("a stream of %T is open", src)
		}
		for _, p := range rtx.Partition(t.Context(), src, "n", 2, func(int) int { return 0 }) {
			if p.Err() == nil {
				t.Errorf("a partition of %T is open", src)
			}
		}
	}
	for _, v := range []any{(*rtx.Client)(nil), new(rtx.Client), (*rtx.Channel)(nil), new(rtx.Channel), new(rtx.Group)} {
		_ = fmt.Sprintf("%v %+v %#v %s", v, v, v, v)
	}
	//nolint:staticcheck // SA1012: A nil context is the case.
	if rtx.On[int](nil, new(rtx.Group), "n").Err() == nil {
		t.Error("a stream without a context is open")
	}
}
