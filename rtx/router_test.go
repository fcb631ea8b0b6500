package rtx

import "testing"

// What the reader remembers of the last event is not used once it is gone: neither the route, when
// the event's last stream has closed and another was opened, nor the channel, when it was left and
// subscribed again.
func TestRouteIsFoundAgain(t *testing.T) {
	w := newWire(t)
	w.up()
	ch := w.c.Channel("quotes")
	got := func(s *Stream[quote], when string) {
		t.Helper()
		w.settle()
		w.receive(quoteFrame("quote"))
		if len(s.C) != 1 {
			t.Errorf("%s: %d values, want 1", when, len(s.C))
		}
		s.Close()
	}
	keeper := On[quote](t.Context(), ch, "other")
	got(On[quote](t.Context(), ch, "quote"), "first")
	got(On[quote](t.Context(), ch, "quote"), "with a new route")
	keeper.Close()
	w.settle()
	got(On[quote](t.Context(), ch, "quote"), "on the channel anew")
	_ = w.c.Close()
}

func BenchmarkScanEnvelope(b *testing.B) {
	frame := quoteFrame("quote")
	b.SetBytes(int64(len(frame)))
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := scanEnvelope(frame, false); !ok {
			b.Fatal("not scanned")
		}
	}
}

func BenchmarkParseEnvelope(b *testing.B) {
	frame := quoteFrame("quote")
	b.SetBytes(int64(len(frame)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parseEnvelope(frame, false); err != nil {
			b.Fatal(err)
		}
	}
}
