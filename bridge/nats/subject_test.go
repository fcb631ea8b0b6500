package bridge

import (
	"strings"
	"testing"
)

func TestSubjects(t *testing.T) {
	for _, c := range []struct{ channel, event, want string }{
		{"orders", "created", "rtx.shop.orders.created"},
		{"private-orders.eu", "order created", "rtx.shop.private-orders%2Eeu.order%20created"},
		{"*", ">", "rtx.shop.%2A.%3E"},
		{"100%", "!gap", "rtx.shop.100%25.%21gap"},
		{"grün", "", "rtx.shop.gr%C3%BCn.!"},
	} {
		if got := Subject("shop", c.channel, c.event); got != c.want {
			t.Errorf("%q, %q: got %q, want %q", c.channel, c.event, got, c.want)
		}
		app, channel, event, gap, err := ParseSubject(c.want)
		if app != "shop" || channel != c.channel || event != c.event || gap || err != nil {
			t.Errorf("%q: got %q, %q, %q, %v, %v", c.want, app, channel, event, gap, err)
		}
	}
	if _, channel, _, gap, err := ParseSubject(GapSubject("shop", "a.b")); channel != "a.b" || !gap || err != nil {
		t.Errorf("a gap record: %q, %v, %v", channel, gap, err)
	}
	for _, bad := range []string{"", "rtx.shop.orders", "rtx.shop.orders.%2", "rtx.shop.orders.%41", "rtx.shop.orders.%2e", "rtx.shop.orders.!x", "rtx.s p.o.c", "x.shop.o.c", "rtx.shop..c", "rtx.shop.o.c.d"} {
		if _, _, _, _, err := ParseSubject(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// Every text has a token, which NATS takes, and comes back from it. No two texts have the same one.
func FuzzEscape(f *testing.F) {
	for _, s := range []string{"", "orders", "a.b", "%41", "!", "!gap", "~1", "\x00\xff", "grün", "*>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		token := Escape(s)
		if token == "" || strings.ContainsAny(token, ".*> \t\r\n\x00~") || token == gapToken {
			t.Fatalf("%q: the token %q can't stand in a subject", s, token)
		}
		if back, err := Unescape(token); err != nil || back != s {
			t.Fatalf("%q became %q, and that %q, %v", s, token, back, err)
		}
		// What is taken as a token is the one that Escape returns.
		if text, err := Unescape(s); err == nil && Escape(text) != s {
			t.Fatalf("%q was taken for %q, whose token is %q", s, text, Escape(text))
		}
	})
}
