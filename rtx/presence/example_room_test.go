package presence_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtx/presence"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// start starts a server that stands for the service.
func start() *rtxtest.Server {
	srv, err := rtxtest.Start()
	if err != nil {
		log.Fatal(err)
	}
	return srv
}

// connect connects as the user "ann".
func connect(ctx context.Context, srv *rtxtest.Server) *rtx.Client {
	client, err := rtx.Dial(ctx, srv.Key(), rtx.WithURL(srv.URL()),
		rtx.WithBackoff(time.Millisecond, 10*time.Millisecond),
		rtx.WithAuth(srv.Signer().Authorizer(auth.Member{ID: "ann", Info: "Ann"})))
	if err != nil {
		log.Fatal(err)
	}
	return client
}

// A program that asks who is there from time to time needs no changes: Members has the roster now,
// and Readiness tells whether it comes from the present connection.
func ExampleRoom() {
	srv := start()
	defer srv.Close()
	srv.Join("presence-lobby", auth.Member{ID: "bob", Info: "Bob"})
	ctx := context.Background()
	client := connect(ctx, srv)
	defer client.Close()

	room := presence.Watch[string](ctx, client.Channel("presence-lobby"))
	if err := room.Ready(ctx); err != nil {
		log.Fatal(err)
	}
	roster := room.Members()
	bob, ok := roster.Get("bob")
	fmt.Println(roster.Len(), "members;", bob.Info, ok)
	fmt.Println("ready:", room.Readiness() == nil, "infos that were no string:", room.Stats().Malformed)

	room.Close()
	fmt.Println("ready:", room.Readiness() == nil, errors.Is(room.Readiness(), presence.ErrClosed))
	// Output:
	// 2 members; Bob true
	// ready: true infos that were no string: 0
	// ready: false true
}

// While the connection is lost the roster stays, and is marked as stale. After it the changes say
// who came and left in the meantime.
func ExampleSet_Stale() {
	srv := start()
	defer srv.Close()
	srv.Join("presence-lobby", auth.Member{ID: "bob", Info: "Bob"})
	ctx := context.Background()
	client := connect(ctx, srv)
	defer client.Close()

	room := presence.Watch[string](ctx, client.Channel("presence-lobby"))
	var set presence.Set[string]
	for change := range room.All() {
		set.Apply(change)
		_, bob := set.Get("bob")
		fmt.Println(change.Kind, "bob:", bob, "stale:", set.Stale(), "incomplete:", set.Incomplete())
		switch {
		case change.Kind == presence.Stale:
			srv.Leave("presence-lobby", "bob")
			srv.Join("presence-lobby", auth.Member{ID: "cid", Info: "Cid"})
			srv.Resume()
		case len(change.Left) == 0:
			srv.Stop() // the connection is lost
		default:
			fmt.Println("left:", change.Left, "joined:", change.Joined)
			room.Close()
		}
	}
	for id, member := range set.Roster().All() {
		if id != "ann" {
			fmt.Println("here now:", member.Info)
		}
	}
	// Output:
	// snapshot bob: true stale: false incomplete: false
	// stale bob: true stale: true incomplete: false
	// snapshot bob: false stale: false incomplete: false
	// left: [{bob Bob}] joined: [{cid Cid}]
	// here now: Cid
}

// A room has limits, so that a large channel can't fill the memory. One that is exceeded ends the
// room.
func ExampleWithMaxMembers() {
	srv := start()
	defer srv.Close()
	srv.Join("presence-lobby", auth.Member{ID: "bob", Info: "Bob"})
	ctx := context.Background()
	client := connect(ctx, srv)
	defer client.Close()

	room := presence.Watch[string](ctx, client.Channel("presence-lobby"),
		presence.WithMaxMembers(1), presence.WithMaxBytes(1<<20))
	err := room.Ready(ctx)
	if limit, ok := errors.AsType[*presence.LimitError](err); ok {
		fmt.Println(limit.Option, limit.Limit)
	}
	fmt.Println(err)
	// Output:
	// WithMaxMembers 1
	// presence: "presence-lobby" is larger than WithMaxMembers allows: 1
}
