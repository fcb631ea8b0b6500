package testserver

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

var rooms = []string{"presence-e", "presence-a", "presence-d", "presence-b", "presence-c"}

// transcript is what one client sees while others lose their links in one instant, leave five
// presence channels each, and come back.
func transcript(t *testing.T) (seen []string) {
	synctest.Test(t, func(t *testing.T) {
		s := NewPipeServer(t, WithSeed(7), WithRecovery(time.Hour), WithPresenceNames(InternalNames))
		join := func(user string) (c *rawClient, last string) {
			c = connect(t, s)
			for _, room := range rooms {
				c.subscribeAs(s, room, memberJSON(user))
				c.read()
				last = c.read()
			}
			return c, last
		}
		watcher, _ := join("watcher")
		drain := func() {
			t.Helper()
			synctest.Wait() // what other goroutines do at this instant has no order
			watcher.send(`42["realtimex:ping",{}]`)
			for {
				frame := watcher.read()
				seen = append(seen, frame)
				if strings.HasPrefix(frame, `42["realtimex:pong"`) {
					return
				}
			}
		}
		var first *rawClient
		var offset string
		for n := range 4 {
			c, last := join(fmt.Sprint("user", n))
			if first == nil {
				first, offset = c, offsetOf(t, last)
			}
		}
		drain()
		for _, c := range s.Connections()[1:] {
			c.HalfOpen()
		}
		time.Sleep(26 * time.Second)
		drain() // the watcher's ping among it
		time.Sleep(20 * time.Second)
		synctest.Wait()
		drain()
		again := dialRaw(t, s)
		again.send(`40{"pid":"` + first.pid + `","offset":"` + offset + `"}`)
		for !strings.HasPrefix(again.read(), "40") {
		}
		drain()
		s.Stop() // nobody is left to see it; the order is that of the log
		s.Close()
		time.Sleep(time.Minute)
	})
	return seen
}

// offsetOf is the offset of an event.
func offsetOf(t *testing.T, frame string) string {
	t.Helper()
	_, rest, ok := strings.Cut(strings.TrimSuffix(frame, `"]`), `},"`)
	if !ok {
		t.Fatalf("no offset in %s", frame)
	}
	return rest[strings.LastIndex(rest, `"`)+1:]
}

// The same steps are seen as the same bytes, each time.
func TestReplay(t *testing.T) {
	want := transcript(t)
	var order []string // of what is told of each room
	for _, frame := range want {
		for _, room := range rooms {
			if strings.Contains(frame, "member_") && strings.Contains(frame, `"`+room+`"`) {
				order = append(order, room)
			}
		}
	}
	// Four came, four left, and one came back, each by the rooms in the order in which they were
	// joined.
	if !slices.Equal(order, slices.Repeat(rooms, 9)) {
		t.Fatalf("told of the rooms in the order %v:\n%s", order, strings.Join(want, "\n"))
	}
	for range 10 {
		if got := transcript(t); !slices.Equal(got, want) {
			for i := range min(len(got), len(want)) {
				if got[i] != want[i] {
					t.Fatalf("event %d is\n%s\nand was\n%s", i, got[i], want[i])
				}
			}
			t.Fatalf("%d events, and there were %d", len(got), len(want))
		}
	}
}

func TestSeedsDiffer(t *testing.T) {
	ids := make(map[string]bool)
	for _, opts := range [][]Option{{WithSeed(1)}, {WithSeed(2)}, nil, nil} {
		c := connect(t, NewServer(t, opts...))
		ids[c.socketID] = true
	}
	c := connect(t, NewServer(t, WithSeed(1)))
	if len(ids) != 4 || !ids[c.socketID] {
		t.Errorf("ids %v, and %s", ids, c.socketID)
	}
}
