package rtx_test

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/ledger"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtx/presence"
)

// FuzzHostileService runs a whole client against a service that does what a script says. Whatever
// that is: no panic and no hang; the client comes back once the service is good again; the good
// channel keeps the ledger's law (in order, at most once, nothing lost without its gap); Close
// returns and leaves no goroutine; and no table has grown.
func FuzzHostileService(f *testing.F) {
	for _, seed := range hostileSeeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		synctest.Test(t, func(t *testing.T) { playHostile(t, script) })
	})
}

func playHostile(t *testing.T, bytes []byte) {
	s := newHostileService(t)
	sign := auth.Func(func(context.Context, auth.Request) (auth.Grant, error) {
		return auth.Grant{Auth: "key:0123456789abcdef", ChannelData: `{"user_id":"me"}`}, nil
	})
	c, err := rtx.New("key", rtx.WithURL("ws://127.0.0.1:1"), rtx.WithHTTPClient(s.client()), rtx.WithReadLimit(64<<10), rtx.WithAuth(sign))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var link ledger.Link
	var readers sync.WaitGroup
	readers.Go(func() { link.Watch(c) })
	time.Sleep(time.Millisecond)

	good := rtx.On[ledger.Value](ctx, c.Channel(goodChannel), "n")
	tape := &ledger.Tape{Name: "good", Link: &link, Channel: goodChannel, Event: "n"}
	readers.Go(func() { ledger.ReadAll(tape, good, ledger.Plain, func() {}) })
	if err := c.Connect(ctx); err != nil {
		t.Fatal(err)
	}
	if err := good.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	tape.Promise(goodChannel)

	// Beside it stands what a program may have: a reader who is stuck, ones who are not, a room,
	// streams of the whole client.
	_ = rtx.On[ledger.Value](ctx, c.Channel("bad"), "n", rtx.WithBuffer(2))
	raw := rtx.On[json.RawMessage](ctx, rtx.NewGroup(c.Channel("bad"), c.Channel("private-bad")), "*")
	all := rtx.On[rtx.Message[any]](ctx, c, "*")
	pongs := rtx.On[rtx.Message[int]](ctx, c, "realtimex:pong", rtx.WithBuffer(1))
	room := presence.Watch[map[string]any](ctx, c.Channel("presence-bad"))
	errs := c.Errors(ctx)
	readers.Go(func() {
		for range raw.All() {
			continue
		}
	})
	readers.Go(func() {
		for range all.C { // it never asks for gaps
			continue
		}
	})
	readers.Go(func() {
		for range errs.All() {
			continue
		}
	})
	readers.Go(func() {
		select {
		case <-room.C:
			_ = room.Members()
		case <-ctx.Done():
		}
	})

	p := &script{rest: bytes, s: s, c: c, do: func(call func(context.Context)) {
		readers.Go(func() {
			limited, cancel := context.WithTimeout(ctx, 10*time.Second)
			defer cancel()
			call(limited)
		})
	}}
	p.play()

	s.calm()
	const longEnough = 20 * time.Minute // longer than any back-off, and any Retry-After that is heeded
	time.Sleep(longEnough)
	s.publish("") // attachments may be due on the connection: then this one ends it
	time.Sleep(longEnough)
	if st := c.State(); st != rtx.StateConnected {
		t.Errorf("the client is %v, and does not come back: %v", st, c.Err())
	}
	if err := good.Err(); err != nil {
		t.Errorf("the good channel's stream has ended: %v", err)
	}
	before := tape.Totals().Values
	for range 3 {
		s.publish("")
	}
	time.Sleep(time.Second)
	tape.Due()
	if n := tape.Totals().Values - before; n != 3 {
		t.Errorf("%d of 3 came on the good channel once the service was good again", n)
	}
	if n := len(pongs.C); n > 1 {
		t.Errorf("%d values in a buffer of 1", n)
	}
	cancel()
	if err := c.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	s.close()
	readers.Wait()
	for _, b := range ledger.Check(&s.book, tape) {
		t.Error(b)
	}
	for table, n := range rtx.TablesOf(c) {
		if limit := map[string]int{"names": 1024, "channels": 16, "streams": 32, "late leavers": 4}[table]; n > limit {
			t.Errorf("%d %s are left", n, table)
		}
	}
	if t.Failed() {
		t.Logf("%s\n%s", &s.book, tape)
	}
	time.Sleep(time.Minute) // close timers run out
}

// hostileSeeds begin in each act once, and go on at length; then come some at random.
var hostileSeeds = func() (seeds []string) {
	for act := range 18 {
		for _, tail := range []string{"\x00\x01\x02\x03", "\x05\x07\x09\x0b\x0d", "\x10\x20\x30\x40\x50\x60\x70"} {
			seeds = append(seeds, string(rune(act))+tail+"\x00\x00\x00\x00"+string(rune(act))+tail+"\x03\x05\x01\x01\x00\x00")
		}
	}
	random := rand.New(rand.NewPCG(15, 16))
	for range 150 {
		seed := make([]byte, 50+random.IntN(250))
		for i := range seed {
			seed[i] = byte(random.Uint32())
		}
		seeds = append(seeds, string(seed))
	}
	return seeds
}()
