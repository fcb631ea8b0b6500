package rtx

import (
	"reflect"
	"testing"
)

type shortOrder struct {
	Seq int    `json:"seq"`
	ID  string `json:"id"`
}

// Payloads that the short way always gives up are not tried every time, and are decoded all the same.
// Once they are simple again, it is taken again.
func TestShortcutIsNotTriedInVain(t *testing.T) {
	s := codec{}.shortcut(reflect.TypeFor[shortOrder]())
	decode := func(payload string) {
		t.Helper()
		var v shortOrder
		if err := s.unmarshal([]byte(payload), &v); err != nil || v != (shortOrder{7, "x"}) {
			t.Errorf("%s: %+v, error %v", payload, v, err)
		}
	}
	tried := 0
	for range 10_000 {
		if s.skip == 0 {
			tried++
		}
		decode(`{"SEQ":7,"id":"x"}`)
	}
	if tried < 10 || tried > 100 {
		t.Errorf("tried %d times of 10,000", tried)
	}
	for range maxSkip + 1 {
		decode(`{"seq":7,"id":"x"}`)
	}
	for range 100 {
		decode(`{"seq":7,"id":"x"}`)
		if s.skip != 0 || s.failed != 0 {
			t.Fatal("is not tried again")
		}
	}
}

// What the short way has decoded of a payload before it gave up is not seen.
func TestShortcutLeavesNothing(t *testing.T) {
	type T struct {
		A, B int
		C    []int
	}
	s := codec{}.shortcut(reflect.TypeFor[T]())
	for _, payload := range []string{`{"A":1,"C":[1,2],"a":null}`, `{"A":1,"C":[1],"C":[1.0]}`, `{"A":1,"B":2`} {
		var got, want T
		err, wantErr := s.unmarshal([]byte(payload), &got), unmarshalJSON([]byte(payload), &want)
		if (err == nil) != (wantErr == nil) || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, error %v; want %+v, %v", payload, got, err, want, wantErr)
		}
	}
}

// A decoder of the user's own is the only one.
func TestNoShortcutWithJSON(t *testing.T) {
	called := 0
	c := codec{own: func([]byte, any) error { called++; return nil }, maxDepth: decoderDepth}
	_ = c.viewer(reflect.TypeFor[shortOrder]())([]byte(`{"seq":1}`), new(shortOrder))
	if called != 1 {
		t.Errorf("called %d times", called)
	}
}

// BenchmarkShortcutInVain compares a payload that the short way always gives up with the decoder
// alone.
func BenchmarkShortcutInVain(b *testing.B) {
	payload := []byte(`{"seq":1,"id":"ord_00000001","ID":"ord_00000002"}`)
	s := codec{}.shortcut(reflect.TypeFor[shortOrder]())
	for name, unmarshal := range map[string]func([]byte, any) error{"shortcut": s.unmarshal, "alone": unmarshalJSON} {
		b.Run(name, func(b *testing.B) {
			v := new(shortOrder)
			for b.Loop() {
				*v = shortOrder{}
				if err := unmarshal(payload, v); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
