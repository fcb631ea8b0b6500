package transport

import (
	"net/http"
	"slices"
	"strings"
)

// Final reports whether the server refuses the API key, so that a retry is useless. It does if the
// code is 4000 to 4099, or if there is no code and the message says so, such as "Invalid API key"
// or "unauthorized". Any other refusal can be retried: with 4100 to 4199 the server asks for a
// pause, with 4200 to 4299 it allows a retry at once. Pusher has the same ranges of codes.
func (e *ConnectError) Final() bool {
	if e.Code != 0 {
		return e.Code >= 4000 && e.Code <= 4099
	}
	return e.refusesKey || refusesKey(e.Message)
}

// refusesKey reports whether a message of the server refuses the key, or the user of the key.
func refusesKey(words string) bool {
	words = strings.ToLower(words)
	for _, refusal := range []string{"unauthorized", "unauthorised", "not authorized", "not authorised", "forbidden", "access denied", "invalid credentials", "authentication failed"} {
		if strings.Contains(words, refusal) {
			return true
		}
	}
	tokens := strings.FieldsFunc(words, func(r rune) bool { return !('a' <= r && r <= 'z' || '0' <= r && r <= '9') })
	if !slices.ContainsFunc(tokens, func(word string) bool {
		return word == "key" || word == "apikey" || word == "appkey"
	}) {
		return false
	}
	return slices.ContainsFunc(tokens, func(word string) bool {
		switch word {
		case "invalid", "unknown", "wrong", "bad", "missing", "required", "revoked", "disabled", "expired", "rejected":
			return true
		}
		return false
	}) || strings.Contains(words, "not found") || strings.Contains(words, "not valid") || strings.Contains(words, "does not exist") || strings.Contains(words, "no such")
}

// Final reports whether the server, or a gateway in front of it, refuses the API key, with HTTP
// status 401 or 403. A retry is then useless. After any other HandshakeError a retry may succeed.
func (e *HandshakeError) Final() bool {
	return e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden
}
