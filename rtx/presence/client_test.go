package presence_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realtimex/realtimex-go/internal/observe"
	"github.com/realtimex/realtimex-go/internal/testserver"
	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtx/presence"
)

type guest struct {
	Name string `json:"name"`
}

// patience bounds a test that hangs.
func patience(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func dial(t *testing.T, srv *testserver.Server, id string, opts ...rtx.Option) *rtx.Client {
	t.Helper()
	as := rtx.WithAuth(srv.Signer().Authorizer(auth.Member{ID: id, Info: guest{strings.ToUpper(id)}}))
	c, err := rtx.Dial(patience(t), srv.Key(), append([]rtx.Option{
		rtx.WithURL(srv.URL()), rtx.WithHTTPClient(srv.HTTPClient()), rtx.WithBackoff(time.Millisecond, 10*time.Millisecond), as,
	}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func ids(s *presence.Set[guest]) []string {
	var list []string
	for id := range s.All() {
		list = append(list, id)
	}
	slices.Sort(list)
	return list
}

// Somebody joins and leaves all the time, connections are lost, readers are slow: in the end all
// folds are the server's.
func TestChurn(t *testing.T) { churn(t) }

// The same if each roster counts as a large one.
func TestChurnOfLargeRosters(t *testing.T) {
	before := observe.LargeConfirmation
	t.Cleanup(func() { observe.LargeConfirmation = before }) // after the client's end
	observe.LargeConfirmation = 0
	churn(t)
}

func churn(t *testing.T) {
	srv := testserver.NewServer(t, testserver.WithPresenceDelivery(testserver.PresenceEitherWay), testserver.WithRecovery(time.Minute))
	srv.DuplicatePresence(true)
	const channel = "presence-churn"
	c := dial(t, srv, "me")
	srv.Join(channel, auth.Member{ID: "stays"})
	rooms := make([]*presence.Room[guest], 4)
	sets := make([]presence.Set[guest], len(rooms))
	for i := range rooms {
		rooms[i] = presence.Watch[guest](t.Context(), c.Channel(channel))
	}
	var readers sync.WaitGroup
	for i, room := range rooms {
		readers.Go(func() {
			for change := range room.C {
				sets[i].Apply(change)
				for range i * 20 {
					runtime.Gosched()
				}
				if _, over := sets[i].Get("over"); over && !sets[i].Stale() {
					return
				}
			}
			t.Errorf("room ended: %v", room.Err())
		})
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range 2000 {
		id := fmt.Sprint("g", rng.IntN(50))
		if rng.IntN(2) == 0 {
			srv.Join(channel, auth.Member{ID: id, Info: guest{id}})
		} else {
			srv.Leave(channel, id)
		}
		if i%400 == 399 {
			srv.DropAll(testserver.Reset)
			if _, err := c.Channel(channel).Subscribe(patience(t)); err != nil {
				t.Fatal(err)
			}
		}
	}
	srv.WaitConnections(1)
	srv.Join(channel, auth.Member{ID: "over"})
	readers.Wait()
	want := srv.Members(channel)
	slices.Sort(want)
	for i := range sets {
		if got := ids(&sets[i]); !slices.Equal(got, want) {
			t.Errorf("room %d: folded %v, the server has %v", i, got, want)
		}
	}
	if st := rooms[0].Stats(); st.Unknown+st.Malformed > 0 {
		t.Errorf("%+v", st)
	}
}

// Ten thousand rooms take no goroutine.
func TestTenThousandRooms(t *testing.T) {
	srv := testserver.NewServer(t)
	c := dial(t, srv, "me")
	before := runtime.NumGoroutine()
	rooms := make([]*presence.Room[guest], 10_000)
	for i := range rooms {
		rooms[i] = presence.Watch[guest](t.Context(), c.Channel(fmt.Sprint("presence-", i%100)))
	}
	for _, r := range rooms {
		if err := r.Ready(patience(t)); err != nil {
			t.Fatal(err)
		}
	}
	if after := runtime.NumGoroutine(); after > before+100 {
		t.Errorf("%d goroutines, %d before", after, before)
	}
	srv.Join("presence-7", auth.Member{ID: "ann", Info: guest{"ANN"}})
	for i := 7; i < len(rooms); i += 100 {
		for rooms[i].Members().Len() < 2 {
			<-rooms[i].C
		}
	}
	for _, r := range rooms {
		r.Close()
	}
	srv.WaitStats(func(st testserver.Stats) bool { return st.Unsubscriptions == 100 })
}

// A service that never says who is there, on the bubble's clock: the roster is this client, and
// grows.
func TestServiceWithoutRosters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := testserver.NewPipeServer(t)
		srv.HoldConfirmations()
		c := dial(t, srv, "me")
		const channel = "presence-quiet"
		room := presence.Watch[guest](t.Context(), c.Channel(channel))
		synctest.Wait()
		srv.Inject(`42["realtimex_internal:subscription_succeeded",{"channel":"` + channel + `"}]`)
		asked := time.Now()
		if err := room.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(asked); waited != 2*time.Second {
			t.Fatalf("waited %v", waited)
		}
		if first := <-room.C; first.Kind != presence.Snapshot || len(first.Members) != 1 || first.Members[0] != (presence.Member[guest]{ID: "me", Info: guest{"ME"}}) {
			t.Fatalf("%+v", first)
		}
		srv.Inject(`42["presence:member_added",{"channel":"` + channel + `","user_id":5,"name":"Five"}]`)
		if second := <-room.C; second.Kind != presence.Diff || len(second.Joined) != 1 || second.Joined[0] != (presence.Member[guest]{ID: "5", Info: guest{"Five"}}) {
			t.Fatalf("%+v", second)
		}
		c.Close()
		srv.Close()
		time.Sleep(time.Minute)
	})
}

func TestDrainLeavesWhatWaits(t *testing.T) {
	srv := testserver.NewServer(t)
	c := dial(t, srv, "me")
	room := presence.Watch[guest](t.Context(), c.Channel("presence-a"))
	if err := room.Ready(patience(t)); err != nil {
		t.Fatal(err)
	}
	if err := c.Drain(patience(t)); err != nil {
		t.Fatal(err)
	}
	var set presence.Set[guest]
	for change := range room.C {
		set.Apply(change)
	}
	if _, ok := set.Me(); !ok || room.Err() != nil {
		t.Fatalf("%v, %v", set.Len(), room.Err())
	}
}
