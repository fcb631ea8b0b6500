package testserver

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
	s := NewServer(t, WithWait(time.Millisecond))
	s.tb = noTest{}
	c := connect(t, s)
	_ = c
	conn := s.Connections()[0]
	walked := []string{"Option", "Count"} // functions, without methods
	for _, v := range []any{
		new(Server), (*Server)(nil), new(Conn), (*Conn)(nil), new(AuthBackend), (*AuthBackend)(nil),
		Kind(0), Kind(99), Received{}, Stats{}, new(Recording), Link{}, Attachment(0), AuthRequest{}, Drop(9), Step(-1), Memory(9),
		ActiveFaults{}, Activity{}, ActivityKind(""), ChannelView{}, ConnView{}, MemberView{},
		BadKey(9), MemberShape(9), PresenceConfirmation(9), PresenceDelivery(9), PresenceNames(9),
		conn, s.Auth(), s,
	} {
		value := reflect.ValueOf(v)
		if typ := value.Type(); typ.Kind() == reflect.Pointer {
			walked = append(walked, typ.Elem().Name())
		} else {
			walked = append(walked, typ.Name())
		}
		for i := range value.NumMethod() {
			name := value.Type().String() + "." + value.Type().Method(i).Name
			if v == any(s) && value.Type().Method(i).Name == "Close" {
				continue // last of all
			}
			method := value.Method(i)
			for range 2 {
				ended := make(chan struct{})
				go func() {
					defer close(ended)
					defer func() { recover() }()
					method.Call(zeroArguments(method.Type()))
				}()
				select {
				case <-ended:
				case <-time.After(20 * time.Second):
					t.Fatalf("%s hangs", name)
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

func zeroArguments(f reflect.Type) []reflect.Value {
	n := f.NumIn()
	if f.IsVariadic() {
		n--
	}
	args := make([]reflect.Value, n)
	for i := range args {
		args[i] = reflect.Zero(f.In(i))
	}
	return args
}

// A function of the user's that panics while the server asks it leaves the server whole.
func TestPanicInAWaitLeavesTheServerWhole(t *testing.T) {
	s := NewServer(t)
	connect(t, s)
	for range 2 {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			s.WaitStats(func(Stats) bool { panic("mine") })
		}()
	}
	s.WaitConnections(1)
}

func TestNilOptionsDoNothing(t *testing.T) {
	s := NewServer(t, nil, WithKey("k"), nil)
	if s.Key() != "k" {
		t.Errorf("key %q", s.Key())
	}
}
