package pages

import (
	"encoding/xml"
	"errors"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Each picture of the README that is drawn is whole, asks for nothing from elsewhere, has words for those who do not
// see it, and colours for dark pages.
func TestPictures(t *testing.T) {
	pictures := slices.DeleteFunc(targets(t, "README.md"), func(name string) bool { return path.Ext(name) != ".svg" })
	if len(pictures) < 4 {
		t.Errorf("only %q", pictures)
	}
	dark := regexp.MustCompile(`@media ?\(prefers-color-scheme: ?dark\)`)
	for _, name := range pictures {
		text, err := read(root, name)
		if err != nil {
			t.Fatal(err)
		}
		in := xml.NewDecoder(strings.NewReader(text))
		for err == nil {
			_, err = in.Token()
		}
		if !errors.Is(err, io.EOF) {
			t.Errorf("%s: %v", name, err)
		}
		if !strings.Contains(text, "<title") && !strings.Contains(text, "aria-label=") {
			t.Errorf("%s has no words", name)
		}
		if !dark.MatchString(text) {
			t.Errorf("%s has no colours for dark pages", name)
		}
		rest := regexp.MustCompile(`xmlns="[^"]*"`).ReplaceAllString(text, "")
		if regexp.MustCompile(`https?://|<script|url\(["']?[^#"']|\bon\w+=`).MatchString(rest) {
			t.Errorf("%s needs something from elsewhere", name)
		}
	}
}
