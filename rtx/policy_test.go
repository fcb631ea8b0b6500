package rtx_test

import (
	"encoding/json"
	"errors"
	"flag"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/realtimex/realtimex-go/rtx"
)

// A policy's text becomes the policy again, in JSON and as a flag.
func TestPolicyText(t *testing.T) {
	for text, p := range map[string]rtx.Policy{
		"drop-oldest": rtx.DropOldest, "drop-newest": rtx.DropNewest, "end-stream": rtx.EndStream,
		"grow:1": rtx.Grow(1), "grow:1048576": rtx.Grow(1 << 20), "grow:9223372036854775807": rtx.Grow(math.MaxInt64),
	} {
		if p.String() != text {
			t.Errorf("%q: String is %q", text, p.String())
		}
		b, err := json.Marshal(p)
		if err != nil || string(b) != `"`+text+`"` {
			t.Errorf("%q: JSON is %s, %v", text, b, err)
		}
		back := rtx.Grow(99)
		if err := json.Unmarshal(b, &back); err != nil || back != p {
			t.Errorf("%q: back from JSON it is %v, %v", text, back, err)
		}
		var got rtx.Policy
		flags := flag.NewFlagSet("", flag.ContinueOnError)
		flags.TextVar(&got, "overflow", rtx.DropNewest, "")
		if err := flags.Parse([]string{"-overflow", text}); err != nil || got != p {
			t.Errorf("%q: as a flag it is %v, %v", text, got, err)
		}
	}
	if zero := rtx.Policy(0); zero != rtx.DropOldest {
		t.Errorf("the zero policy is %v", zero)
	}
}

// A text that is no policy's is an error that quotes it, and changes nothing; so is a number that
// is none, as an option and as a text.
func TestNoPolicy(t *testing.T) {
	long := strings.Repeat("x", 1000)
	for _, text := range []string{
		"", "DropOldest", "drop-oldest ", "grow", "grow:", "grow:0", "grow:-1", "grow:1k", "grow:9223372036854775808", "Policy(-9)", long, "a\x1b[31mb",
	} {
		p := rtx.Grow(7)
		err := p.UnmarshalText([]byte(text))
		var option *rtx.OptionError
		if !errors.As(err, &option) || option.Option != "Policy" || p != rtx.Grow(7) {
			t.Errorf("%q: %v, %v", text, p, err)
			continue
		}
		if quoted := text[:min(len(text), 6)]; !strings.Contains(err.Error(), strings.ReplaceAll(quoted, "\x1b", `\x1b`)) {
			t.Errorf("%q is not named: %v", text, err)
		}
		if len(err.Error()) > 300 || strings.ContainsRune(err.Error(), '\x1b') {
			t.Errorf("%q: %v", text, err)
		}
	}
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	var p rtx.Policy
	flags.TextVar(&p, "overflow", rtx.DropOldest, "")
	if err := flags.Parse([]string{"-overflow", "none"}); err == nil {
		t.Error("the flag takes what is none")
	}
	for _, p := range []rtx.Policy{rtx.Grow(0), rtx.Grow(-5), rtx.Grow(math.MinInt64), -3, math.MinInt64} {
		if b, err := p.MarshalText(); err == nil {
			t.Errorf("%v has the text %s", p, b)
		}
		c := newOffline(t)
		var option *rtx.OptionError
		s := rtx.On[int](t.Context(), c.Channel("a"), "n", rtx.WithOverflow(p))
		if !errors.As(s.Err(), &option) || option.Option != "WithOverflow" {
			t.Errorf("%v: %v", p, s.Err())
		}
	}
}

// newOffline makes a client that never connects.
func newOffline(t *testing.T) *rtx.Client {
	t.Helper()
	c, err := rtx.New("key")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}
