package auth_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
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
func ExampleWithToken() {
	var session string
	logIn := func(context.Context) (string, error) { return "token", nil }

	asker := auth.Endpoint("https://backend.example/realtimex/auth", auth.WithToken(
		func(ctx context.Context, refused bool) (string, error) {
			if session == "" || refused {
				var err error
				if session, err = logIn(ctx); err != nil {
					return "", err
				}
			}
			// A program with several channels guards session with a mutex.
			return session, nil
		}))
	fmt.Println(asker) // for rtx.WithAuth
	// Output: auth.Endpoint{https://backend.example}
}

// A backend whose framework answers 419 once a session has expired.
func ExampleWithExpired() {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Header.Get("Authorization"))
		if r.Header.Get("Authorization") != "Bearer new" {
			w.WriteHeader(419)
			return
		}
		_, _ = w.Write([]byte(`{"auth":"app-key:` + strings.Repeat("0", 64) + `"}`))
	}))
	defer backend.Close()
	asker := auth.Endpoint(backend.URL, auth.WithExpired(419), auth.WithToken(func(_ context.Context, refused bool) (string, error) {
		if refused {
			return "new", nil
		}
		return "old", nil
	}))
	_, err := asker.Authorize(context.Background(), auth.Request{SocketID: "abc", Channel: "private-user-7"})
	fmt.Println(err)
	// Output:
	// Bearer old
	// Bearer new
	// <nil>
}

// A backend that was written for clients which post forms.
func ExampleWithForm() {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.FormValue("socket_id"), r.FormValue("channel_name"), r.FormValue("tenant"))
		_, _ = w.Write([]byte(`{"auth":"app-key:` + strings.Repeat("0", 64) + `"}`))
	}))
	defer backend.Close()
	asker := auth.Endpoint(backend.URL, auth.WithForm(), auth.WithField("tenant", "acme"))
	_, err := asker.Authorize(context.Background(), auth.Request{SocketID: "abc", Channel: "private-user-7"})
	fmt.Println(err)
	// Output:
	// abc private-user-7 acme
	// <nil>
}

// A backend whose web app is served from another origin.
func ExampleWithAllowedOrigins() {
	signer, err := auth.NewSigner("app-key", "app-secret")
	if err != nil {
		fmt.Println(err)
		return
	}
	handler := auth.Handler(signer, func(*http.Request, auth.Request) (auth.Decision, error) {
		return auth.Decision{Allow: true}, nil
	}, auth.WithAllowedOrigins("https://app.example.com"))

	for _, origin := range []string{"https://app.example.com", "https://elsewhere.example"} {
		r := httptest.NewRequest("OPTIONS", "/auth", nil) // what a browser asks before a page posts
		r.Header.Set("Origin", origin)
		r.Header.Set("Access-Control-Request-Method", "POST")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		fmt.Printf("%d %q\n", w.Code, w.Header().Get("Access-Control-Allow-Origin"))
	}
	// Output:
	// 204 "https://app.example.com"
	// 403 ""
}

// Channels named by emoji, some of which are several joined by a character that can't be seen.
func ExampleWithInvisibleNames() {
	const channel = "private-\U0001F468\u200D\U0001F467"
	for _, opts := range [][]auth.SignerOption{nil, {auth.WithInvisibleNames()}} {
		signer, err := auth.NewSigner("app-key", "app-secret", opts...)
		if err != nil {
			fmt.Println(err)
			return
		}
		_, err = signer.Private("abc", channel)
		fmt.Println(err)
	}
	// Output:
	// auth: channel_name: has invisible or direction-changing characters
	// <nil>
}

// An allow function that can't decide. The client gets 500, and the log the reason.
func ExampleWithLogger() {
	signer, err := auth.NewSigner("app-key", "app-secret")
	if err != nil {
		fmt.Println(err)
		return
	}
	noTime := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: noTime}))
	allow := func(*http.Request, auth.Request) (auth.Decision, error) {
		return auth.Decision{}, errors.New("the database is down")
	}
	handler := auth.Handler(signer, allow, auth.WithLogger(logger), auth.WithMaxBody(1024))

	for _, more := range []string{"", strings.Repeat(" ", 1024)} {
		body := `{"socket_id":"abc","channel_name":"private-orders"}` + more
		r := httptest.NewRequest("POST", "/auth", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		fmt.Println(w.Code, w.Body)
	}
	// Output:
	// level=ERROR msg="auth: allow failed" channel=private-orders error="the database is down"
	// 500 {"error":"could not decide"}
	// 413 {"error":"the body is longer than 1024 bytes"}
}

// A backend that logs who was let into what, and who was refused and why.
func ExampleWithAudit() {
	signer, err := auth.NewSigner("app-key", "app-secret")
	if err != nil {
		fmt.Println(err)
		return
	}
	allow := func(r *http.Request, asked auth.Request) (auth.Decision, error) {
		user, _, loggedIn := r.BasicAuth()
		if !loggedIn {
			return auth.Decision{}, auth.ErrUnauthenticated
		}
		d := auth.Decision{Member: auth.Member{ID: user}} // for the audit, on private channels too
		if d.Allow = asked.Channel == "private-user-"+user; !d.Allow {
			d.Reason = "somebody else's channel"
		}
		return d, nil
	}
	handler := auth.Handler(signer, allow, auth.WithAudit(func(r *http.Request, a auth.Audit) {
		fmt.Printf("%s: %v, channel %q, user %q, reason %q\n", r.RemoteAddr, a.Verdict, a.Channel, a.User, a.Reason)
	}))

	for _, channel := range []string{"private-user-7", "private-user-8"} {
		r := httptest.NewRequest("POST", "/auth", strings.NewReader(`{"socket_id":"abc","channel_name":"`+channel+`"}`))
		r.Header.Set("Content-Type", "application/json")
		r.SetBasicAuth("7", "password")
		handler.ServeHTTP(httptest.NewRecorder(), r)
	}
	// Output:
	// 192.0.2.1:1234: allowed, channel "private-user-7", user "7", reason ""
	// 192.0.2.1:1234: denied, channel "private-user-8", user "7", reason "somebody else's channel"
}
