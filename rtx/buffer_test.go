package rtx

import "testing"

// The default buffer of a stream is bounded in bytes as well as in values.
func TestDefaultBuffer(t *testing.T) {
	w := newWire(t)
	ch := w.c.Channel("quotes")
	ctx := t.Context()
	for name, tc := range map[string]struct{ got, want int }{
		"bytes":         {cap(On[byte](ctx, ch, "a").C), 256},
		"nothing":       {cap(On[struct{}](ctx, ch, "a").C), 256},
		"64 bytes":      {cap(On[[64]byte](ctx, ch, "b").C), 256},
		"200 bytes":     {cap(On[[200]byte](ctx, ch, "c").C), 81},
		"1 KiB":         {cap(On[[1024]byte](ctx, ch, "d").C), 32},
		"a pointer":     {cap(On[*[1024]byte](ctx, ch, "e").C), 256},
		"as many":       {cap(On[[1024]byte](ctx, ch, "f", WithBuffer(1000)).C), 1000},
		"one":           {cap(On[[1024]byte](ctx, ch, "g", WithBuffer(1)).C), 1},
		"of conflation": {On[[1024]byte](ctx, ch, "h", WithConflate(func(b [1024]byte) byte { return b[0] })).Stats().Capacity, 256},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: a buffer of %d, want %d", name, tc.got, tc.want)
		}
	}
	_ = w.c.Close()
}
