package transport_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

func TestSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := make(chan []string, 1)
		srv := newServer(t, func(p *peer) {
			p.greet()
			got <- p.drain()
		})
		sess := srv.mustDial()
		// Many senders at once, three packets each: those of one stay together.
		done := make(chan error)
		for i := range 20 {
			go func() {
				c := string(rune('a' + i))
				done <- sess.Send(t.Context(), []byte(`2["`+c+`1"]`), []byte(`2["`+c+`2"]`), []byte(`2["`+c+`3"]`))
			}()
		}
		for range 20 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		big := `2["` + strings.Repeat("x", 1_000_000-6) + `"]`
		if err := sess.Send(t.Context(), []byte(big)); err != nil {
			t.Errorf("a frame of just maxPayload: %v", err)
		}
		var size *transport.SizeError
		if err := sess.Send(t.Context(), []byte(`2["never sent"]`), []byte(big+" ")); !errors.As(err, &size) || size.Size != 1_000_001 || size.Max != 1_000_000 {
			t.Errorf("err = %v, want a SizeError", err)
		}
		sess.Close(nil)
		frames := <-got
		if len(frames) != 63 || frames[61] != "41" || frames[62] != "close StatusNormalClosure" || frames[60] != "4"+big {
			t.Fatalf("server got %d frames", len(frames))
		}
		for i := 0; i < 60; i += 3 {
			c := frames[i][4:5]
			for k, n := range []string{"1", "2", "3"} {
				if frames[i+k] != `42["`+c+n+`"]` {
					t.Errorf("frame %d is %s, among those of %s", i+k, frames[i+k], c)
				}
			}
		}
	})
}

// A message that asks for an acknowledgement comes with its id, 0 among them, and can be answered.
func TestAcknowledge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answered := make(chan string, 4)
		srv := newServer(t, func(p *peer) {
			p.greet()
			p.send(`420["a"]`, `427["b",{"x":1}]`, `429007199254740991["c"]`, `451-3["d",{"_placeholder":true,"num":0}]`)
			p.sendBinary([]byte("attached"))
			p.send(`42["e"]`)
			for range cap(answered) {
				answered <- p.read()
			}
			p.drain()
		})
		sess := srv.mustDial()
		var acks [][]byte
		for range cap(answered) {
			p, err := sess.Recv()
			if err != nil || !p.HasID {
				t.Fatalf("%v %s has no id: %v", p.Type, p.Data, err)
			}
			acks = append(acks, fmt.Appendf(nil, `3%d["ok"]`, p.ID))
		}
		if p, err := sess.Recv(); err != nil || p.HasID {
			t.Errorf("%s has an id, or %v", p.Data, err)
		}
		if err := sess.Send(t.Context(), acks...); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{`430["ok"]`, `437["ok"]`, `439007199254740991["ok"]`, `433["ok"]`} {
			if got := <-answered; got != want {
				t.Errorf("server got %s, want %s", got, want)
			}
		}
	})
}

func TestContextEndsInMidSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := make(chan []string, 1)
		srv := newServer(t, func(p *peer) {
			p.greet()
			time.Sleep(5 * time.Second) // reads nothing: a pipe holds no bytes
			got <- p.drain()
		})
		sess := srv.mustDial()
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		first := make(chan error, 1)
		go func() { first <- sess.Send(ctx, []byte(`2["first"]`)) }()
		synctest.Wait()
		waiting, stop := context.WithCancelCause(t.Context())
		why := errors.New("changed my mind")
		time.AfterFunc(3*time.Second, func() { stop(why) })
		if err := sess.Send(waiting, []byte(`2["second"]`)); !errors.Is(err, why) || time.Since(start) != 3*time.Second {
			t.Errorf("waiting: %v after %v, want %v after 3s", err, time.Since(start), why)
		}
		if err := <-first; err != nil || time.Since(start) != 5*time.Second {
			t.Errorf("writing: %v after %v, want success after 5s", err, time.Since(start))
		}
		if err := sess.Send(ctx, []byte(`2["third"]`)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("ended before: %v", err)
		}
		if err := sess.Send(t.Context(), []byte(`2["fourth"]`)); err != nil {
			t.Error(err)
		}
		sess.Close(nil)
		want := []string{`42["first"]`, `42["fourth"]`, "41", "close StatusNormalClosure"}
		if frames := <-got; strings.Join(frames, " ") != strings.Join(want, " ") {
			t.Errorf("server got %q, want %q", frames, want)
		}
	})
}

func TestWriteTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t, func(p *peer) {
			p.greet()
			time.Sleep(time.Minute)
		})
		sess := srv.mustDial(func(c *transport.Config) { c.WriteTimeout = 4 * time.Second })
		start := time.Now()
		if err := sess.Send(t.Context(), []byte(`2["e"]`)); !errors.Is(err, transport.ErrWriteTimeout) {
			t.Errorf("err = %v", err)
		}
		if _, err := sess.Recv(); !errors.Is(err, transport.ErrWriteTimeout) {
			t.Errorf("Recv: %v", err)
		}
		sess.Close(nil)
		if d := time.Since(start); d != 4*time.Second {
			t.Errorf("took %v, want the write timeout", d)
		}
	})
}
