package console

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
)

// tokenSum is a token as its hash, so that a comparison takes the same time for every length.
type tokenSum [sha256.Size]byte

func sumToken(token string) tokenSum { return sha256.Sum256([]byte(token)) }

// withToken asks for the token. A browser never adds it by itself, as it does a cookie, so no page
// of another origin can have it sent, and no server on another port of this machine is shown it.
func (c *Console) withToken(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		got := sumToken(given)
		if subtle.ConstantTimeCompare(got[:], c.token[:]) != 1 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			fail(w, http.StatusUnauthorized, "unauthorized", "the token is missing or wrong: Authorization: Bearer TOKEN")
			return
		}
		next(w, r)
	})
}

// policy lets the page load what the console serves, and nothing else; run no script and no style
// that stands in HTML; make no HTML from strings; and be shown in no frame.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// withHeaders sets what every answer tells a browser, a refusal too.
func withHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}
