package main

import (
	"net/http"
	"strings"

	"github.com/realtimex/realtimex-go/rtx/auth"
)

// backend is the other half of the READMEs' example, POST /auth, which holds the app's secret and
// decides who may join what. In Python and JavaScript it makes the HMAC by hand; auth.Handler does
// that, checks what comes in, and serves the clients of all three languages. examples/backend is a
// fuller one, with a login.
func backend(signer *auth.Signer) http.Handler {
	allow := func(r *http.Request, asked auth.Request) (auth.Decision, error) {
		// Who asks? A real backend looks at its own session here. The API key, which the SDKs send
		// as the bearer, is no proof of anything: it is public. Nor is asked.UserData, which is
		// what the client says of itself.
		user, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer session-of-")
		if !ok || user == "" {
			return auth.Decision{}, auth.ErrUnauthenticated
		}
		return auth.Decision{
			Allow:  asked.Channel == "private-user-"+user || asked.Channel == "presence-chat",
			Member: auth.Member{ID: user, Info: Profile{Name: strings.ToUpper(user[:1]) + user[1:]}},
		}, nil
	}
	mux := http.NewServeMux()
	mux.Handle("POST /auth", auth.Handler(signer, allow))
	return mux
}
