package redact

import (
	"encoding/json"
	"net/url"
	"testing"
)

// A text that counts as plain has no other form, and one that has another does not count as plain.
func TestPlainTextsHaveOneForm(t *testing.T) {
	for c := range 256 {
		text := "a" + string([]byte{byte(c)}) + "1"
		quoted, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		other := url.QueryEscape(text) != text || url.PathEscape(text) != text || inString(text) != text || string(quoted) != `"`+text+`"`
		if plain(text) && other {
			t.Errorf("%q has another form", text)
		}
	}
	if !plain("app-Key_09") {
		t.Error("a key is not plain")
	}
}
