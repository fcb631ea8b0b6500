// Presence shows who is in a room while people come and go, and while the connection is down.
// Nobody is reported to have left during an outage. After it the program is told exactly what has
// changed. The server and the other people are in this process.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtx/presence"
	"github.com/realtimex/realtimex-go/rtxtest"
)

// A User is what everybody in the room shows of themselves: the user_info.
type User struct {
	Name string `json:"name"`
}

func main() {
	log.SetFlags(0)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := run(ctx, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer) error {
	srv, err := rtxtest.Start()
	if err != nil {
		return err
	}
	defer srv.Close()
	join := func(id, name string) { srv.Join("presence-lobby", auth.Member{ID: id, Info: User{name}}) }
	join("bob", "Bob")

	client, err := rtx.Dial(ctx, srv.Key(), rtx.WithURL(srv.URL()),
		// Your own backend. It decides who the user is, whatever WithUserData says.
		rtx.WithAuthEndpoint(srv.AuthEndpoint()),
		rtx.WithUserData(map[string]any{"user_id": "ann", "user_info": User{"Ann"}}))
	if err != nil {
		return err
	}
	defer client.Close()

	room := presence.Watch[User](ctx, client.Channel("presence-lobby"))
	var set presence.Set[User] // the roster as of the last change; room.Members is the newest
	for step := 1; ; step++ {
		change, ok := <-room.C
		if !ok { // the end: Close, the context, or a refusal
			return room.Err()
		}
		set.Apply(change)
		fmt.Fprintf(out, "%-8s  here: %-13s  joined: %-11s  left: %s\n",
			change.Kind, all(&set), names(change.Joined), names(change.Left))
		switch step {
		case 1:
			join("cid", "Cid")
		case 2:
			srv.Leave("presence-lobby", "bob")
		case 3:
			srv.Stop() // the connection is down
		case 4: // and the room changes meanwhile
			srv.Leave("presence-lobby", "cid")
			join("dee", "Dee")
			srv.Resume()
		case 5:
			room.Close()
		}
	}
}

func names(members []presence.Member[User]) string {
	var list []string
	for _, m := range members {
		list = append(list, m.Info.Name)
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

func all(set *presence.Set[User]) string {
	var members []presence.Member[User]
	for _, m := range set.All() {
		members = append(members, m)
	}
	return names(members)
}
