package rtx

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"weak"
)

// The reader remembers names, so that an event that only "*" takes makes no new string each time;
// but not all that were ever sent, nor long ones.
func TestInternedNamesAreReset(t *testing.T) {
	var r reader
	for i := range 10 * maxInterned {
		name := fmt.Sprint("name-", i)
		if got := r.intern([]byte(name)); got != name {
			t.Fatalf("%q is remembered as %q", name, got)
		}
		if len(r.names) > maxInterned {
			t.Fatalf("%d names are remembered, at most %d are to be", len(r.names), maxInterned)
		}
	}
	before := len(r.names)
	if long := strings.Repeat("x", maxEventName+1); r.intern([]byte(long)) != long || len(r.names) != before {
		t.Error("a name longer than any that can be bound is remembered")
	}
	name := []byte("again")
	r.intern(name)
	if n := testing.AllocsPerRun(100, func() { r.intern(name) }); n != 0 {
		t.Errorf("%v allocations for a name that is known", n)
	}
}

// Once an event is delivered, the reader holds on to nothing of its frame, nor to the copy that raw
// views share.
func TestReaderKeepsNoFrame(t *testing.T) {
	w := newWire(t)
	w.up()
	ch := w.c.Channel("quotes")
	raw, typed := On[json.RawMessage](t.Context(), ch, "*"), On[quote](t.Context(), ch, "quote")
	custom := On[own](t.Context(), ch, "*")
	w.settle()
	for name, frame := range map[string]string{
		"ordinary":    string(quoteFrame("quote")),
		"in full":     `["server-event",{"data":[1],"event":"other","channel":"quotes"},"x","offset"]`,
		"broken":      `["server-event",{"data":nope,"event":"quote","channel":"quotes"}]`,
		"malformed":   `["server-event",{"channel":"quotes","event":"quote","data":"no quote"}]`,
		"of its own":  `["x",{"channel":"quotes"}]`,
		"of no form":  `[5,{"channel":"quotes"}]`,
		"not wanted":  `["server-event",{"channel":"quotes2","event":"quote","data":1}]`,
		"an internal": `["realtimex_internal:subscription_succeeded",{"channel":"quotes"}]`,
	} {
		of, copied := func() (weak.Pointer[byte], weak.Pointer[byte]) {
			data := []byte(frame + strings.Repeat(" ", 4096))
			w.receive(data)
			var shared weak.Pointer[byte]
			for len(raw.C) > 0 {
				shared = weak.Make(&(<-raw.C)[0])
			}
			for len(typed.C)+len(custom.C) > 0 {
				select {
				case <-typed.C:
				case <-custom.C:
				}
			}
			return weak.Make(&data[0]), shared
		}()
		runtime.GC()
		runtime.GC()
		if of.Value() != nil {
			t.Errorf("%s: the frame is held on to", name)
		}
		if copied.Value() != nil {
			t.Errorf("%s: the copy of the payload is held on to", name)
		}
	}
	runtime.KeepAlive(w)
	_ = w.c.Close()
}

// own keeps nothing of its payload.
type own struct{ n int }

func (o *own) UnmarshalEvent(_, _ string, payload []byte) error { o.n = len(payload); return nil }
