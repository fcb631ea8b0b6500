package rtx

import (
	"reflect"
	"sync"

	"github.com/realtimex/realtimex-go/internal/plain"
)

// plainDecoders caches the decoders of internal/plain by type. A program has a limited number of
// types.
var plainDecoders sync.Map

// viewer is unmarshaler for values that are zero, and for one goroutine.
func (c codec) viewer(t reflect.Type) func(data []byte, v any) error {
	if s := c.shortcut(t); s != nil {
		return s.unmarshal
	}
	return c.unmarshaler(t)
}

// shortcut returns nil if there is none for t.
func (c codec) shortcut(t reflect.Type) *shortcut {
	if c.own != nil || !ordinary(t) {
		return nil
	}
	d, ok := plainDecoders.Load(t)
	if !ok {
		d, _ = plainDecoders.LoadOrStore(t, plain.New(t, unmarshalJSON))
	}
	if d := d.(*plain.Decoder); d != nil {
		return &shortcut{decoder: d}
	}
	return nil
}

// shortcut decodes payloads into one type. It tries internal/plain first, which is faster and gives up
// whatever is not simple, and then unmarshalJSON, which decides. One goroutine uses it at a time.
type shortcut struct {
	decoder *plain.Decoder
	failed  uint16 // attempts in a row that were of no use
	skip    uint16 // so many payloads are not tried
}

const (
	maxFailed = 4      // so many attempts may fail in a row before payloads are skipped
	maxSkip   = 1 << 8 // and so many are skipped at most before the next attempt
)

// unmarshal decodes data into v, which points to a zero value.
func (s *shortcut) unmarshal(data []byte, v any) error {
	switch {
	case s.skip > 0:
		s.skip--
	default:
		dst := reflect.ValueOf(v).Elem()
		if s.decoder.Decode(data, dst) {
			s.failed = 0
			return nil
		}
		if s.failed++; s.failed > maxFailed {
			s.failed = min(s.failed, maxFailed+8) // up to maxSkip
			s.skip = 1 << (s.failed - maxFailed)
		}
		dst.SetZero()
	}
	return unmarshalJSON(data, v)
}
