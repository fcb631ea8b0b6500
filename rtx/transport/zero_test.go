package transport_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/realtimex/realtimex-go/internal/exported"
	"github.com/realtimex/realtimex-go/rtx/transport"
)

// No method of the zero value of an exported type panics, and no type is forgotten here.
func TestZeroValues(t *testing.T) {
	walked := []string{"Dialer", "Session"} // interfaces
	for _, v := range []any{
		transport.CloseError{}, transport.Config{}, transport.ConfigError{}, transport.ConnectError{}, transport.DeadLinkError{},
		transport.End{}, transport.FrameError{}, transport.HandshakeError{}, transport.Info{}, transport.LostError{},
		transport.Packet{}, transport.PacketType(0), transport.Kind(""), transport.StatusError{}, transport.ProtocolError{}, transport.ProxyError{}, transport.Resume{}, transport.SizeError{}, transport.WriteError{},
	} {
		typ := reflect.TypeOf(v)
		walked = append(walked, typ.Name())
		for _, v := range []any{v, reflect.New(typ).Interface()} {
			func() {
				defer func() {
					if p := recover(); p != nil {
						t.Errorf("%T panics: %v", v, p)
					}
				}()
				for _, m := range reflect.ValueOf(v).Methods() {
					if m.Type().NumIn() == 0 {
						m.Call(nil)
					}
				}
				_, _ = json.Marshal(v)
				if text := fmt.Sprintf("%v %+v %s", v, v, v); strings.Contains(text, "PANIC") {
					t.Errorf("%T prints %s", v, text)
				}
			}()
		}
	}
	if d, err := transport.NewDialer(transport.Config{}); err == nil || d != nil {
		t.Errorf("the zero Config: %v, %v", d, err)
	}
	slices.Sort(walked)
	if want := exported.Types(t); !slices.Equal(walked, want) {
		t.Errorf("walked %v\nwant   %v", walked, want)
	}
}
