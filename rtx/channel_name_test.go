package rtx

import (
	"errors"
	"strings"
	"testing"
)

func TestChannelNames(t *testing.T) {
	c, err := New("key")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for name, ok := range map[string]bool{
		"a": true, "günther's 🎈": true, strings.Repeat("n", 200): true,
		"": false, strings.Repeat("n", 201): false, "a\nb": false, "a\x00": false, "\x7f": false, "\xff": false,
	} {
		if _, err := c.Channel(name).Subscribe(done(t)); errors.Is(err, ErrChannelName) == ok {
			t.Errorf("%q: %v, want ok = %v", name, err, ok)
		}
	}
}
