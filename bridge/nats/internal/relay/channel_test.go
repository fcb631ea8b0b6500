package relay

import (
	"testing"
	"time"
)

var began = time.Unix(1000, 0)

// leading returns a channel that has the event "a", which is on the bus, and a hole behind it.
func leading(t *testing.T) (*Channel, Action) {
	t.Helper()
	c := New(1<<20, time.Minute, limits, began)
	c.Received(began, Entry{ID: "a", At: began})
	look := c.Lead(began, true)
	if look.Kind != Look {
		t.Fatalf("got %+v, want a look at the bus", look)
	}
	if a := c.Looked(began, look.Token, Last{Found: true, Seq: 1, ID: "a"}); a.Kind != None {
		t.Fatalf("got %+v, want nothing to do", a)
	}
	ask := c.Lost(began, Hole{Reconnected: true, Since: began, Until: began})
	if ask.Kind != Ask || ask.Query != (Query{After: "a", Proof: true}) {
		t.Fatalf("got %+v, want a question", ask)
	}
	return c, ask
}

// What a peer proves is true of the time at which it was asked. What was lost since is another loss.
func TestProofFromBeforeTheLoss(t *testing.T) {
	c, ask := leading(t)
	c.Lost(began, Hole{Reconnected: true, Since: began, Until: began})
	c.Answered(began, ask.Token, Run{Found: true, Live: true}, true)
	if c.Idle() {
		t.Error("a loss is forgotten that came after the question")
	}
	c, ask = leading(t)
	if c.Answered(began, ask.Token, Run{Found: true, Live: true}, true); !c.Idle() {
		t.Error("the proof is not believed")
	}
}

// Before a gap is told the bus must have been reached once: otherwise nobody could answer.
func TestLooksBeforeAGapIsTold(t *testing.T) {
	c, ask := leading(t)
	late := began.Add(limits.Fill)
	if a := c.AnsweredAll(late, ask.Token, 2); a.Kind != Look {
		t.Fatalf("got %+v, want a look at the bus", a)
	} else if ask = c.Looked(late, a.Token, Last{Found: true, Seq: 1, ID: "a"}); ask.Kind != Ask {
		t.Fatalf("got %+v, want one more question", ask)
	}
	if a := c.AnsweredAll(late, ask.Token, 2); a.Kind != Publish || a.Gap == nil || a.After != "a" {
		t.Fatalf("got %+v, want a gap record", a)
	}
	// With no peer nobody is asked again.
	c, ask = leading(t)
	if a := c.AnsweredAll(began, ask.Token, 0); a.Kind != Publish || a.Gap == nil {
		t.Fatalf("got %+v, want a gap record", a)
	}
}

// The link of the one that takes over may be slower than that of the former leader. What it has not
// received yet is not missing.
func TestWaitsForWhatIsOnItsWay(t *testing.T) {
	c := New(1<<20, time.Minute, limits, began)
	c.Received(began, Entry{ID: "a", At: began})
	look := c.Lead(began, true)
	settle := c.Looked(began, look.Token, Last{Found: true, Seq: 2, ID: "b"})
	if settle.Kind != Settle {
		t.Fatalf("got %+v, want to wait for what is on its way", settle)
	}
	if a := c.Received(began, Entry{ID: "b", At: began}); a.Kind != None || !c.Idle() {
		t.Errorf("got %+v, want nothing to do: the event is on the bus", a)
	}
	if a := c.Settled(began, settle.Token, true); a.Kind != None {
		t.Errorf("got %+v after all is found", a)
	}
	if a := c.Received(began, Entry{ID: "c", At: began}); a.Kind != Publish || a.Seq != 2 || ids(a.Entries) != "c" {
		t.Errorf("got %+v, want the next event", a)
	}
}

// A replica that has taken a quiet channel over can tell the next one that nothing has come since.
func TestQuietChannelMovesTwice(t *testing.T) {
	c := New(1<<20, time.Minute, limits, began)
	look := c.Lead(began, true)
	settle := c.Looked(began, look.Token, Last{Found: true, Seq: 1, ID: "a"})
	ask := c.Settled(began, settle.Token, true)
	c.Answered(began, ask.Token, Run{Found: true, Live: true}, true)
	if run := c.Ring.After("a", 1<<20); !c.Idle() || !run.Found || !run.Live {
		t.Errorf("idle: %v, and asked for what follows: %+v", c.Idle(), run)
	}
	if a := c.Received(began, Entry{ID: "b", At: began}); a.Kind != Publish || ids(a.Entries) != "b" || ids(c.Ring.After("a", 1<<20).Entries) != "b" {
		t.Errorf("got %+v, want the next event", a)
	}
}
