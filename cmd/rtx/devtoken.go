package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/realtimex/realtimex-go/internal/testserver"
)

// devToken is what the HTTP face of rtx serve asks for where the app's secret is worth something:
// "" for the default secret, which everybody knows. It is made of the secret, so that whoever has
// that needs nothing more, and does not show it. What is signed for a channel has a colon in it;
// this has none, so neither can be taken for the other.
func devToken(secret string) string {
	if secret == "" || secret == testserver.DefaultSecret {
		return ""
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("the HTTP face of rtx serve"))
	return hex.EncodeToString(mac.Sum(nil))
}

// hasToken reports whether a request has the token, as the bearer or in its URL. An empty token
// lets everybody in.
func hasToken(r *http.Request, token string) bool {
	if token == "" {
		return true
	}
	bearer, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	for _, given := range []string{bearer, r.URL.Query().Get("token")} {
		if hmac.Equal([]byte(given), []byte(token)) {
			return true
		}
	}
	return false
}
