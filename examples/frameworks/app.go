// Package frameworks shows the backend for private and presence channels in four settings: plain
// net/http, chi, gin and echo. Each has a file of its own, and the test runs the same story against
// all four, with the client and a RealtimeX server. app.go has what does not depend on the
// framework: who is logged in, who may join what, and the [auth.Handler].
//
// # Session by cookie
//
// A browser logs in once and has a cookie from then on. A Go client does the same with a cookie
// jar: auth.Endpoint(url, auth.WithHTTPClient(&http.Client{Jar: jar})). The session middleware puts
// the session in the context of the request, and allow finds it there. Requests without a session
// must get as far as the [auth.Handler], which answers 401 to them: a preflight has no cookies.
//
// # CSRF
//
// A browser adds the cookie to requests that other pages have it send. SameSite=Lax keeps the
// cookie out of posts from other sites, but not from other subdomains of the same site. Such a
// page can post to /auth in the name of its visitor. It can't read the answer, and a signature
// that nobody reads does nothing. But the routes beside it change things, so the protection
// belongs in front of all routes. There are two ways:
//
//   - By origin: [http.CrossOriginProtection] looks at the headers Sec-Fetch-Site and Origin, which
//     pages can't set. Programs that are not browsers send neither and pass. NetHTTP, Chi and Gin
//     use it.
//   - By token: the page sends back, in a header, a token that it got from this backend. Echo's own
//     middleware asks for it if there is no Sec-Fetch-Site, and so of every Go client. The client
//     gets the token like a page does, and sends it with auth.WithHeader.
//
// In both, the origins that CORS allows must be trusted too.
//
// # CORS
//
// auth.WithAllowedOrigins answers the preflight of a browser and lets the page read the answer. So
// the route must take every method: a router that passes POST alone answers the preflight, an
// OPTIONS, with 405. Cookies with SameSite=Lax reach the backend from pages of the same site only:
// app.example.com and api.example.com are one site, other.example is not.
//
// # Rate limits
//
// A limit belongs in front of the handler, by user. 429 is not a refusal to the client: it asks
// again, after the Retry-After of the answer or with back-off. A client has 16 requests under way
// at once by default, and asks for each of its channels again on every reconnection, so the limit
// must leave room for that. With auth.WithBatch it asks for many channels with one request.
//
// # Audit
//
// auth.WithAudit has the user of each decision, because allow sets the Member on private channels
// and in refusals too, and the reason that allow gives.
package frameworks

import (
	"crypto/sha256"
	"crypto/subtle"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/alexedwards/scs/v2/memstore"

	"github.com/realtimex/realtimex-go/rtx/auth"
)

// The limit of requests to /auth for each user.
const (
	limit  = 8
	window = time.Second
)

// An App is what the four backends have in common. Make one with NewApp.
type App struct {
	sessions *scs.SessionManager
	csrf     *http.CrossOriginProtection
	limits   limits
	origin   string
	auth     http.Handler
}

// NewApp returns an App that signs with signer and lets pages of origin use it too. The log gets a
// line for each decision.
func NewApp(signer *auth.Signer, origin string, log *slog.Logger) (*App, error) {
	csrf := http.NewCrossOriginProtection()
	if err := csrf.AddTrustedOrigin(origin); err != nil {
		return nil, err
	}
	a := &App{sessions: scs.New(), csrf: csrf, origin: origin}
	a.sessions.Lifetime = 12 * time.Hour
	a.sessions.Cookie.Name = "session"
	a.sessions.Cookie.Secure = true
	a.sessions.Cookie.HttpOnly = true
	a.sessions.Cookie.SameSite = http.SameSiteLaxMode
	a.auth = auth.Handler(signer, a.allow,
		auth.WithAllowedOrigins(origin),
		auth.WithAudit(func(r *http.Request, entry auth.Audit) {
			log.InfoContext(r.Context(), "auth", "decision", entry, "from", host(r))
		}))
	return a, nil
}

// Close stops what cleans up expired sessions.
func (a *App) Close() {
	if store, ok := a.sessions.Store.(*memstore.MemStore); ok {
		store.StopCleanup()
	}
}

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

// login answers a form with user and password. It gives the browser a session.
func (a *App) login(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	id, given := r.PostFormValue("user"), sha256.Sum256([]byte(r.PostFormValue("password")))
	u, known := users[id]
	// Compared even for nobody, so that the time taken does not tell who has an account.
	if subtle.ConstantTimeCompare(given[:], u.password[:]) != 1 || !known {
		http.Error(w, "wrong user or password", http.StatusUnauthorized)
		return
	}
	if err := a.sessions.RenewToken(r.Context()); err != nil { // a session from before is no longer good
		http.Error(w, "no session", http.StatusInternalServerError)
		return
	}
	a.sessions.Put(r.Context(), "user", id)
	w.WriteHeader(http.StatusNoContent)
}

// logout ends the session.
func (a *App) logout(w http.ResponseWriter, r *http.Request) {
	if err := a.sessions.Destroy(r.Context()); err != nil {
		http.Error(w, "no session", http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// allow decides who may join which channel. It goes by the session, never by what the client says
// of its user. The audit has the member and the reason, for private channels too.
func (a *App) allow(r *http.Request, asked auth.Request) (auth.Decision, error) {
	id := a.sessions.GetString(r.Context(), "user")
	u, known := users[id]
	if !known {
		return auth.Decision{}, auth.ErrUnauthenticated
	}
	d := auth.Decision{Member: auth.Member{ID: id, Info: map[string]string{"name": u.name}}}
	_, room, _ := strings.Cut(asked.Channel, "-") // private-ROOM, presence-ROOM
	switch {
	case asked.Channel == "private-user-"+id:
		d.Allow, d.Reason = true, "their own channel"
	case slices.Contains(u.rooms, room):
		d.Allow, d.Reason = true, "has the room"
	default:
		d.Reason = "does not have the room"
	}
	return d, nil
}

// caller returns whom a request counts for: the user, or the address of somebody who is not logged
// in.
func (a *App) caller(r *http.Request) string {
	if id := a.sessions.GetString(r.Context(), "user"); id != "" {
		return "user " + id
	}
	return host(r)
}

// host returns the address that a request came from. Behind a proxy that is the proxy's.
func host(r *http.Request) string {
	if h, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		return h
	}
	return r.RemoteAddr
}
