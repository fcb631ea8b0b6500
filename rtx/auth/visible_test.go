package auth_test

import (
	"errors"
	"testing"

	"github.com/realtimex/realtimex-go/rtx/auth"
)

// A socket id and a key are made of visible ASCII and have no colon: any other byte would make the
// signed text, or the header that carries it, ambiguous.
func TestSocketIDsAndKeysAreVisibleASCII(t *testing.T) {
	s, err := auth.NewSigner("key", "secret")
	if err != nil {
		t.Fatal(err)
	}
	for b := range 256 {
		text := "1" + string([]byte{byte(b)}) + "2"
		good := b > ' ' && b < 0x7f && b != ':'
		_, err := s.Private(text, "private-a")
		if fault, _ := errors.AsType[*auth.InputError](err); (err == nil) != good || fault != nil && fault.Field != "socket_id" {
			t.Errorf("socket id with byte %#x: %v", b, err)
		}
		_, err = auth.NewSigner(text, "secret")
		if fault, _ := errors.AsType[*auth.InputError](err); (err == nil) != good || fault != nil && fault.Field != "key" {
			t.Errorf("key with byte %#x: %v", b, err)
		}
	}
}
