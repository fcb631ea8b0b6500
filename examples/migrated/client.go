// Migrated is the complete example of the other SDKs' READMEs, rebuilt: a client with a public, a
// private and a presence channel, and the backend that authorises it (backend.go). Each part says
// which call it was in Python or JavaScript; docs/migrating.md has the whole table. It talks to a
// test server in this process.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
	"github.com/realtimex/realtimex-go/rtx/auth"
	"github.com/realtimex/realtimex-go/rtx/presence"
	"github.com/realtimex/realtimex-go/rtxtest"
)

type (
	Note    struct{ Message string }
	Profile struct {
		Name string `json:"name"`
	}
)

func main() {
	log.SetFlags(0)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := run(ctx, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer) error {
	srv, err := rtxtest.Start() // in place of the service
	if err != nil {
		return err
	}
	defer srv.Close()
	web := httptest.NewServer(backend(srv.Signer()))
	defer web.Close()

	// RealtimeX('KEY', {'auth_endpoint': …, 'user_data': …}) and connect(): an error, not an event,
	// says that it failed.
	dial := func(user string) (*rtx.Client, error) {
		session := auth.WithToken(func(context.Context, bool) (string, error) { return "session-of-" + user, nil })
		return rtx.Dial(ctx, srv.Key(), rtx.WithURL(srv.URL()), rtx.WithAuth(auth.Endpoint(web.URL+"/auth", session)))
	}
	ann, err := dial("ann")
	if err != nil {
		return err
	}
	defer ann.Close() // disconnect()

	// connection.bind('connected', …), ('disconnected', …), ('error', …)
	states := ann.States(ctx)
	if state, ok := <-states.C; ok {
		fmt.Fprintln(out, "connection:", state.State)
	}

	// realtimex.subscribe('news').bind('my-event', …)
	news := rtx.On[Note](ctx, ann.Channel("news"), "my-event")
	if err := news.Ready(ctx); err != nil { // subscription_succeeded, subscription_error
		return err
	}
	srv.Publish("news", "my-event", Note{"Hello from the server"})
	if note, ok := <-news.C; ok {
		fmt.Fprintln(out, "news:      ", note.Message)
	}
	news.Close() // unbind(); closing the last stream also unsubscribes

	// The backend does not allow this channel. In JavaScript no one would be told.
	if _, err := ann.Channel("private-user-bob").Subscribe(ctx); err != nil {
		fmt.Fprintln(out, "refused:   ", err)
	}

	// presence:subscription_succeeded, presence:member_added, presence:member_removed
	room := presence.Watch[Profile](ctx, ann.Channel("presence-chat"))
	said := rtx.On[Note](ctx, ann.Channel("presence-chat"), "client-said")
	if change, ok := <-room.C; ok {
		fmt.Fprintln(out, "in the room:", change.Members[0].Info.Name)
	}
	bob, err := dial("bob")
	if err != nil {
		return err
	}
	defer bob.Close()
	chat := bob.Channel("presence-chat")
	// Trigger needs the channel to be held: the other SDKs lose the event without a word.
	hold, err := chat.Subscribe(ctx)
	if err != nil {
		return err
	}
	defer hold.Release() // unsubscribe(), for this part of the program
	if change, ok := <-room.C; ok {
		fmt.Fprintln(out, "came in:   ", change.Joined[0].Info.Name)
	}
	// channel.trigger('client-said', {'Message': 'Hi'})
	if err := chat.Trigger(ctx, "client-said", Note{"Hi, Ann"}); err != nil {
		return err
	}
	if note, ok := <-said.C; ok {
		fmt.Fprintln(out, "Bob says:  ", note.Message)
	}
	return ctx.Err()
}
