package rtx

import (
	"fmt"
	"reflect"
	"testing"
)

type callback func()

type callbackThatDecodes func()

func (*callbackThatDecodes) UnmarshalJSON([]byte) error { return nil }

type branch struct{ Of []branch }

// These are not tried by streams of them, because each T more takes the compiler half a second.
func TestWhichTypesHoldNoJSON(t *testing.T) {
	type types = []reflect.Type
	for want, list := range map[bool]types{
		true: {
			reflect.TypeFor[func()](), reflect.TypeFor[chan int](), reflect.TypeFor[complex64](), reflect.TypeFor[complex128](),
			reflect.TypeFor[callback](), reflect.TypeFor[*func()](), reflect.TypeFor[[]chan int](), reflect.TypeFor[[2]func()](),
			reflect.TypeFor[map[string]func()](), reflect.TypeFor[map[float64]int](), reflect.TypeFor[fmt.Stringer](),
			reflect.TypeFor[struct{ F func() }](),
			reflect.TypeFor[struct {
				F func()
				C *chan int `json:"c"`
				N int       `json:"-"`
			}](),
			reflect.TypeFor[Message[func()]](), reflect.TypeFor[*Message[*chan int]](),
		},
		false: {
			reflect.TypeFor[callbackThatDecodes](), reflect.TypeFor[struct{ F callbackThatDecodes }](), reflect.TypeFor[struct{}](),
			reflect.TypeFor[struct{ f func() }](), reflect.TypeFor[map[int]any](), reflect.TypeFor[any](), reflect.TypeFor[branch](),
			reflect.TypeFor[struct {
				N int
				F func()
			}](),
			reflect.TypeFor[Message[int]](), reflect.TypeFor[*Message[*branch]](),
		},
	} {
		for _, typ := range list {
			if got := hopeless(payloadType(typ), nil); got != want {
				t.Errorf("%v can't hold any JSON: %t", typ, got)
			}
		}
	}
}
