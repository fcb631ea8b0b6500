package auth_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/realtimex/realtimex-go/internal/exported"
	"github.com/realtimex/realtimex-go/rtx/auth"
)

// Every exported method of the zero value of every exported type, and of nil, returns: it works, or
// refuses with an error. That a call returns, and a second one too, says that no lock was left
// behind.
func TestZeroValues(t *testing.T) {
	zero := []any{
		auth.Secret{}, auth.Request{}, auth.Grant{}, auth.Member{}, auth.Decision{}, auth.Audit{}, auth.Verdict(0), auth.Signer{}, auth.Func(nil),
		auth.DeniedError{}, auth.RetryError{}, auth.AnswerError{}, auth.InputError{}, auth.Outcome{},
		(*auth.EndpointOption)(nil), (*auth.HandlerOption)(nil), (*auth.SignerOption)(nil), (*auth.Authorizer)(nil), (*auth.BatchAuthorizer)(nil),
	}
	var walked []string
	for _, v := range zero {
		typ := reflect.TypeOf(v)
		if typ.Kind() == reflect.Pointer { // an interface
			walked = append(walked, typ.Elem().Name())
			continue
		}
		walked = append(walked, typ.Name())
		walk(t, typ.Name(), reflect.ValueOf(v))
		walk(t, "*"+typ.Name(), reflect.New(typ))
		walk(t, "nil *"+typ.Name(), reflect.Zero(reflect.PointerTo(typ)))
	}
	// What the zero Signer and faulty options make.
	for name, a := range map[string]auth.Authorizer{
		"Authorizer of the zero Signer": new(auth.Signer).Authorizer(auth.Member{}),
		"Authorizer of a nil Signer":    (*auth.Signer)(nil).Authorizer(auth.Member{}),
		"Endpoint without a URL":        auth.Endpoint(""),
		"Endpoint of nil":               auth.Endpoint("://", nil, auth.WithHeader(nil), auth.WithHTTPClient(nil), auth.WithToken(nil), auth.WithExpired(), auth.WithBatch(-1, 1)),
	} {
		walk(t, name, reflect.ValueOf(a))
	}
	slices.Sort(walked)
	if want := exported.Types(t); !slices.Equal(walked, want) {
		t.Errorf("walked the types %v, want %v", walked, want)
	}
}

// walk calls every exported method twice.
func walk(t *testing.T, name string, v reflect.Value) {
	t.Helper()
	for i := range v.NumMethod() {
		method := v.Type().Method(i)
		for range 2 {
			func() {
				defer func() {
					// A method of the value, called on a nil pointer, is not reached: the language
					// panics before it.
					if p := recover(); p != nil && !strings.Contains(fmt.Sprint(p), "called using nil") {
						t.Errorf("%s.%s panics: %v", name, method.Name, p)
					}
				}()
				v.Method(i).Call(arguments(v.Method(i).Type()))
			}()
		}
	}
}

func arguments(f reflect.Type) (in []reflect.Value) {
	for in0 := range f.Ins() {
		switch arg := in0; arg {
		case reflect.TypeFor[context.Context]():
			in = append(in, reflect.ValueOf(context.Background()))
		case reflect.TypeFor[fmt.State]():
			in = append(in, reflect.ValueOf(state{}))
		default:
			in = append(in, reflect.Zero(arg))
		}
	}
	return in
}

type state struct{}

func (state) Write(b []byte) (int, error) { return len(b), nil }
func (state) Width() (int, bool)          { return 0, false }
func (state) Precision() (int, bool)      { return 0, false }
func (state) Flag(int) bool               { return false }
