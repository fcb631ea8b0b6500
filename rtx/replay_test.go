package rtx_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
)

type texted struct {
	N    int    `json:"n"`
	Text string `json:"text"`
}

// A message over the read limit, on a session that could be recovered, costs one gap: it is not
// asked for again and again.
func TestMessageOverTheReadLimitIsNotAskedForAgain(t *testing.T) {
	for _, when := range []string{"connected", "down"} {
		t.Run(when, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *testserver.Server) {
				c := connect(t, s, rtx.WithReadLimit(4096))
				stream := opened[numbered](t, c.Channel("a"), "n")
				publish(s, "a", 1)
				states := c.States(t.Context())
				await(t, states, rtx.StateConnected)
				if when == "down" {
					s.DropAll(testserver.Reset)
				}
				s.Publish("a", "n", texted{N: 2, Text: strings.Repeat("x", 10_000)})
				down := await(t, states, rtx.StateReconnecting)
				if when == "connected" && !errors.Is(down.Err, rtx.ErrTooLarge) {
					t.Errorf("the cause is %v", down.Err)
				}
				if st := await(t, states, rtx.StateConnected); st.Recovered {
					t.Error("recovered")
				}
				time.Sleep(time.Minute)
				publish(s, "a", 3)
				if got := outline(stream); got != "1 reconnected 3" {
					t.Errorf("got %s", got)
				}
				// The first, one that asked for what was missed if there was something, and a fresh
				// one.
				if st := s.Stats(); st.Connects > 3 || st.Handshakes > 3 || c.State() != rtx.StateConnected {
					t.Errorf("%+v, state %v", st, c.State())
				}
			}, testserver.WithRecovery(5*time.Minute))
		})
	}
}

// 3 MB that were missed come over a link of 100 kB/s, which takes longer than any time limit of a
// handshake: while they come, nothing cuts them.
func TestMuchMissedOverASlowLink(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		stream := opened[texted](t, c.Channel("a"), "n")
		s.Publish("a", "n", texted{N: 0})
		if next(t, stream).N != 0 {
			t.Fatal("not the first")
		}
		states := c.States(t.Context())
		await(t, states, rtx.StateConnected)
		s.Stop()
		s.SetLink(testserver.Link{BytesPerSecond: 100_000})
		for n := range 30 {
			s.Publish("a", "n", texted{N: n + 1, Text: strings.Repeat("x", 100_000)})
		}
		start := time.Now()
		s.Resume(testserver.Remember)
		st := await(t, states, rtx.StateConnected)
		if d := st.At.Sub(start); !st.Recovered || d < 25*time.Second || d > 40*time.Second {
			t.Errorf("%+v after %v, want it recovered in 30 s and little more", st, d)
		}
		for n := range 30 {
			if v := next(t, stream); v.N != n+1 || len(v.Text) != 100_000 {
				t.Fatalf("value %d is %d", n+1, v.N)
			}
		}
		for g := range stream.Gaps() {
			t.Errorf("gap %+v", g)
		}
		if n := s.Stats().Connects; n != 2 {
			t.Errorf("%d connects", n)
		}
	}, testserver.WithRecovery(5*time.Minute))
}

// A resume that is cut is not asked for again: the next connection is a fresh one, and what was
// missed a gap.
func TestResumeThatFailsIsNotRepeated(t *testing.T) {
	bubble(t, func(t *testing.T, s *testserver.Server) {
		c := connect(t, s)
		stream := opened[numbered](t, c.Channel("a"), "n")
		publish(s, "a", 1)
		states := c.States(t.Context())
		await(t, states, rtx.StateConnected)
		s.HangNext(testserver.StepConnect, 1)
		s.DropAll(testserver.Reset)
		publish(s, "a", 2)
		if st := await(t, states, rtx.StateConnected); st.Recovered {
			t.Errorf("got %+v", st)
		}
		time.Sleep(time.Minute)
		publish(s, "a", 3)
		if got := outline(stream); got != "1 reconnected 3" {
			t.Errorf("got %s", got)
		}
	}, testserver.WithRecovery(5*time.Minute))
}
