package presence_test

import (
	"context"
	"fmt"
	"log"
	"slices"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtx/presence"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// A room's changes, folded into a Set: the first tells who is there, later ones what differs, also
// through a restart of the service.
func ExampleWatch() {
	srv, err := rtxtest.Start() // stands for the service
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()
	srv.Join("presence-lobby", auth.Member{ID: "bob", Info: map[string]string{"name": "Bob"}})

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	client, err := rtx.Dial(ctx, srv.Key(), rtx.WithURL(srv.URL()),
		rtx.WithAuth(srv.Signer().Authorizer(auth.Member{ID: "ann", Info: map[string]string{"name": "Ann"}})))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	type User struct {
		Name string `json:"name"`
	}
	room := presence.Watch[User](ctx, client.Channel("presence-lobby"))
	if err := room.Ready(ctx); err != nil {
		log.Fatal(err) // refused, for one
	}
	var set presence.Set[User]
	for change := range room.C {
		set.Apply(change)
		switch {
		case change.Kind == presence.Snapshot && len(change.Left) == 0:
			me, _ := set.Me()
			fmt.Println(me.Info.Name, "sees", set.Len())
			srv.Join("presence-lobby", auth.Member{ID: "cid", Info: map[string]string{"name": "Cid"}})
		case len(change.Joined) == 1:
			fmt.Println(change.Joined[0].Info.Name, "came")
			srv.Leave("presence-lobby", "bob")
		case len(change.Left) == 1:
			fmt.Println(change.Left[0].Info.Name, "left")
			room.Close()
		}
	}
	fmt.Println(set.Len(), "remain; ended with", room.Err())
	// Output:
	// Ann sees 2
	// Cid came
	// Bob left
	// 2 remain; ended with <nil>
}

func ExampleSet() {
	var set presence.Set[string]
	set.Apply(presence.Change[string]{Kind: presence.Snapshot, Me: "1", Members: []presence.Member[string]{{ID: "1", Info: "Ann"}, {ID: "2", Info: "Bob"}}})
	set.Apply(presence.Change[string]{Kind: presence.Diff, Me: "1", Left: []presence.Member[string]{{ID: "2", Info: "Bob"}}, Joined: []presence.Member[string]{{ID: "3", Info: "Cid"}}})

	var names []string
	for _, m := range set.All() {
		names = append(names, m.Info)
	}
	slices.Sort(names)
	me, _ := set.Me()
	fmt.Println(names, me.Info)
	// Output: [Ann Cid] Ann
}
