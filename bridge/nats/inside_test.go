package bridge

import (
	"errors"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/realtimex/realtimex-go/rtx"
)

func TestErrorsInGapRecordsAreCut(t *testing.T) {
	h := hole(&rtx.Gap{Reconnected: true, Err: errors.New(strings.Repeat("é", 300))})
	if len(h.Err) > maxErrorText || len(h.Err) < maxErrorText-2 || strings.ToValidUTF8(h.Err, "?") != h.Err {
		t.Errorf("%d bytes: %q", len(h.Err), h.Err)
	}
}

func TestLooksAreBounded(t *testing.T) {
	client, err := rtx.New("key")
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	b, err := New(Config{Client: client, NATS: &nats.Conn{}, App: "shop", Channels: []string{"orders"}})
	if err != nil {
		t.Fatal(err)
	}
	if cap(b.looks) != 64 || cap(b.asked) != maxQuestions {
		t.Errorf("%d reads of the bus at a time, %d questions", cap(b.looks), cap(b.asked))
	}
	if err := b.Readiness(); err == nil {
		t.Error("a bridge that has not begun is ready")
	}
}
