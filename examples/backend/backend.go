package main

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/realtimex/realtimex-go/rtx/auth"
)

// A user is somebody who can log in. A real backend has a database for this, and a password hash
// made for passwords.
type user struct {
	name     string
	password [sha256.Size]byte
	rooms    []string
}

var users = map[string]user{
	"alice": {"Alice", sha256.Sum256([]byte("wonderland")), []string{"orders", "lobby"}},
	"bob":   {"Bob", sha256.Sum256([]byte("builder")), []string{"lobby"}},
}

const sessionLife = time.Hour

// backend is the two routes: POST /login and POST /auth.
type backend struct {
	sessions sessions
}

func newBackend(signer *auth.Signer) http.Handler {
	b := new(backend)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", b.login)
	mux.Handle("/auth", auth.Handler(signer, b.allow))
	// Browsers send the cookie along from pages of other sites, too; such requests end here.
	return http.NewCrossOriginProtection().Handler(mux)
}

// login gives out a session, as a cookie for browsers and as a token for everybody else.
func (b *backend) login(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	id, given := r.PostFormValue("user"), sha256.Sum256([]byte(r.PostFormValue("password")))
	u, known := users[id]
	// Compared even for nobody, so that the time taken does not tell who has an account.
	if subtle.ConstantTimeCompare(given[:], u.password[:]) != 1 || !known {
		http.Error(w, "wrong user or password", http.StatusUnauthorized)
		return
	}
	token, ok := b.sessions.open(id, time.Now())
	if !ok {
		http.Error(w, "too many sessions", http.StatusServiceUnavailable)
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: "session", Value: token, Path: "/", MaxAge: int(sessionLife.Seconds()),
		HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteLaxMode,
	})
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(map[string]string{"token": token})
}

// allow decides who may join which channel. It goes by the session, never by what the client says
// of its user.
func (b *backend) allow(r *http.Request, asked auth.Request) (auth.Decision, error) {
	id, ok := b.sessions.user(sessionOf(r), time.Now())
	if !ok {
		return auth.Decision{}, auth.ErrUnauthenticated
	}
	u := users[id]
	_, room, _ := strings.Cut(asked.Channel, "-") // private-ROOM, presence-ROOM
	return auth.Decision{
		// private-user-NAME is a person's own; the other channels are rooms.
		Allow:  asked.Channel == "private-user-"+id || slices.Contains(u.rooms, room),
		Member: auth.Member{ID: id, Info: map[string]string{"name": u.name}},
	}, nil
}

// sessionOf returns the token of a request: from the cookie if there is one, because a client
// without a token of its own sends the API key as the bearer; else from the bearer.
func sessionOf(r *http.Request) string {
	if c, err := r.Cookie("session"); err == nil {
		return c.Value
	}
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return token
}
