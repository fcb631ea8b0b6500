package frameworks

import "net/http"

// NetHTTP is the backend with the standard library alone: each layer is an [http.Handler] around
// the next.
func NetHTTP(a *App) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", a.login)
	mux.HandleFunc("POST /logout", a.logout)
	mux.Handle("/auth", a.limited(a.auth)) // every method: the preflight of a browser is an OPTIONS
	return a.sessions.LoadAndSave(a.csrf.Handler(mux))
}
