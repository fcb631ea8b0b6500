package presence_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtx/presence"
)

// lobbied runs f in a bubble with a client and a room on its channel "presence-a".
func lobbied(t *testing.T, f func(t *testing.T, s *testserver.Server, c *rtx.Client)) {
	synctest.Test(t, func(t *testing.T) {
		s := testserver.NewPipeServer(t)
		c := dial(t, s, "me")
		f(t, s, c)
		_ = c.Close()
		s.Close()
		time.Sleep(time.Minute) // for close timers to run out
	})
}

// missing expects what the room says it lacks.
func missing(t *testing.T, room *presence.Room[guest], what string, last error) {
	t.Helper()
	var unready *rtx.NotReadyError
	if err := room.Readiness(); !errors.As(err, &unready) || unready.Missing != what || last != nil && !errors.Is(err, last) {
		t.Errorf("got %v, want %q missing, by %v", err, what, last)
	}
}

func TestReadinessOfARoom(t *testing.T) {
	lobbied(t, func(t *testing.T, s *testserver.Server, c *rtx.Client) {
		release := s.HoldConfirmations()
		room := presence.Watch[guest](t.Context(), c.Channel("presence-a"))
		synctest.Wait()
		missing(t, room, `the subscription of "presence-a"`, nil)
		release()
		synctest.Wait()
		if err := room.Readiness(); err != nil {
			t.Error(err)
		}
		s.RefuseNext(1 << 20)
		s.DropAll(testserver.Reset)
		time.Sleep(time.Minute)
		missing(t, room, `a connection, to subscribe to "presence-a"`, nil)
		if err := room.Ready(t.Context()); err != nil {
			t.Errorf("a room that had a snapshot: %v", err)
		}
		s.RefuseNext(0)
		time.Sleep(time.Minute)
		if err := room.Readiness(); err != nil {
			t.Error(err)
		}
		room.Close()
		missing(t, room, "an open room", presence.ErrClosed)
	})
}

// A channel can be confirmed without its roster, for a while.
func TestReadinessWithoutARoster(t *testing.T) {
	lobbied(t, func(t *testing.T, s *testserver.Server, c *rtx.Client) {
		s.HoldConfirmations()
		room := presence.Watch[guest](t.Context(), c.Channel("presence-a"))
		synctest.Wait()
		s.Inject(`42["realtimex_internal:subscription_succeeded",{"channel":"presence-a"}]`)
		synctest.Wait()
		missing(t, room, `the roster of "presence-a"`, nil)
		time.Sleep(3 * time.Second)
		if err := room.Readiness(); err != nil {
			t.Error(err)
		}
	})
}

// What was closed says so in one way, whether it had a snapshot before or not, and whatever its
// context.
func TestReadyOfAClosedRoom(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, end := range map[string]func(*presence.Room[guest], *rtx.Client){
		"Close": func(room *presence.Room[guest], _ *rtx.Client) { room.Close() },
		"Drain": func(_ *presence.Room[guest], c *rtx.Client) { _ = c.Drain(context.Background()) },
	} {
		t.Run(name, func(t *testing.T) {
			lobbied(t, func(t *testing.T, s *testserver.Server, c *rtx.Client) {
				told := presence.Watch[guest](t.Context(), c.Channel("presence-a"))
				if err := told.Ready(t.Context()); err != nil {
					t.Fatal(err)
				}
				for range 100 { // not by chance
					if err := told.Ready(ended); err != nil {
						t.Fatalf("a room that is ready: %v", err)
					}
				}
				defer s.HoldConfirmations()()
				untold := presence.Watch[guest](t.Context(), c.Channel("presence-b"))
				synctest.Wait()
				for _, room := range []*presence.Room[guest]{told, untold} {
					end(room, c)
					for range 100 {
						if err := room.Ready(ended); !errors.Is(err, presence.ErrClosed) {
							t.Fatalf("Ready: %v", err)
						}
					}
					if room.Err() != nil {
						t.Errorf("Err: %v", room.Err())
					}
				}
			})
		})
	}
}

// All gives what C does, and ends with the room.
func TestAllOfARoom(t *testing.T) {
	lobbied(t, func(t *testing.T, s *testserver.Server, c *rtx.Client) {
		room := presence.Watch[guest](t.Context(), c.Channel("presence-a"))
		if err := room.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		for change := range room.All() { // a loop that is left early loses nothing
			if change.Kind != presence.Snapshot {
				t.Errorf("got %v", change)
			}
			break
		}
		s.Join("presence-a", auth.Member{ID: "ann"})
		synctest.Wait()
		room.Close()
		n := 0
		for change := range room.All() {
			if n++; change.Kind != presence.Diff || len(change.Joined) != 1 {
				t.Errorf("got %v", change)
			}
		}
		if n != 1 {
			t.Errorf("%d changes", n)
		}
		for _, none := range []*presence.Room[guest]{nil, {}} {
			for change := range none.All() {
				t.Errorf("a room that is none gives %v", change)
			}
		}
	})
}

// Rooms are counted and listed beside the streams, under ids and names of their own.
func TestRoomsInTheFigures(t *testing.T) {
	lobbied(t, func(t *testing.T, s *testserver.Server, c *rtx.Client) {
		ch := c.Channel("presence-a")
		first := presence.Watch[guest](t.Context(), ch)
		second := presence.Watch[[]int](t.Context(), ch) // the infos are no lists of numbers
		stream := rtx.On[int](t.Context(), ch, "n")
		if err := second.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		<-first.C
		s.Join("presence-a", auth.Member{ID: "ann"})
		s.Join("presence-a", auth.Member{ID: "bob"})
		synctest.Wait()
		if st := c.Stats(); st.Rooms != 2 || st.Streams != 1 || st.Channels != 1 {
			t.Errorf("%+v", st)
		}
		rooms := map[uint64]rtx.StreamStats{
			first.Stats().ID:  {Name: "presence-a (room)", Depth: 1, Capacity: 1, Delivered: 1},
			second.Stats().ID: {Name: "presence-a (room)", Depth: 1, Capacity: 1, Malformed: 3},
		}
		all := c.StreamStats()
		if len(all) != 3 || len(rooms) != 2 || rooms[0].Name != "" || rooms[stream.Stats().ID].Name != "" {
			t.Fatalf("%+v", all)
		}
		for _, f := range all {
			if f.ID == stream.Stats().ID {
				continue
			}
			want, ok := rooms[f.ID]
			if want.ID = f.ID; !ok || f != want {
				t.Errorf("got  %+v\nwant %+v", f, want)
			}
			delete(rooms, f.ID)
		}
		first.Close()
		if st := c.Stats(); st.Rooms != 1 || len(c.StreamStats()) != 2 {
			t.Errorf("after Close of one: %+v", st)
		}
		_ = c.ForceUnsubscribe("presence-a")
		if st := c.Stats(); st.Rooms != 0 || len(c.StreamStats()) != 0 {
			t.Errorf("after ForceUnsubscribe: %+v", st)
		}
	})
}
