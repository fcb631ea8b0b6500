package bridge_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	bridge "github.com/realtimex/realtimex-go/bridge/nats"
	"github.com/realtimex/realtimex-go/rtxtest"
)

func TestIntakeIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, []string{"orders"}, nil)
	a := w.start()
	w.ready(a)
	for _, s := range a.client.StreamStats() {
		if s.Name == "bridge" && s.Capacity == 8192 {
			return
		}
	}
	t.Errorf("no stream with room for 8192 events: %+v", a.client.StreamStats())
}

// peerAnswer is what a replica answers to a question about a channel.
func peerAnswer(t *testing.T, w *world, p *part, question string) (size int, found bool, entries int) {
	t.Helper()
	m, err := w.conn.Request("_rtx.shop.peer."+bridge.Escape(p.name), []byte(question), 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	var a struct {
		Found   bool              `json:"found"`
		Entries []json.RawMessage `json:"entries"`
	}
	if err := json.Unmarshal(m.Data, &a); err != nil {
		t.Fatal(err)
	}
	return len(m.Data), a.Found, len(a.Entries)
}

func TestAnswersAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, []string{"orders"}, nil, rtxtest.WithRecovery(time.Minute))
	a := w.start()
	w.ready(a)
	first := bridge.Escape(w.service.Publish("orders", "created", 1))
	for range 100 {
		w.service.Publish("orders", "created", strings.Repeat("x", 10_000))
	}
	w.wait("the ring has them", func() bool { return a.bridge.Stats().RingEvents == 101 })
	size, found, entries := peerAnswer(t, w, a, `{"channel":"orders","after":"`+first+`"}`)
	if !found || entries < 10 || entries > 26 || size > 512<<10 {
		t.Errorf("found %v, %d events in %d bytes, want what fits into 256 KiB", found, entries, size)
	}
	if _, found, _ := peerAnswer(t, w, a, `{"channel":"unknown","after":"`+first+`"}`); found {
		t.Error("a replica knows a channel that it does not have")
	}
}

// A question that is too long has no answer, and the next one has.
func TestQuestionsAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, []string{"orders"}, nil, rtxtest.WithRecovery(time.Minute))
	a := w.start()
	w.ready(a)
	inbox := w.conn.NewInbox()
	answers, err := w.conn.SubscribeSync(inbox + ".*")
	if err != nil {
		t.Fatal(err)
	}
	for reply, after := range map[string]string{".long": strings.Repeat("x", 17<<10)} {
		if err := w.conn.PublishRequest("_rtx.shop.peer."+a.name, inbox+reply, []byte(`{"channel":"orders","after":"`+after+`"}`)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.conn.PublishRequest("_rtx.shop.peer."+a.name, inbox+".short", []byte(`{"channel":"orders","after":"x"}`)); err != nil {
		t.Fatal(err)
	}
	m, err := answers.NextMsg(10 * time.Second)
	if err != nil || m.Subject != inbox+".short" {
		t.Errorf("got %v, %v, want the answer to the short one first", m, err)
	}
}

// A replica that is alone and can't reach NATS ends after the time for draining.
func TestDrainIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, []string{"orders"}, func(c *bridge.Config) { c.Drain, c.Lease = 100*time.Millisecond, time.Minute }, rtxtest.WithRecovery(time.Minute))
	l := newLaw(w)
	a := w.start()
	w.ready(a)
	w.leader()
	a.bus.cut(true)
	w.wait("NATS is gone", func() bool { return a.conn.Status() != nats.CONNECTED })
	l.publish("orders")
	w.wait("an event waits", func() bool { return a.bridge.Stats().Waiting == 1 })
	a.stop()
}
