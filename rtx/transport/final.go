package transport

import (
	"net/http"
	"slices"
	"strings"
)

// Final reports whether the server refuses the API key, so that the same request is of no use: the code is 4000 to 4099,
// or there is no code and the words say it ("Invalid API key", "unauthorized"). Other codes are not: 4100 to 4199 ask to
// come back later, 4200 to 4299 at once, and unknown ones may heal. The codes are Pusher's families, which the service's
// own follow.
func (e *ConnectError) Final() bool {
	if e.Code != 0 {
		return e.Code >= 4000 && e.Code <= 4099
	}
	return e.refusesKey || refusesKey(e.Message)
}

// refusesKey tells whether words of the server refuse the key or who has it.
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

// Final reports whether the server, or a gateway before it, refuses the API key: HTTP 401 and 403. Whatever else went wrong
// may heal.
func (e *HandshakeError) Final() bool {
	return e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden
}
