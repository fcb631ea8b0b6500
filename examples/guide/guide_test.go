package main

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"
)

// The code of the guide is that of this package, word for word.
func TestTheGuideShowsWhatIsCompiled(t *testing.T) {
	guide, err := os.ReadFile("../../docs/guide.md")
	if err != nil {
		t.Fatal(err)
	}
	var code strings.Builder
	for _, file := range []string{"chapters.go", "chapters_test.go"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		code.Write(text)
	}
	blocks := regexp.MustCompile("(?ms)^```go\n(.*?)^```").FindAllSubmatch(guide, -1)
	if chapters := bytes.Count(guide, []byte("\n## ")); chapters != 10 || len(blocks) < 10 {
		t.Errorf("%d chapters, %d blocks", chapters, len(blocks))
	}
	for _, b := range blocks {
		if !strings.Contains(code.String(), string(b[1])) {
			t.Errorf("not in examples/guide:\n%s", b[1])
		}
	}
}

// Each chapter prints what the guide says of it.
func TestChapters(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), &out); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	for _, want := range []string{
		"1 the first event: {ID:1 Item:tea Cents:450}", "2 in the loop: order 2", "3 orders: no connection for",
		"4 the backend signs for private-orders-ada", "here now: 1", "bob came", "6 the others were told",
		"7 a worker has order 3", "7 the sum is 700", "8 7 lamps are left", "10 ready: 200",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, &out)
		}
	}
}
