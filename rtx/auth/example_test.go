package auth_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/realtimex/realtimex-go/rtx/auth"
)

// A backend that lets people join the channels of their own, and one room as who they are.
func ExampleHandler() {
	signer, err := auth.NewSigner("app-key", "app-secret")
	if err != nil {
		fmt.Println(err)
		return
	}
	handler := auth.Handler(signer, func(r *http.Request, asked auth.Request) (auth.Decision, error) {
		user, _, loggedIn := r.BasicAuth() // whatever your program has: a session, a token
		if !loggedIn {
			return auth.Decision{}, auth.ErrUnauthenticated
		}
		return auth.Decision{
			Allow:  asked.Channel == "private-user-"+user || asked.Channel == "presence-lobby",
			Member: auth.Member{ID: user},
		}, nil
	})

	for _, channel := range []string{"private-user-7", "private-user-8", "presence-lobby"} {
		r := httptest.NewRequest("POST", "/auth", strings.NewReader(`{"socket_id":"abc","channel_name":"`+channel+`"}`))
		r.Header.Set("Content-Type", "application/json")
		r.SetBasicAuth("7", "password")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		fmt.Println(channel, w.Code)
	}
	// Output:
	// private-user-7 200
	// private-user-8 403
	// presence-lobby 200
}

// An endpoint that wants a token of its own, which can expire.
func ExampleToken() {
	var session string
	logIn := func(context.Context) (string, error) { return "token", nil }

	asker := auth.Endpoint("https://backend.example/realtimex/auth", auth.Token(
		func(ctx context.Context, refused bool) (string, error) {
			if session == "" || refused {
				var err error
				if session, err = logIn(ctx); err != nil {
					return "", err
				}
			}
			return session, nil // a program that asks from several goroutines guards session with a mutex
		}))
	fmt.Println(asker) // for rtx.WithAuth
	// Output: auth.Endpoint{https://backend.example}
}
