package redact_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/realtimex/realtimex-go/internal/redact"
)

const key = "app-key-0123456789"

func TestHide(t *testing.T) {
	for _, c := range []struct {
		name    string
		secrets []string
		text    string
		want    string
	}{
		{"nothing to hide", nil, "Transport unknown", "Transport unknown"},
		{"an empty secret", []string{""}, "Transport unknown", "Transport unknown"},

		// Few letters: whole tokens only.
		{"letters of a word", []string{"k"}, "Transport unknown", "Transport unknown"},
		{"more letters of a word", []string{"un"}, "unknown, undone, run", "unknown, undone, run"},
		{"digits of a number", []string{"42"}, "HTTP 1429 and 423", "HTTP 1429 and 423"},
		{"part of a name", []string{"key"}, "api_key and keys", "api_key and keys"},
		{"letters beside others that are not ASCII", []string{"k"}, "šk kö", "šk kö"},
		{"a combining mark", []string{"k"}, "k\u0301", "k\u0301"},
		{"a whole token", []string{"un"}, "key un: un=un,(un)", "key [redacted]: [redacted]=[redacted],([redacted])"},
		{"all there is", []string{"un"}, "un", "[redacted]"},
		{"between quotation marks", []string{"un"}, `"un" 'un'`, `"[redacted]" '[redacted]'`},
		{"after an escape of a URL", []string{"un"}, `k%3Dun%3A`, `k%3D[redacted]%3A`},
		{"after an escape of a string", []string{"un"}, `\nun \u0022un \x22un \U00000022un`, `\n[redacted] \u0022[redacted] \x22[redacted] \U00000022[redacted]`},
		{"in bytes that are not UTF-8", []string{"un"}, "\xffun\xff", "\xff[redacted]\xff"},
		{"a secret that ends in no letter", []string{"un="}, "run= un=x", "run= [redacted]x"},

		// Long: wherever it stands.
		{"glued to a word", []string{key}, "x" + key + "y", "x[redacted]y"},
		{"many", []string{key}, key + key, "[redacted][redacted]"},

		// Forms in which it is quoted.
		{"in a query", []string{"a+b c/d=e&f"}, "?key=" + url.QueryEscape("a+b c/d=e&f"), "?key=[redacted]"},
		{"in a path", []string{"a+b c/d=e&f"}, "/" + url.PathEscape("a+b c/d=e&f"), "/[redacted]"},
		{"in JSON", []string{`{"user_id":"<7>"}`}, `{"d":` + marshal(`{"user_id":"<7>"}`) + `}`, `{"d":"[redacted]"}`},
		{"in Go", []string{`{"user_id":"7"}`}, fmt.Sprintf("%q", `{"user_id":"7"}`), `"[redacted]"`},
		{"in JSON, in Go", []string{`{"user_id":"7"}`}, fmt.Sprintf("%q", marshal(`{"user_id":"7"}`)), `"\"[redacted]\""`},

		// One in another.
		{"the longer one", []string{"abcdefgh", "abcdefghijkl"}, "abcdefghijkl abcdefghi", "[redacted] [redacted]i"},
		{"overlapping", []string{"12345678", "56789abc"}, "123456789abc.", "[redacted]."},
		{"the mark itself", []string{"redacted"}, "redacted", "[redacted]"},
	} {
		s := redact.Of(c.secrets...)
		if got := s.Hide(c.text); got != c.want {
			t.Errorf("%s: %q is hidden as %q, want %q", c.name, c.text, got, c.want)
		}
		if got := s.Shows(c.text); got != (c.want != c.text) {
			t.Errorf("%s: Shows(%q) is %v", c.name, c.text, got)
		}
	}
}

func marshal(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	_ = e.Encode(s)
	return strings.TrimSpace(b.String())
}

