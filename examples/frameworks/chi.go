package frameworks

import (
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/httprate"
)

// Chi is the backend on chi, whose middleware is that of net/http. The limit is chi's own,
// httprate, which sets Retry-After.
func Chi(a *App) http.Handler {
	limited := httprate.LimitBy(limit, window, func(r *http.Request) (string, error) { return a.caller(r), nil })
	r := chi.NewRouter()
	r.Use(a.sessions.LoadAndSave, a.csrf.Handler)
	r.Post("/login", a.login)
	r.Post("/logout", a.logout)
	r.With(limited).Handle("/auth", a.auth) // Handle takes every method, as a preflight needs; Post would not
	return r
}
