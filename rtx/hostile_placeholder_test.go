package rtx_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
)

// What looks like an attachment and names none costs its own event: one with attachments is
// malformed, and in one without it is plain data, as it is for the reference.
func TestPlaceholdersThatNameNothing(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		stream := opened[numbered](t, c.Channel("a"), "n")
		plain := opened[map[string]any](t, c.Channel("a"), "p")
		binary := func(frame string, attachments int) {
			s.Inject(frame)
			for range attachments {
				s.Connections()[0].InjectBinary([]byte("x"))
			}
		}
		const head, one = `["server-event",{"channel":"a","event":"n","data":`, `{"_placeholder":true,"num":0}`
		publish(s, "a", 1)
		binary(`451-`+head+`{"n":2,"x":{"_placeholder":true,"num":7}}}]`, 1)
		binary(`451-`+head+`{"n":2,"x":{"_placeholder":true,"num":"0"}}}]`, 1)
		binary(`451-`+head+`{"n":2,"x":{"_placeholder":true}}}]`, 1)
		binary(`451-`+head+`{"n":2,"x":`+one+`,"y":`+one+`}}]`, 1)
		binary(`451-`+head+`{"n":2,"x":`+one+`}},{"_placeholder":true,"num":3}]`, 1)
		binary(`451-["server-event",{"channel":{"_placeholder":true,"num":9},"event":"n","data":`+one+`}]`, 1)
		binary(`451-["other",{"_placeholder":true,"num":9}]`, 1)
		binary(`451-`+head+`{"n":3,"x":`+one+`}}]`, 1)
		s.Inject(`42["server-event",{"channel":"a","event":"p","data":{"_placeholder":true,"num":7}}]`)
		publish(s, "a", 4)
		synctest.Wait()
		if got := next(t, plain); got["num"] != 7.0 || got["_placeholder"] != true {
			t.Errorf("plain data came as %v", got)
		}
		var told *rtx.PayloadError
		var got []string
		stream.Close()
		for v, gap := range stream.All() {
			if gap == nil {
				got = append(got, fmt.Sprint(v.N))
				continue
			}
			if !errors.As(gap.Err, &told) || !strings.Contains(told.Error(), "attachment") {
				t.Errorf("the gap says %v", gap.Err)
			}
			got = append(got, fmt.Sprint("malformed", gap.Malformed))
		}
		if got, want := strings.Join(got, " "), "1 malformed5 3 4"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if n := s.Stats().Connects; n != 1 {
			t.Errorf("%d connections", n)
		}
	})
}

// quoting is a type whose decoder quotes what it was given.
type quoting struct{}

var errQuoted = errors.New("quoted")

func (*quoting) UnmarshalJSON(b []byte) error { return fmt.Errorf("%w: %s", errQuoted, b) }

// shouting is one whose decoder panics with it.
type shouting struct{}

func (*shouting) UnmarshalJSON(b []byte) error { panic(string(b)) }

// spiteful is one whose decoder's error panics when it is asked for its words.
type spiteful struct{}

func (*spiteful) UnmarshalJSON([]byte) error { return (*spitefulError)(nil) }

type spitefulError struct{ text string }

func (e *spitefulError) Error() string { return e.text }

// The words of a decoder that quotes the payload are bounded and printable in the gap's error, in
// each error of its chain, and in the log; what they are of is still found.
func TestWordsOfADecoderAreBounded(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		var log bytes.Buffer
		c := connect(t, s, rtx.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		long := strings.Repeat(`7`, 100_000)
		payloads := []string{long, `"` + long + `\u001b[31m"`, `{"` + long + `":{"n":"\u001b"},"n":"x"}`, `["\u202e"]`}
		check := func(name string, err error) {
			for e := err; e != nil; e = errors.Unwrap(e) {
				if text := e.Error(); len(text) > 700 || strings.ContainsAny(text, "\x1b\u202e") {
					t.Errorf("%s: %d bytes: %.300q", name, len(text), text)
				}
			}
		}
		numbers := opened[int](t, c.Channel("a"), "n")
		maps := opened[map[string]numbered](t, c.Channel("a"), "n")
		quotes := opened[quoting](t, c.Channel("a"), "n")
		shouts := opened[shouting](t, c.Channel("a"), "n")
		spites := opened[spiteful](t, c.Channel("a"), "n")
		for _, p := range payloads {
			s.Inject(`42["server-event",{"channel":"a","event":"n","data":` + p + `}]`)
			synctest.Wait()
			for gap := range numbers.Gaps() {
				check("int", gap.Err)
			}
			for gap := range maps.Gaps() {
				check("map", gap.Err)
			}
			for gap := range quotes.Gaps() {
				check("quoting", gap.Err)
				if !errors.Is(gap.Err, errQuoted) {
					t.Errorf("the decoder's error is not found in %v", gap.Err)
				}
			}
			for gap := range shouts.Gaps() {
				check("panic", gap.Err)
				if _, ok := errors.AsType[*rtx.PanicError](gap.Err); !ok {
					t.Errorf("the panic is not found in %v", gap.Err)
				}
			}
			for gap := range spites.Gaps() {
				check("spiteful", gap.Err)
			}
		}
		if n := c.Stats().Malformed; n < 4*3 {
			t.Errorf("%d malformed", n)
		}
		_ = c.Close()
		for line := range strings.Lines(log.String()) {
			if len(line) > 2_000 || strings.Contains(line, "\x1b") {
				t.Errorf("a line of the log with %d bytes: %.200q", len(line), line)
			}
		}
	})
}

// A name that comes with an internal event, and that nobody can hold, is of any length: what is
// told of it is not.
func TestNamesOfForeignChannelsAreBounded(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		stream := opened[rtx.Message[int]](t, c, "realtimex:pong")
		s.Inject(`42["realtimex:pong",{"channel":"` + strings.Repeat("x", 1<<20) + `"}]`)
		synctest.Wait()
		n := 0
		for gap := range stream.Gaps() {
			n++
			if len(gap.Channel) > 200 || len(gap.Err.Error()) > 1_000 {
				t.Errorf("a channel of %d bytes, an error of %d", len(gap.Channel), len(gap.Err.Error()))
			}
		}
		if n != 1 {
			t.Errorf("%d gaps", n)
		}
	})
}