func TestParts(t *testing.T) {
	const sum = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	for _, c := range []struct {
		name    string
		secrets redact.Secrets
		text    string
		want    string
	}{
		{"a signature", redact.Secrets{}.WithAuth("k1:" + sum), "auth k1:" + sum, "auth [redacted]"},
		{"its key", redact.Secrets{}.WithAuth("k1:" + sum), "no app with key k1", "no app with key [redacted]"},
		{"its sum", redact.Secrets{}.WithAuth("k1:" + sum), "bad signature " + sum, "bad signature [redacted]"},
		{"no signature", redact.Secrets{}.WithAuth(""), "bad : one", "bad : one"},
		{"a bearer", redact.Secrets{}.WithHeader("Bearer tok.x"), "Bearer tok.x, tok.x, Bearer", "[redacted], [redacted], Bearer"},
		{"a bare value", redact.Secrets{}.WithHeader("tok.x"), "tok.x", "[redacted]"},
		{"a password", redact.Secrets{}.WithHeader("Basic YW5uOnMzY3JldA=="), "Basic YW5uOnMzY3JldA== ann s3cret YW5uOnMzY3JldA==", "[redacted] [redacted] [redacted] [redacted]"},
		{"no base64", redact.Secrets{}.WithHeader("Basic %"), "Basic % x", "[redacted] x"},
	} {
		if got := c.secrets.Hide(c.text); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	base := redact.Of("12345678")
	more := base.With("abcdefgh")
	if got := base.Hide("12345678 abcdefgh"); got != "[redacted] abcdefgh" {
		t.Errorf("With changed what it was called on: %q", got)
	}
	if got := more.Hide("12345678 abcdefgh"); got != "[redacted] [redacted]" {
		t.Errorf("With forgot: %q", got)
	}
}

func TestText(t *testing.T) {
	s := redact.Of(key)
	for _, c := range []struct{ name, text, want string }{
		{"as it is", "no such key", "no such key"},
		{"a secret", "no such key: " + key, "no such key: [redacted]"},
		{"ESC, DEL, NUL, a line break", "a\x1b[31mb\x7f\x00\r\nc", "a.[31mb....c"},
		{"another direction", "a\u202eb\u2066c\u200b", "a.b.c."},
		{"not UTF-8", "a\xffb", "a.b"},
		{"letters of all kinds", "žluťoučký 馬 🐎", "žluťoučký 馬 🐎"},
		{"200 bytes", strings.Repeat("x", 200), strings.Repeat("x", 200)},
		{"201 bytes", strings.Repeat("x", 201), strings.Repeat("x", 197) + "…"},
		{"5 MB", strings.Repeat("x", 5<<20), strings.Repeat("x", 197) + "…"},
		{"a letter on the edge", strings.Repeat("x", 196) + strings.Repeat("ž", 10), strings.Repeat("x", 196) + "…"},
		{"what does not print, on the edge", strings.Repeat("\U000e0001", 300), strings.Repeat(".", 197) + "…"},
		{"a secret across the edge", strings.Repeat("x", 190) + key, strings.Repeat("x", 190) + "[redacted]"},
		{"many secrets", strings.Repeat(key, 1000), strings.Repeat("[redacted]", 19) + "[redact…"},
	} {
		if got := s.Text(c.text); got != c.want || len(got) > redact.MaxText {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// Whatever the text, what is shown is short, printable, and without the secret.
func FuzzText(f *testing.F) {
	f.Add("no such key: app-key-0123456789", key)
	f.Add("Transport unknown", "un")
	f.Add("\x1b[31m\xff", "\xff")
	f.Add("%22un%22", "un")
	f.Fuzz(func(t *testing.T, text, secret string) {
		s := redact.Of(secret)
		shown := s.Text(text)
		if len(shown) > redact.MaxText || !utf8.ValidString(shown) || strings.ContainsFunc(shown, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%q is shown as %q", text, shown)
		}
		hidden := s.Hide(text)
		for piece := range strings.SplitSeq(hidden, redact.Mark) {
			if len(secret) >= 8 && strings.Contains(piece, secret) {
				t.Errorf("%q is hidden as %q", text, hidden)
			}
		}
		if s.Shows(text) == (hidden == text) && secret != redact.Mark {
			t.Errorf("Shows(%q) is %v, and Hide makes %q", text, s.Shows(text), hidden)
		}
	})
}

type code struct{ text string }

func (c *code) Error() string { return c.text }

type slow struct{ error }

func (slow) Timeout() bool { return true }

func TestErrorKeepsWhatIsFit(t *testing.T) {
	s := redact.Of(key)
	inner := &code{"inner"}
	for _, err := range []error{nil, inner, fmt.Errorf("outer: %w", inner), errors.Join(inner)} {
		if got := s.Error(err); got != err {
			t.Errorf("%v became %v, want it as it is", err, got)
		}
	}
}

func TestErrorHidesTheChain(t *testing.T) {
	s := redact.Of(key)
	mark := errors.New("mark")
	shows := &code{"with " + key}
	for _, c := range []struct {
		name string
		err  error
	}{
		{"at the top", fmt.Errorf("%s: %w", key, mark)},
		{"below", &under{"clean", errors.Join(mark, shows)}},
		{"far below", &under{"clean", &under{"clean", errors.Join(mark, &under{"clean", shows})}}},
		{"5 MB", fmt.Errorf("%s: %w", strings.Repeat("x", 5<<20), mark)},
		{"ESC", &under{"clean", fmt.Errorf("\x1b[31m: %w", mark)}},
	} {
		got := s.Error(c.err)
		levels := 0
		for e := got; e != nil; e = errors.Unwrap(e) {
			levels++
			if text := e.Error(); text != s.Text(text) {
				t.Errorf("%s: level %d reads %q", c.name, levels, text)
			}
		}
		if levels == 0 || !errors.Is(got, mark) || errors.Is(got, errors.ErrUnsupported) {
			t.Errorf("%s: %d levels, Is finds the mark: %v", c.name, levels, errors.Is(got, mark))
		}
		if e, ok := errors.AsType[*code](got); ok {
			t.Errorf("%s: As hands out %q", c.name, e)
		}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			for _, box := range []any{got, []error{got}, struct{ E error }{got}, struct{ e error }{got}, s, &s, struct{ s redact.Secrets }{s}} {
				if out := fmt.Sprintf(verb, box); strings.Contains(out, key) || strings.Contains(out, fmt.Sprintf("%x", key)) || strings.Contains(out, "\x1b") {
					t.Errorf("%s: %s of a %T shows %.300q", c.name, verb, box, out)
				}
			}
		}
	}
}

// What errors.As finds is handed out if it, and all below it, shows no secret.
func TestErrorAs(t *testing.T) {
	s := redact.Of(key)
	fine := &code{"fine"}
	got := s.Error(fmt.Errorf("%s: %w", key, fine))
	if e, ok := errors.AsType[*code](got); !ok || e != fine {
		t.Errorf("As finds %v %v, want what is fit to be shown", e, ok)
	}
	got = s.Error(fmt.Errorf("%s: %w", key, &under{"clean", errors.New(key)}))
	into := &under{text: "mine"}
	if errors.As(got, &into) || into.text != "mine" {
		t.Errorf("As hands out %v, which leads to a secret", into)
	}
}

func TestErrorTimeout(t *testing.T) {
	s := redact.Of(key)
	for _, c := range []struct {
		err  error
		want bool
	}{{errors.New(key), false}, {slow{errors.New(key)}, true}, {fmt.Errorf("%s: %w", key, slow{errors.New("x")}), true}} {
		var timeout interface{ Timeout() bool }
		if got := s.Error(c.err); !errors.As(got, &timeout) || timeout.Timeout() != c.want {
			t.Errorf("%q is a timeout: %v, want %v", got, !c.want, c.want)
		}
	}
}

// under is an error whose own words say nothing of the one below.
type under struct {
	text string
	err  error
}

func (u *under) Error() string { return u.text }
func (u *under) Unwrap() error { return u.err }
