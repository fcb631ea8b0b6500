package console

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/realtimex/realtimex-go/internal/testserver"
)

func (f *Feed) size() (entries, kept int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.entries {
		kept += f.entries[i].weight()
	}
	return len(f.entries), kept
}

// The feed keeps the newest, so many and of so many bytes, and says how many it has forgotten.
func TestFeedIsBounded(t *testing.T) {
	f := NewFeed()
	for i := range maxEntries + 500 {
		f.Observe(testserver.Activity{Event: fmt.Sprint(i)})
	}
	if n, _ := f.size(); n != maxEntries {
		t.Errorf("%d entries, want %d", n, maxEntries)
	}
	entries, missed, _ := f.after(0, 1)
	if missed != 500 || len(entries) != 1 || entries[0].number != 501 || entries[0].Event != "500" {
		t.Errorf("missed %d, then %+v", missed, entries)
	}
	if _, ok := f.find(500); ok {
		t.Error("a forgotten entry is found")
	}
	if e, ok := f.find(maxEntries + 500); !ok || e.Event != fmt.Sprint(maxEntries+499) {
		t.Errorf("the newest is %+v", e)
	}

	large := bytes.Repeat([]byte("x"), maxKept)
	for range 300 {
		f.Observe(testserver.Activity{Data: large, Frame: large})
	}
	n, kept := f.size()
	if kept > maxFeedBytes || kept < maxFeedBytes-2*maxKept-maxEntries || n > 100 {
		t.Errorf("%d entries of %d bytes, want at most %d", n, kept, maxFeedBytes)
	}
	if f.bytes != kept {
		t.Errorf("it counts %d bytes, and has %d", f.bytes, kept)
	}
}

// Of one large event the beginning is kept.
func TestLargeEventsAreCut(t *testing.T) {
	f := NewFeed()
	large := []byte(`"` + strings.Repeat("x", maxKept) + `"`)
	f.Observe(testserver.Activity{Data: large, Frame: large})
	e, _ := f.find(1)
	if d := e.detail(); !e.cut || !d.Truncated || len(e.Data) != maxKept || cap(e.Data) > 2*maxKept || d.Data != nil || d.Size != len(large) || len(d.Frame) != maxKept {
		t.Errorf("cut: %t, %d bytes, size %d", e.cut, len(e.Data), d.Size)
	}
	f.Observe(testserver.Activity{Data: []byte(`{"a":1}`)})
	e, _ = f.find(2)
	if d := e.detail(); d.Truncated || string(d.Data) != `{"a":1}` {
		t.Errorf("a small one: %+v", d)
	}
}

func TestPreviewIsBounded(t *testing.T) {
	for _, c := range []struct{ data, want string }{
		{`{"a":1}`, `{"a":1}`},
		{strings.Repeat("x", maxPreview+1), strings.Repeat("x", maxPreview)},
		{strings.Repeat("x", maxPreview-1) + "é", strings.Repeat("x", maxPreview-1)},
		{strings.Repeat("x", maxPreview-2) + "é", strings.Repeat("x", maxPreview-2) + "é"},
		{strings.Repeat("x", maxPreview-2) + "éé", strings.Repeat("x", maxPreview-2)},
		{"\xff", "\uFFFD"},
	} {
		got := preview([]byte(c.data))
		if len(c.data) <= maxPreview && c.data != "\xff" {
			c.want = c.data
		}
		if got != c.want && !(strings.HasPrefix(c.want, got) && len(got) >= maxPreview-4) {
			t.Errorf("the preview of %q is %q, want %q", c.data, got, c.want)
		}
	}
}

// A reset forgets what was, and the numbers go on.
func TestForget(t *testing.T) {
	f := NewFeed()
	f.Observe(testserver.Activity{})
	f.forget()
	f.Observe(testserver.Activity{Event: "next"})
	entries, missed, _ := f.after(0, 10)
	if missed != 1 || len(entries) != 1 || entries[0].number != 2 {
		t.Errorf("missed %d, then %+v", missed, entries)
	}
}
