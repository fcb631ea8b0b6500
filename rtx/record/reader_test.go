package record

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
)

const header = `{"format":"realtimex-recording","version":1,"started":"2026-01-02T03:04:05Z"}` + "\n"

const dialed = header + `{"at":1,"kind":"dial","conn":1}` + "\n"

func TestReaderRefusesWhatIsNoRecording(t *testing.T) {
	for _, test := range []struct {
		text string
		line int // of the FormatError
	}{
		{"", 1},
		{"{}\n", 1},
		{"not JSON\n", 1},
		{strings.Replace(header, "realtimex-recording", "tape", 1), 1},
		{header + "[]\n", 2},
		{header + `{"at":-1,"kind":"dial","conn":1}` + "\n", 2},
		{header + `{"at":1,"kind":"dial","conn":2}` + "\n", 2},
		{header + `{"at":1,"kind":"ended","conn":1}` + "\n", 2},
		{dialed + `{"at":0,"kind":"ended","conn":1}` + "\n", 3},
		{dialed + `{"at":2,"kind":"song","conn":1}` + "\n", 3},
		{dialed + `{"at":2,"kind":"connected","conn":1}` + "\n", 3},
		{dialed + `{"at":2,"kind":"connected","conn":1,"socket_id":"s","ping_interval":9e18,"ping_timeout":1000000}` + "\n", 3},
		{dialed + `{"at":2,"kind":"connected","conn":1,"socket_id":"` + strings.Repeat("s", 2000) + `","ping_interval":1000000,"ping_timeout":1000000}` + "\n", 3},
		{dialed + `{"at":2,"kind":"received","conn":1}` + "\n", 3},
		{dialed + `{"at":2,"kind":"received","conn":1,"data":{}}` + "\n", 3},
		{dialed + `{"at":2,"kind":"received","conn":1,"type":1,"data":[]}` + "\n", 3},
		{dialed + `{"at":2,"kind":"received","conn":1,"data":[],"buffers":["AA=="]}` + "\n", 3},
		{dialed + `{"at":2,"kind":"received","conn":1,"type":5,"data":[],"buffers":["","","","","","","","","","",""]}` + "\n", 3},
	} {
		var bad *FormatError
		if err := readAll(test.text); !errors.As(err, &bad) || bad.Line != test.line || bad.Reason == "" {
			t.Errorf("%.200q: %v, want line %d", test.text, err, test.line)
		}
	}
	var version *VersionError
	if err := readAll(strings.Replace(header, `"version":1`, `"version":2`, 1)); !errors.As(err, &version) || version.Version != 2 {
		t.Errorf("another version: %v", err)
	}
}

// A program that ended while it wrote leaves a part of a line, which is passed over.
func TestReaderPassesOverAPartOfALine(t *testing.T) {
	if all := entries(t, []byte(dialed+`{"at":2,"kind":"en`)); len(all) != 1 {
		t.Errorf("%+v", all)
	}
}

func TestReaderIsBounded(t *testing.T) {
	var over *LimitError
	long := io.MultiReader(strings.NewReader(header), endless{})
	if err := read(long); !errors.As(err, &over) || over.Limit != "line" || over.Max != MaxLine {
		t.Errorf("a line without an end: %v", err)
	}
	r := &Reader{read: MaxSize, buf: nil}
	r.in = newReader(t, header).in
	if _, err := r.Next(); !errors.As(err, &over) || over.Limit != "size" {
		t.Errorf("a file without an end: %v", err)
	}
	if _, again := r.Next(); again != error(over) {
		t.Errorf("after it: %v", again)
	}
}

func newReader(t *testing.T, head string) *Reader {
	t.Helper()
	r, err := NewReader(strings.NewReader(head + "{}\n"))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func readAll(text string) error { return read(strings.NewReader(text)) }

func read(from io.Reader) error {
	r, err := NewReader(from)
	for err == nil {
		_, err = r.Next()
	}
	if err == io.EOF {
		return nil
	}
	return err
}

// Whatever a file holds, it is read to its end or to an error that is of this package, and what was
// read is the same once it is written and read again.
func FuzzReader(f *testing.F) {
	f.Add([]byte(header))
	f.Add([]byte(dialed + `{"at":2,"kind":"connected","conn":1,"socket_id":"s","pid":"p","recovered":true,"ping_interval":1000000,"ping_timeout":1000000,"transport":"websocket"}` + "\n" +
		`{"at":3,"kind":"sent","conn":1,"data":["realtimex:subscribe",{"channel":"a"}]}` + "\n" +
		`{"at":4,"kind":"received","conn":1,"type":5,"id":0,"data":["a",{"_placeholder":true,"num":0}],"buffers":["AAE="]}` + "\n" +
		`{"at":5,"kind":"received","conn":1,"text":"x"}` + "\n" +
		`{"at":6,"kind":"ended","conn":1,"how":"close","code":1012,"peer_knows":true,"silence":1}` + "\n" +
		`{"at":7,"kind":"dial","conn":2,"pid":"p","offset":"o"}` + "\n" +
		`{"at":8,"kind":"failed","conn":2,"step":"open","status":503,"code":-1,"retry_after":5}` + "\n" +
		`{"at":9,"kind":"stopped","conn":0,"limit":"size"}` + "\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		r, err := NewReader(bytes.NewReader(file))
		var all []Entry
		for err == nil {
			var e Entry
			if e, err = r.Next(); err == nil {
				all = append(all, e)
			}
		}
		var (
			version *VersionError
			format  *FormatError
			limit   *LimitError
		)
		if err != io.EOF && !errors.As(err, &version) && !errors.As(err, &format) && !errors.As(err, &limit) {
			t.Fatalf("%T %v", err, err)
		}
		again, out := begin(t)
		for _, e := range all {
			again.mu.Lock()
			again.encode(lineOf(e))
			again.queue()
			again.mu.Unlock()
		}
		again.Close()
		if back := entries(t, out.Bytes()); !reflect.DeepEqual(back, all) {
			t.Fatalf("got  %+v\nwant %+v", back, all)
		}
	})
}
