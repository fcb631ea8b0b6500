package rtxtest

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/realtimex/realtimex-go/internal/exported"
)

// Whatever is called on a zero value, and with zero arguments, returns or panics, and no lock stays
// held: a second call ends as well.
func TestZeroValuesHoldNoLock(t *testing.T) {
	s, err := Start(WithWait(time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	walked := []string{"Option"} // an interface without exported methods
	for _, v := range []any{new(Server), (*Server)(nil), ClientEvent{}, AuthRequest{}, s} {
		typ := reflect.TypeOf(v)
		if typ.Kind() == reflect.Pointer {
			walked = append(walked, typ.Elem().Name())
		} else {
			walked = append(walked, typ.Name())
		}
		for i := range typ.NumMethod() {
			if v == any(s) && typ.Method(i).Name == "Close" {
				continue // last of all
			}
			method := reflect.ValueOf(v).Method(i)
			for range 2 {
				ended := make(chan struct{})
				go func() {
					defer close(ended)
					defer func() { recover() }()
					args := make([]reflect.Value, method.Type().NumIn())
					for i := range args {
						args[i] = reflect.Zero(method.Type().In(i))
					}
					method.Call(args)
				}()
				select {
				case <-ended:
				case <-time.After(20 * time.Second):
					t.Fatalf("%s.%s hangs", typ, typ.Method(i).Name)
				}
			}
		}
	}
	s.Close()
	goleak.VerifyNone(t)
	slices.Sort(walked)
	if walked, want := slices.Compact(walked), exported.Types(t); !slices.Equal(walked, want) {
		t.Errorf("walked %v\nwant   %v", walked, want)
	}
}
