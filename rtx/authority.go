package rtx

import (
	"reflect"
	"time"

	"github.com/realtimex/realtimex-go/rtx/auth"
)

// An authority is an authorizer as the client uses it. It is not changed once made.
type authority struct {
	auth.Authorizer
	identity any                  // equal for options that mean the same authorizer
	batches  auth.BatchAuthorizer // nil if it can't ask for several channels at once
	limit    int                  // how many of its calls may run at the same time
}

// defaultConcurrency is how many calls of an authorizer may run at the same time if it does not
// say.
const defaultConcurrency = 16

// newAuthority returns the error of the authorizer's Validate, if it has one. option is what gave
// it to the client: two authorizers that can't be compared are the same if that is.
func newAuthority(a auth.Authorizer, option any) (*authority, error) {
	if v, ok := a.(interface{ Validate() error }); ok {
		if err := v.Validate(); err != nil {
			return nil, err
		}
	}
	au := &authority{Authorizer: a, identity: option, limit: defaultConcurrency}
	if reflect.ValueOf(a).Comparable() {
		au.identity = a
	}
	if l, ok := a.(interface{ Concurrency() int }); ok {
		if n := l.Concurrency(); n > 0 {
			au.limit = n
		}
	}
	au.batches, _ = a.(auth.BatchAuthorizer)
	return au, nil
}

// is reports whether a and b are the same authorizer. Both may be nil.
func (a *authority) is(b *authority) bool {
	return a == b || a != nil && b != nil && a.identity == b.identity
}

// batch returns what the authorizer's Batch does; 1 is the least, and means to ask for one channel
// alone. It must not be called with the lock held.
func (a *authority) batch() (window time.Duration, most int) {
	if a.batches == nil {
		return 0, 1
	}
	defer func() {
		if recover() != nil {
			window, most = 0, 1 // the call of Authorize says what is wrong
		}
	}()
	window, most = a.batches.Batch()
	return max(window, 0), max(most, 1)
}

// onServer reports whether the authorizer asks the RealtimeX server itself, which is at hostport.
func (a *authority) onServer(hostport string) bool {
	s, ok := a.Authorizer.(interface{ SameServer(hostport string) bool })
	return ok && s.SameServer(hostport)
}

func (a *authority) closeIdleConnections() {
	if c, ok := a.Authorizer.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
