package rtx

import (
	"context"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/realtimex/realtimex-go/internal/observe"
)

// What the beginning and the end of a large confirmation say is what the whole of it says, or the
// packet is not taken for one.
func TestScanConfirmation(t *testing.T) {
	for packet, want := range map[string]string{ // by the session that can be recovered
		`["realtimex_internal:subscription_succeeded",{"channel":"presence-a","members":[]}]`:                            "direct presence-a",
		`["presence:subscription_succeeded",{"channel":"presence-a"}]`:                                                   "direct presence-a",
		`["presence:subscription_succeeded",{"channel":"presence-a"},"off"]`:                                             "direct presence-a off",
		`["presence:subscription_succeeded",{"channel":"presence-a","x":"},"},{"a":1},"off"]`:                            "direct presence-a off",
		`["server-event",{"channel":"presence-a","event":"presence:subscription_succeeded","data":{}}]`:                  "wrapped presence-a",
		`["server-event",{"channel":"presence-a","event":"presence:subscription_succeeded","data":{}},"off"]`:            "wrapped presence-a off",
		`["server-event",{"channel":"presence-a","event":"quote","data":{}}]`:                                            "",
		`["presence:member_added",{"channel":"presence-a"}]`:                                                             "",
		`["realtimex_internal:subscription_error",{"channel":"presence-a"}]`:                                             "",
		`["presence:subscription_succeeded",{"members":[],"channel":"presence-a"}]`:                                      "",
		`["presence:subscription_succeeded", {"channel":"presence-a"}]`:                                                  "",
		`["presence:subscription_succeeded",{"channel":"presence-a" ,"x":1}]`:                                            "",
		`["presence:subscription_succeeded",{"channel":"presence\u002da"}]`:                                              "",
		`["presence:subscription_succeeded",{"channel":"presence-a","x":1},7]`:                                           "",
		`["presence:subscription_succeeded",{"channel":"presence-a"`:                                                     "",
		`["presence:subscription_succeeded",{"channel":"presence-a`:                                                      "",
		`["presence:subscription_succeeded",{"channel":"presence-a"}`:                                                    "",
		`["presence:subscription_succeeded",{"channel":"presence-a"},"` + strings.Repeat("o", maxOffset+1) + `"]`:        "direct presence-a",
		`["presence:subscription_succeeded",{"channel":"presence-a"},"\u006f"]`:                                          "",
		`["presence:subscription_succeeded",{"channel":"presence-a","members":[{"user_id":"1"}],"socket_id":"1.1"}]`:     "direct presence-a",
		`["presence:subscription_succeeded",{"channel":"presence-a","members":[{"user_id":"1"}],"x":{"y":[{}]}},"o\/f"]`: "",
	} {
		say := func(e envelope) string {
			how := "wrapped "
			if e.topmost {
				how = "direct "
			}
			return strings.TrimSpace(how + string(e.channel) + " " + string(e.offset))
		}
		e, ok := scanConfirmation([]byte(packet), true)
		got := ""
		if ok {
			got = say(e)
		}
		if got != want {
			t.Errorf("%.200s: %.100q, want %.100q", packet, got, want)
		}
		if whole, err := parseEnvelope([]byte(packet), true); ok && (err != nil || say(whole) != got || string(whole.event) != string(e.event)) {
			t.Errorf("%.200s: the whole says %.100q of %s, %v", packet, say(whole), whole.event, err)
		}
		if _, ok := scanConfirmation([]byte(packet), false); ok && strings.HasSuffix(packet, `"]`) {
			t.Errorf("%.200s: an offset on a session that has none", packet)
		}
	}
}

// A watchful observer notes how confirmations come.
type watchful struct {
	nobody
	reads    []func(func([]byte))
	payloads int
}

func (w *watchful) Take(f observe.Fact) {
	switch {
	case f.Kind != observe.Confirmed:
	case f.Read != nil:
		w.reads = append(w.reads, f.Read)
	default:
		w.payloads++
	}
}

// The goroutines of a session have a bounded number of bytes in hand. What exceeds it is read by
// the reading goroutine.
func TestPacketsApartAreBounded(t *testing.T) {
	w, o := newWire(t), &watchful{}
	defer w.c.Close()
	w.c.reader.apart = newApart(t.Context(), func(error) {}, new(errgroup.Group))
	if _, err := w.c.Channel("a").Observe(func() observe.Observer { return o }); err != nil {
		t.Fatal(err)
	}
	w.up()
	w.settle()
	packet := []byte(`["realtimex_internal:subscription_succeeded",{"channel":"a","x":"` + strings.Repeat("x", 1<<20) + `"}]`)
	fit := maxApart / len(packet)
	for range fit + 2 {
		w.receive(packet)
	}
	if len(o.reads) != fit || o.payloads < 2 {
		t.Fatalf("%d of %d packets in hand, %d read at once", len(o.reads), fit, o.payloads)
	}
	for i, read := range o.reads {
		if i%2 == 0 {
			read(nil)
		} else {
			read(func([]byte) {})
		}
	}
	if n := w.c.reader.apart.size.Load(); n != 0 {
		t.Errorf("%d bytes are still in hand", n)
	}
	w.receive(packet)
	if len(o.reads) != fit+1 {
		t.Error("the next packet is not taken")
	}
}

// A confirmation is not read once its connection has ended.
func TestConfirmationOfALostConnection(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	a := newApart(ctx, cancel, new(errgroup.Group))
	e, _ := scanConfirmation([]byte(`["presence:subscription_succeeded",{"channel":"presence-a"}]`), false)
	used := 0
	use := func([]byte) { used++ }
	a.keep([]byte(`["presence:subscription_succeeded",{"channel":"presence-a"}]`), false, a.parsing(&e))(use)
	broken := a.keep([]byte(`["presence:subscription_succeeded",{"channel":"presence-a"} {}]`), false, a.parsing(&e))
	late := a.keep([]byte(`["presence:subscription_succeeded",{"channel":"presence-a"}]`), false, a.parsing(&e))
	broken(use)
	if used != 1 || context.Cause(ctx) == nil {
		t.Errorf("used %d, the connection ended by %v", used, context.Cause(ctx))
	}
	if late(use); used != 1 {
		t.Error("used after the end of the connection")
	}
}
